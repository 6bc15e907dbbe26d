package toree.magic

import java.io.ByteArrayOutputStream
import java.lang.reflect.Modifier
import java.net.URL
import java.nio.file.Paths
import java.util.Collections
import java.util.zip.{ZipEntry, ZipFile}

import scala.collection.JavaConverters._

import org.apache.toree.magic.{dependencies => old}

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

  private def names(zip: ZipFile, entry: ZipEntry): Boolean = {
    val in = zip.getInputStream(entry)
    val out = new ByteArrayOutputStream
    val buffer = new Array[Byte](16 * 1024)
    try Iterator.continually(in.read(buffer)).takeWhile(_ >= 0).foreach(out.write(buffer, 0, _))
    finally in.close()
    val text = out.toString("ISO-8859-1")
    text.contains("org/apache/toree/magic/LineMagic") || text.contains(
      "org/apache/toree/magic/CellMagic"
    )
  }

  private def made(name: String, loader: ClassLoader, fault: String => Unit): Option[Magic] =
    try {
      val kind = Class.forName(name, true, loader)
      val old = classOf[org.apache.toree.magic.Magic].isAssignableFrom(kind)
      if (!old || kind.isInterface || Modifier.isAbstract(kind.getModifiers)) None
      else
        kind.getConstructor().newInstance() match {
          case line: org.apache.toree.magic.LineMagic  => Some(new Line(line))
          case whole: org.apache.toree.magic.CellMagic => Some(new Whole(whole))
          case _                                       => None
        }
    } catch {
      case error @ (_: LinkageError | _: ReflectiveOperationException) =>
        fault(
          s"$name, a magic of Apache Toree's, can't be loaded: ${Option(error.getCause).getOrElse(error)}"
        )
        None
    }

  final class Line(magic: org.apache.toree.magic.LineMagic) extends LineMagic {
    def name: String = nameOf(magic)
    override def execute(arguments: String, kernel: Kernel): java.util.Map[String, String] = {
      prepare(magic, kernel)
      magic.execute(arguments)
      Collections.emptyMap()
    }
  }

  final class Whole(magic: org.apache.toree.magic.CellMagic) extends CellMagic {
    def name: String = nameOf(magic)
    override def execute(
        arguments: String,
        body: String,
        kernel: Kernel
    ): java.util.Map[String, String] = {
      prepare(magic, kernel)
      val text = if (arguments.isEmpty) body else s"$arguments\n$body"
      Option(magic.execute(text)).fold(Collections.emptyMap[String, String]())(_.asMap.asJava)
    }
  }

  /** Toree called a magic by the name of its class. */
  private def nameOf(magic: org.apache.toree.magic.Magic): String = magic.getClass.getSimpleName

  private def prepare(magic: org.apache.toree.magic.Magic, kernel: Kernel): Unit = {
    magic match {
      case one: old.IncludeKernel => one.kernel = kernel
      case _                      => ()
    }
    magic match {
      case one: old.IncludeOutputStream => one.outputStream = System.out
      case _                            => ()
    }
  }
}
