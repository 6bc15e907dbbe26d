package toree.repl

import java.io.File
import java.net.{URL, URLClassLoader}
import java.nio.file.{Path, Paths}

import scala.tools.nsc.Settings

/** The compiler's settings for cells. */
object ReplSettings {
  def apply(classes: Path, added: Seq[URL], warn: String => Unit): Settings = {
    val settings = new Settings(warn)
    val arguments = List(
      "-Yrepl-class-based",
      "-Yrepl-outdir",
      classes.toString,
      "-classpath",
      (ownPath ++ added.flatMap(file)).distinct.mkString(File.pathSeparator)
    )
    settings.processArguments(arguments, processAll = true)
    // The class path the JVM was started with: Spark's jars and the user's configuration.
    settings.usejavacp.value = true
    settings
  }

  /** What spark-submit put into the class loader above us: our own jar and the user's. */
  private def ownPath: Seq[String] = {
    val loaders = Iterator.iterate(getClass.getClassLoader)(_.getParent).takeWhile(_ != null)
    loaders
      .collect { case loader: URLClassLoader => loader.getURLs.toSeq }
      .flatten
      .flatMap(file)
      .toSeq
  }

  def file(url: URL): Option[String] =
    if (url.getProtocol == "file") Some(Paths.get(url.toURI).toString) else None
}
