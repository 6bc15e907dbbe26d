package toree.packages

import java.io.{FileNotFoundException, IOException, InputStream}
import java.net.{HttpURLConnection, URI}
import java.nio.file.{Files, Path, StandardCopyOption}
import java.security.{DigestInputStream, MessageDigest}

import org.apache.hadoop.conf.Configuration
import org.apache.hadoop.fs.{Path => HadoopPath}

/** A file from anywhere, whole or not at all, kept under its content.
  *
  * http and https are Java's; every other scheme is the file system's that Hadoop has for it.
  */
final class Download(
    uri: URI,
    conf: () => Configuration,
    loader: ClassLoader,
    progress: Progress
) {
  private val name = uri.getPath.split('/').last

  /** Fetches into a folder: `folder/<digest>/<name>`.
    *
    * @throws IOException
    *   with a sentence for the user
    */
  def into(folder: Path): Path = {
    val part = Files.createTempFile(folder, ".part", ".jar")
    try {
      val (stream, length, promised) = open()
      val digests = (Seq("SHA-256") ++ promised.map(_._1)).distinct.map(MessageDigest.getInstance)
      val size =
        try copy(digests.foldLeft(stream)(new DigestInputStream(_, _)), part)
        finally stream.close()
      if (length >= 0 && size != length)
        throw new IOException(s"the download was cut: $size of $length bytes came")
      val found = digests.map(one => one.getAlgorithm -> hex(one.digest))
      promised.foreach { case (algorithm, wanted) =>
        val had = found.toMap.apply(algorithm)
        if (!had.equalsIgnoreCase(wanted))
          throw new IOException(s"its $algorithm checksum is $had, and should be $wanted")
      }
      val place = Files.createDirectories(folder.resolve(found.head._2.take(16))).resolve(name)
      Files.move(part, place, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING)
      place
    } finally Files.deleteIfExists(part)
  }

  /** The content, its length (-1: unknown), and the checksums it is to have. */
  private def open(): (InputStream, Long, Seq[(String, String)]) = uri.getScheme match {
    case "http" | "https" =>
      val connection = new URI(uri.getScheme, uri.getSchemeSpecificPart, null).toURL
        .openConnection()
        .asInstanceOf[HttpURLConnection]
      connection.setConnectTimeout(5000)
      connection.setReadTimeout(20000)
      val status = connection.getResponseCode
      if (status >= 300)
        throw new IOException(s"the server answers ${status} ${connection.getResponseMessage}")
      val sent = Seq("SHA-256" -> "x-checksum-sha256", "SHA-1" -> "x-checksum-sha1").flatMap {
        case (algorithm, header) => Option(connection.getHeaderField(header)).map(algorithm -> _)
      }
      (connection.getInputStream, connection.getContentLengthLong, asked ++ sent)
    case scheme =>
      val plain = new URI(Download.modern(scheme), uri.getSchemeSpecificPart, null)
      val path = new HadoopPath(plain)
      val files = Connectors.files(path, conf(), loader)
      try {
        val length = files.getFileStatus(path).getLen
        (files.open(path), length, asked)
      } catch { case _: FileNotFoundException => throw new IOException("there is no such file") }
  }

  /** `...jar#sha256=ab12`. */
  private def asked: Seq[(String, String)] = Option(uri.getFragment).toSeq.flatMap {
    case Download.checksum(kind, value) => Seq(Download.algorithms(kind.toLowerCase) -> value)
    case _                              => Nil
  }

  private def copy(from: InputStream, to: Path): Long = {
    val out = Files.newOutputStream(to)
    val buffer = new Array[Byte](256 * 1024)
    var size = 0L
    try {
      var read = from.read(buffer)
      while (read >= 0) {
        out.write(buffer, 0, read)
        size += read
        progress.came(read)
        read = from.read(buffer)
      }
      size
    } finally out.close()
  }

  private def hex(bytes: Array[Byte]): String = bytes.map(b => f"$b%02x").mkString
}

object Download {
  private val checksum = "(?i)(sha256|sha1|md5)=([0-9a-f]+)".r
  private val algorithms = Map("sha256" -> "SHA-256", "sha1" -> "SHA-1", "md5" -> "MD5")

  /** Hadoop has dropped its first two ways to S3. */
  private def modern(scheme: String): String =
    if (scheme == "s3" || scheme == "s3n") "s3a" else scheme
}
