package org.apache.spark.serializer

import java.io.{InputStream, ObjectInputStream, ObjectStreamClass, OutputStream}
import java.lang.reflect.{Array => JArray, Proxy}
import java.nio.ByteBuffer

import scala.reflect.ClassTag

import org.apache.spark.SparkConf
import org.apache.spark.util.ByteBufferInputStream

import toree.closures.CellCode

/** Spark's Java serializer, but that reading leaves no trace of cells' classes.
  *
  * `Class.forName` makes Java remember, with the loader that is asked, each class that was found,
  * and all that its own loader has. Spark asks the one loader of all tasks in this process, so what
  * a private session has defined would stay until the kernel ends.
  */
class CellReader(conf: SparkConf) extends JavaSerializer(conf) {

  /** One that reads as another one would. */
  def this(conf: SparkConf, before: Serializer) = {
    this(conf)
    // Its field is open to subclasses alone, and only on themselves.
    val loader = classOf[Serializer].getMethod("defaultClassLoader").invoke(before)
    defaultClassLoader = loader.asInstanceOf[Option[ClassLoader]]
  }

  override def newInstance(): SerializerInstance =
    new CellReading(super.newInstance(), conf, loader)

  private def loader = defaultClassLoader.getOrElse(Thread.currentThread.getContextClassLoader)

  /** It goes with the functions of a shuffle; executors elsewhere know Spark's. */
  protected def writeReplace(): AnyRef = new JavaSerializer(conf)
}

private[serializer] class CellReading(
    plain: SerializerInstance,
    conf: SparkConf,
    loader: ClassLoader
) extends SerializerInstance {
  override def serialize[T: ClassTag](value: T): ByteBuffer = plain.serialize(value)
  override def serializeStream(out: OutputStream): SerializationStream = plain.serializeStream(out)

  override def deserialize[T: ClassTag](bytes: ByteBuffer): T = deserialize(bytes, loader)
  override def deserialize[T: ClassTag](bytes: ByteBuffer, loader: ClassLoader): T =
    new CellStream(new ByteBufferInputStream(bytes), conf, loader).readObject()
  override def deserializeStream(in: InputStream): DeserializationStream =
    new CellStream(in, conf, loader)
}

private final class CellStream(in: InputStream, conf: SparkConf, loader: ClassLoader)
    extends DeserializationStream {
  private val objects = new ObjectInputStream(in) {
    enableResolveObject(true)

    // A shuffle's, which was written as Spark's.
    override protected def resolveObject(read: AnyRef): AnyRef = read match {
      case plain: JavaSerializer if plain.getClass eq classOf[JavaSerializer] =>
        new CellReader(conf, plain)
      case other => other
    }

    override protected def resolveClass(described: ObjectStreamClass): Class[_] =
      try named(described.getName)
      catch { case _: ClassNotFoundException => super.resolveClass(described) } // int and its like

    override protected def resolveProxyClass(interfaces: Array[String]): Class[_] =
      Proxy.newProxyInstance(loader, interfaces.map(named), (_, _, _) => null).getClass
  }

  override def readObject[T: ClassTag](): T = objects.readObject().asInstanceOf[T]
  override def close(): Unit = objects.close()

  private def named(name: String): Class[_] = {
    val depth = name.lastIndexOf('[') + 1
    val element = if (depth == 0) name else name.substring(depth).stripPrefix("L").stripSuffix(";")
    if (CellCode.isCell(element))
      (1 to depth).foldLeft[Class[_]](loader.loadClass(element))((of, _) =>
        JArray.newInstance(of, 0).getClass
      )
    else Class.forName(name, false, loader)
  }
}
