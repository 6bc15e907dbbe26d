package toree.packages

import java.io.{DataInputStream, EOFException, IOException}
import java.net.URL
import java.nio.file.Path
import java.util.zip.{ZipEntry, ZipFile}

import scala.collection.JavaConverters._

/** A jar as far as it matters before it is put on a class path. */
final case class Jar(path: Path, classes: IndexedSeq[String], release: Int) {

  /** A few of its classes, from all over the jar. */
  def sample: IndexedSeq[String] = {
    val step = math.max(1, classes.size / 40)
    classes.indices.by(step).map(classes)
  }

  /** The class files among `sample` a loader has, and the first one's place. */
  def known(find: String => URL): (Int, Option[String]) = {
    val found = sample.map(find).filter(_ != null)
    (found.size, found.headOption.map(Jar.holder))
  }
}

object Jar {

  /** Reads a jar; `whole` checks every byte of it.
    *
    * @return
    *   the jar, or what is wrong with it as the end of a sentence
    */
  def read(path: Path, whole: Boolean): Either[String, Jar] =
    try {
      val zip = new ZipFile(path.toFile)
      try {
        val entries = zip.entries.asScala.filterNot(_.isDirectory).toVector
        if (whole) entries.foreach(drain(zip, _))
        val classes = entries.filter(isClass)
        val step = math.max(1, classes.size / 100)
        // The lowest of some: a jar may carry a few classes for newer Javas, used only there.
        val releases = classes.indices.by(step).map(i => release(zip, classes(i)))
        Right(Jar(path, classes.map(_.getName), if (releases.isEmpty) 0 else releases.min))
      } finally zip.close()
    } catch {
      case error: IOException => Left(s"is not a valid jar or zip file (${error.getMessage})")
      // What ZipFile throws for entries whose names or sizes make no sense.
      case error @ (_: IllegalArgumentException | _: InternalError) =>
        Left(s"is not a valid jar or zip file ($error)")
    }

  /** The Java release this process is. */
  val java: Int = System.getProperty("java.specification.version").stripPrefix("1.").toInt

  private def isClass(entry: ZipEntry): Boolean = {
    val name = entry.getName
    name.endsWith(".class") && !name.startsWith("META-INF/") && !name.endsWith("module-info.class")
  }

  private def release(zip: ZipFile, entry: ZipEntry): Int = {
    val in = new DataInputStream(zip.getInputStream(entry))
    try
      if (in.readInt() == 0xcafebabe) { in.readUnsignedShort(); in.readUnsignedShort() - 44 }
      else 0
    catch { case _: EOFException => 0 }
    finally in.close()
  }

  private def drain(zip: ZipFile, entry: ZipEntry): Unit = {
    val in = zip.getInputStream(entry)
    val buffer = new Array[Byte](64 * 1024)
    try while (in.read(buffer) >= 0) {}
    finally in.close()
  }

  /** `jar:file:/a/b.jar!/c/D.class` is in b.jar. */
  private def holder(url: URL): String = {
    val file = url.toString.split("!/").head
    file.substring(file.lastIndexOf('/') + 1)
  }
}
