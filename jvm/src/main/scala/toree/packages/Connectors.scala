package toree.packages

import java.io.IOException

import org.apache.hadoop.conf.Configuration
import org.apache.hadoop.fs.{FileSystem, Path, UnsupportedFileSystemException}
import org.apache.hadoop.util.VersionInfo

/** Hadoop's file systems: many of them come in a jar of their own. */
private[packages] object Connectors {

  /** The file system of a path.
    *
    * @param loader
    *   has the jars that were added while the process runs
    * @throws IOException
    *   with a sentence that says what to add, where there is none
    */
  def files(path: Path, conf: Configuration, loader: ClassLoader): FileSystem = {
    val own = new Configuration(conf)
    own.setClassLoader(new ClassLoader(loader) {}) // it keeps no memory of what was not found
    try path.getFileSystem(own)
    catch {
      case absent: UnsupportedFileSystemException =>
        throw new IOException(missing(path, own), absent)
      case absent: RuntimeException if absent.getCause.isInstanceOf[ClassNotFoundException] =>
        throw new IOException(missing(path, own), absent)
      case absent: NoClassDefFoundError =>
        throw new IOException(s"${missing(path, own)} (${absent.getMessage} is not there)", absent)
    }
  }

  private def missing(path: Path, conf: Configuration): String = {
    val scheme = path.toUri.getScheme
    val module =
      // Since Hadoop 3.5 there is one of its own for gs.
      if (scheme == "gs") Option(conf.get("fs.gs.impl")).map(_ => "hadoop-gcp")
      else modules.collectFirst { case (schemes, module) if schemes(scheme) => module }
    val how = module match {
      case Some(name) =>
        s"It comes with: %AddDeps org.apache.hadoop:$name:${VersionInfo.getVersion}"
      case None =>
        s"Add its jar, and set spark.hadoop.fs.$scheme.impl to its class with %%configure."
    }
    s"Hadoop has no file system for $scheme: without a connector. $how"
  }

  private val modules: List[(Set[String], String)] = List(
    Set("s3a") -> "hadoop-aws",
    Set("abfs", "abfss", "wasb", "wasbs") -> "hadoop-azure",
    Set("adl") -> "hadoop-azure-datalake",
    Set("oss") -> "hadoop-aliyun",
    Set("cosn") -> "hadoop-cos",
    Set("obs") -> "hadoop-huaweicloud"
  )
}
