package toree.repl

import java.lang.ref.WeakReference
import java.net.{URL, URLClassLoader}
import java.util.concurrent.ConcurrentHashMap

import scala.reflect.internal.util.AbstractFileClassLoader
import scala.reflect.io.AbstractFile

import toree.stop.Instrument

/** Loads the classes of one REPL's cells, instrumented; the context class loader of its cells.
  *
  * It also carries the values that come into cells from outside (`Shared`): a cell class reaches
  * them through its own loader, and nothing is kept per process.
  *
  * @param firstLine
  *   REPLs share the folder of classes, so each numbers its lines in a range of its own
  */
final class ReplClassLoader(
    classes: AbstractFile,
    val all: CellLoader,
    jars: JarLoader,
    val firstLine: Int,
    val shared: ConcurrentHashMap[String, Any]
) extends AbstractFileClassLoader(classes, jars) {

  /** Where a name the user knows (`Point.class`) lies among the REPL's classes. */
  @volatile var translate: String => Option[String] = (_: String) => None

  // The parent is not `all`: that comes here with its lock held, and would be waited for with ours.
  override protected def loadClass(name: String, resolve: Boolean): Class[_] =
    CellLoader.rangeOf(name) match {
      case None                          => super.loadClass(name, resolve)
      case Some(found) if found == range => own(name)
      case Some(found)                   => all.line(found, name)
    }

  private[repl] def own(name: String): Class[_] = getClassLoadingLock(name).synchronized {
    Option[Class[_]](findLoadedClass(name)).getOrElse(findClass(name))
  }

  private[repl] val range: Int = CellLoader.range(firstLine)

  /** Whether a text names one of its classes. */
  def mentioned(text: String): Boolean = CellLoader.ranges(text).contains(range)

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

/** Finds the class of any cell with the loader of the REPL that made it: the context class loader
  * of Spark, of its tasks in this process, and of whoever serves the front.
  *
  * It exists before any REPL does, so that Spark can start beside the first; and it keeps none of
  * them: a REPL's classes go with the last object of theirs.
  */
final class CellLoader(classes: AbstractFile, jars: JarLoader)
    extends AbstractFileClassLoader(classes, jars) {
  private val repls = new ConcurrentHashMap[Int, WeakReference[ReplClassLoader]]

  /** The loader of a new REPL. */
  def repl(shared: ConcurrentHashMap[String, Any]): ReplClassLoader = synchronized {
    val made = new ReplClassLoader(classes, this, jars, begun * CellLoader.lines, shared)
    begun += 1
    repls.values.removeIf(_.get == null)
    repls.put(made.range, new WeakReference(made))
    made
  }
  private var begun = 0

  def addJar(jar: URL): Unit = jars.addURL(jar)

  /** What was added while the kernel runs: a new REPL and a new session get it too. */
  def added: Seq[URL] = jars.getURLs.toSeq

  override protected def loadClass(name: String, resolve: Boolean): Class[_] =
    CellLoader.rangeOf(name) match {
      case None        => super.loadClass(name, resolve)
      case Some(range) => line(range, name)
    }

  private[repl] def line(range: Int, name: String): Class[_] = {
    val found = repls.get(range)
    val repl = if (found == null) null else found.get
    if (repl == null) throw new ClassNotFoundException(name)
    repl.own(name)
  }
}

object CellLoader {

  /** Lines a REPL may number before its names would meet the next one's. */
  private[repl] val lines = 1000000

  private[repl] def range(line: Int): Int = line / lines

  /** The range of the line a class belongs to: `$line1000003.$read`. */
  private[repl] def rangeOf(name: String): Option[Int] =
    if (!name.startsWith(prefix)) None
    else {
      val digits = name.substring(prefix.length).takeWhile(_.isDigit)
      if (digits.isEmpty || digits.length > 9) None else Some(range(digits.toInt))
    }

  /** Those of all lines that stand in a text. */
  private[repl] def ranges(text: String): Iterator[Int] =
    Iterator
      .iterate(text.indexOf(prefix))(at => text.indexOf(prefix, at + 1))
      .takeWhile(_ >= 0)
      .flatMap(at => rangeOf(text.substring(at, text.length min (at + 20))))

  private val prefix = "$line"
}

/** The user's jars, some of them added while the kernel runs. */
final class JarLoader(parent: ClassLoader) extends URLClassLoader(Array.empty[URL], parent) {
  override def addURL(jar: URL): Unit = super.addURL(jar)
}
