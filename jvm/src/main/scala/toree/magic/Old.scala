package toree.magic

import java.io.ByteArrayOutputStream
import java.lang.reflect.{InvocationTargetException, Modifier}
import java.net.URL
import java.nio.file.Paths
import java.util.{Collections, Map => JMap}
import java.util.zip.{ZipEntry, ZipFile}

import scala.collection.JavaConverters._
import scala.util.Properties

import org.apache.toree.{magic => old}
import org.apache.toree.magic.dependencies.Include
import org.apache.toree.plugins.Plugin

import toree.Kernel

/** Apache Toree's magics under today's interfaces. */
private[magic] object Old {

  /** Those of a jar. Toree has no list of them: the classes that name its interfaces are looked at.
    */
  def magics(jar: URL, loader: ClassLoader, fault: String => Unit): List[Magic] = {
    val zip = new ZipFile(Paths.get(jar.toURI).toFile)
    try
      zip.entries.asScala.toList
        .filter(entry => entry.getName.endsWith(".class") && names(zip, entry))
        .flatMap(entry =>
          made(entry.getName.stripSuffix(".class").replace('/', '.'), loader, fault)
        )
    finally zip.close()
  }

  private val marks =
    List("magic/LineMagic", "magic/CellMagic", "plugins/Plugin").map("org/apache/toree/" + _)

  private def names(zip: ZipFile, entry: ZipEntry): Boolean = {
    val in = zip.getInputStream(entry)
    val out = new ByteArrayOutputStream
    val buffer = new Array[Byte](16 * 1024)
    try Iterator.continually(in.read(buffer)).takeWhile(_ >= 0).foreach(out.write(buffer, 0, _))
    finally in.close()
    val text = out.toString("ISO-8859-1")
    marks.exists(text.contains)
  }

  private def made(name: String, loader: ClassLoader, fault: String => Unit): Option[Magic] =
    try {
      val kind = Class.forName(name, true, loader)
      if (kind.isInterface || Modifier.isAbstract(kind.getModifiers)) None
      else if (classOf[old.Magic].isAssignableFrom(kind))
        kind.getConstructor().newInstance() match {
          case line: old.LineMagic  => Some(new Line(line))
          case whole: old.CellMagic => Some(new Whole(whole))
          case _                    => None
        }
      else if (classOf[Plugin].isAssignableFrom(kind)) {
        fault(
          s"$name, a plug-in of Apache Toree's, is no magic and is told no events here: " +
            "toree.magic.Listener is told them (docs/plugins.md)."
        )
        None
      } else None
    } catch {
      case error @ (_: LinkageError | _: ReflectiveOperationException) =>
        val cause = error match {
          case thrown: InvocationTargetException => thrown.getCause
          case other                             => other
        }
        fault(s"$name, a magic of Apache Toree's, can't be loaded: ${why(cause)}")
        None
    }

  /** What a class lacks here, for people. */
  private def why(error: Throwable): String = {
    val text = String.valueOf(error.getMessage).replace('/', '.')
    val scala = "(?:^|[ '(])scala\\.".r.findFirstIn(text).isDefined
    error match {
      case _: LinkageError if foreign.exists(text.contains) =>
        s"it uses a part of Apache Toree's that does not exist here ($text). " +
          "Write it as a toree.magic.LineMagic or CellMagic (docs/plugins.md)."
      case _: LinkageError if scala =>
        s"it was compiled for another Scala than ${Properties.versionNumberString} ($text)."
      case _ => error.toString
    }
  }

  /** Toree's packages, and those of libraries it carries. */
  private val foreign = List("org.apache.toree.", "joptsimple.", "com.typesafe.config.")

  private def running[T](magic: old.Magic, kernel: Kernel)(body: => T): T =
    try {
      Include(magic, new OldKernel(kernel), System.out)
      body
    } catch {
      case error: LinkageError =>
        throw new UnsupportedOperationException(s"${nameOf(magic)}: ${why(error)}", error)
    }

  final class Line(magic: old.LineMagic) extends LineMagic {
    def name: String = nameOf(magic)
    override def execute(arguments: String, kernel: Kernel): JMap[String, String] = {
      running(magic, kernel)(magic.execute(arguments))
      Collections.emptyMap()
    }
  }

  final class Whole(magic: old.CellMagic) extends CellMagic {
    def name: String = nameOf(magic)
    override def execute(
        arguments: String,
        body: String,
        kernel: Kernel
    ): JMap[String, String] = {
      val text = if (arguments.isEmpty) body else s"$arguments\n$body"
      Option(running(magic, kernel)(magic.execute(text)))
        .fold(Collections.emptyMap[String, String]())(_.asMap.asJava)
    }
  }

  /** Toree called a magic by the name of its class. */
  private def nameOf(magic: old.Magic): String = magic.getClass.getSimpleName
}
