package org.apache.spark.serializer

import java.io.{ByteArrayOutputStream, NotSerializableException, ObjectOutputStream, OutputStream}
import java.io.InputStream
import java.lang.invoke.SerializedLambda
import java.nio.ByteBuffer

import scala.collection.mutable
import scala.reflect.ClassTag

import org.apache.spark.{SparkConf, SparkContext}

import toree.closures.{CannotTravel, CellCode, Needs, Originals, Wrappers}

/** Spark's serializer for functions and tasks on the driver: of the values of cells only those
  * travel which the function uses.
  *
  * A line of spark-shell is an object of its own; a cell is one, however many values it makes. What
  * is written is plain Java serialization, which executors read with Spark's own serializer. In
  * Spark's package because its serializers open their parts only to it.
  */
final class CellSerializer(conf: SparkConf, before: Serializer) extends CellReader(conf, before) {
  private val code = new CellCode
  override def newInstance(): SerializerInstance =
    new CellSerializerInstance(super.newInstance(), code)
}

private final class CellSerializerInstance(reading: SerializerInstance, code: CellCode)
    extends SerializerInstance {
  override def serialize[T: ClassTag](value: T): ByteBuffer =
    new CellWriting(code, Thread.currentThread.getContextClassLoader).bytes(value)
  override def deserialize[T: ClassTag](bytes: ByteBuffer): T = reading.deserialize(bytes)
  override def deserialize[T: ClassTag](bytes: ByteBuffer, loader: ClassLoader): T =
    reading.deserialize(bytes, loader)
  override def serializeStream(out: OutputStream): SerializationStream =
    reading.serializeStream(out)
  override def deserializeStream(in: InputStream): DeserializationStream =
    reading.deserializeStream(in)
}

/** One object on its way: written at once, and again where something met late needs more of a
  * wrapper that was written already.
  */
private final class CellWriting(code: CellCode, loader: ClassLoader) {
  private lazy val needs = new Needs(code, loader)
  // What classes of the cell need that nobody is seen to use: a Dataset's generated code may.
  private lazy val perhaps = new Needs(code, loader)
  // By class: there is one of each, whatever copies are met.
  private val pruned = mutable.LinkedHashMap.empty[String, Pruned]

  def bytes(value: Any): ByteBuffer =
    try complete(value)
    catch {
      case error: NotSerializableException =>
        throw culprit(error).getOrElse(SerializationDebugger.improveException(value, error))
    }

  private def complete(value: Any): ByteBuffer = {
    var out = written(value)
    var rounds = 1
    while (isStale && rounds < CellWriting.rounds) {
      out = written(value)
      rounds += 1
    }
    out
  }

  private def isStale: Boolean = pruned.exists { case (name, copy) =>
    !needs.of(name).keySet.forall(copy.fields)
  }

  private def written(value: Any): ByteBuffer = {
    pruned.clear()
    val bytes = new ByteArrayOutputStream
    val stream = new Stream(bytes)
    stream.writeObject(value)
    stream.close()
    ByteBuffer.wrap(bytes.toByteArray)
  }

  private final class Stream(out: OutputStream) extends ObjectOutputStream(out) {
    enableReplaceObject(true)

    override protected def replaceObject(value: AnyRef): AnyRef = value match {
      case lambda: SerializedLambda =>
        val owner = lambda.getImplClass
        if (CellCode.isCell(owner))
          needs.add(owner, lambda.getImplMethodName + lambda.getImplMethodSignature)
        lambda
      case null  => null
      case other =>
        val name = other.getClass.getName
        if (!CellCode.isCell(name)) other
        else {
          val internal = name.replace('.', '/')
          if (CellCode.isWrapper(internal)) prune(other, internal)
          else {
            needs.add(internal)
            other
          }
        }
    }
  }

  private def prune(met: AnyRef, name: String): AnyRef =
    pruned
      .get(name)
      .fold {
        val original = Originals.of(met)
        val found = code.of(name, loader)
        found.inner.foreach(perhaps.add)
        val used = needs.of(name)
        val extra = perhaps.of(name).keySet.filterNot(used.contains).filter { field =>
          Wrappers.value(original, field).exists(travels)
        }
        val fields = used.keySet.toSet ++ extra
        val copy = Wrappers.copy(original, fields)
        pruned(name) = Pruned(original, copy, fields)
        copy
      }(_.copy)

  private def travels(value: AnyRef): Boolean =
    try { new CellWriting(code, loader).complete(value); true }
    catch { case _: NotSerializableException => false }

  /** The value of a cell that would not go, said by its name. */
  private def culprit(error: NotSerializableException): Option[NotSerializableException] =
    pruned.toList.flatMap { case (name, Pruned(wrapper, _, _)) =>
      needs.of(name).toList.flatMap { case (field, user) =>
        Wrappers
          .value(wrapper, field)
          .filterNot(value => CellCode.isWrapper(value.getClass.getName.replace('.', '/')))
          .filterNot(travels)
          .map(value => new CannotTravel(field, value, user, error.getMessage))
      }
    }.headOption
}

/** The object around a cell's code as it is, and as it is written, with these fields. */
private final case class Pruned(original: AnyRef, copy: AnyRef, fields: Set[String])

private object CellWriting {
  private val rounds = 20
}

object CellSerializer {

  /** Gives a context's driver this serializer, and its values a reader. Where a Spark has no such
    * place, it stays as it is.
    */
  def install(context: SparkContext): Unit = {
    val (conf, env) = (context.getConf, context.env)
    val functions = new CellSerializer(conf, env.closureSerializer)
    replace(env, "closureSerializer", functions)
    replace(context.dagScheduler, "closureSerializer", functions.newInstance())
    if (env.serializer.getClass eq classOf[JavaSerializer]) { // not the user's, or Kryo's
      val values = new CellReader(conf, env.serializer)
      replace(env, "serializer", values)
      replace(env.serializerManager, "defaultSerializer", values)
    }
  }

  private def replace(owner: AnyRef, name: String, by: AnyRef): Unit =
    owner.getClass.getDeclaredFields
      .find(field => field.getName == name || field.getName.endsWith(s"$$$name"))
      .filter(_.getType.isInstance(by))
      .foreach { field =>
        field.setAccessible(true)
        field.set(owner, by)
      }
}
