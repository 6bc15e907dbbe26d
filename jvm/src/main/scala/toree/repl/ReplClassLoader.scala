package toree.repl

import java.net.{URL, URLClassLoader}
import java.util.concurrent.ConcurrentHashMap

import scala.reflect.internal.util.AbstractFileClassLoader
import scala.reflect.io.AbstractFile

import toree.stop.Instrument

/** Loads the classes of cells, instrumented, and is the context class loader of cells and of Spark.
  *
  * It exists before the REPL does, so that Spark can start beside it. It also carries the values
  * that come into cells from outside (`Shared`): a cell class reaches them through its own loader,
  * and nothing is kept per process.
  */
final class ReplClassLoader(classes: AbstractFile, jars: JarLoader)
    extends AbstractFileClassLoader(classes, jars) {
  val shared = new ConcurrentHashMap[String, Any]

  /** Where a name the user knows (`Point.class`) lies among the REPL's classes. */
  @volatile var translate: String => Option[String] = (_: String) => None

  def addJar(jar: URL): Unit = jars.addURL(jar)

  /** What was added while the kernel runs: a new REPL and a new session get it too. */
  def added: Seq[URL] = jars.getURLs.toSeq

  override protected def findAbstractFile(name: String): AbstractFile =
    super.findAbstractFile(name) match {
      case null if !name.contains('/') => translate(name).map(super.findAbstractFile).orNull
      case file                        => file
    }

  override protected def findClass(name: String): Class[_] =
    if (name == gateName) define(Instrument.gate)
    else {
      val bytes = classBytes(name)
      if (bytes.length == 0) throw new ClassNotFoundException(name)
      define(Instrument(bytes))
    }

  // A translated name differs from the class's own, so the JVM must not compare them.
  private def define(bytes: Array[Byte]): Class[_] =
    defineClass(null, bytes, 0, bytes.length, protectionDomain)

  private val gateName = Instrument.gateName.replace('/', '.')
}

/** The user's jars, some of them added while the kernel runs. */
final class JarLoader(parent: ClassLoader) extends URLClassLoader(Array.empty[URL], parent) {
  override def addURL(jar: URL): Unit = super.addURL(jar)
}
