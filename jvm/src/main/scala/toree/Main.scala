package toree

import java.io.{File, InputStream}
import java.nio.file.{Files, Path, Paths}
import java.nio.file.attribute.PosixFilePermissions

import toree.cells.OutputCapture
import toree.companion.Companion
import toree.gateway.Gateway

/** The companion JVM: `toree.Main <address-file> [--spark none|lazy|eager]`.
  *
  * Lives as long as its standard input is open.
  */
object Main {
  def main(arguments: Array[String]): Unit = arguments.toList match {
    case address :: rest => run(Paths.get(address), mode(rest))
    case Nil             =>
      System.err.println("usage: toree.Main <address-file> [--spark none|lazy|eager]")
      sys.exit(2)
  }

  private def mode(arguments: List[String]): String = arguments match {
    case "--spark" :: (mode @ ("none" | "lazy" | "eager")) :: _ => mode
    case _                                                      => "eager"
  }

  private def run(address: Path, mode: String): Unit = {
    // Spark's log is set up first, and so keeps the process's own stderr.
    Log.start()
    val capture = new OutputCapture
    val front = capture.install()
    val classes = privateFolder()
    // Hadoop's hooks run in order: this one after Spark's own, which remove files too.
    org.apache.hadoop.util.ShutdownHookManager.get().addShutdownHook(() => clean(classes), 0)
    // Whoever makes the SparkContext, it has to serve the classes of cells.
    System.setProperty("spark.repl.class.outputDir", classes.toString)
    val companion = new Companion(capture, classes, mode)
    val gateway = new Gateway(companion)
    gateway.start()
    companion.start()
    gateway.publish(address)
    drain(front)
    end(companion, classes)
  }

  private def privateFolder(): Path = {
    val own = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))
    Files.createTempDirectory("toree-classes-", own)
  }

  private def drain(front: InputStream): Unit = while (front.read() >= 0) {}

  /** The front is gone: a short orderly close, then the end, whatever still runs. */
  private def end(companion: Companion, classes: Path): Unit = {
    sweepAfterwards()
    background("close")(companion.close()).join(3000)
    background("halt") {
      Thread.sleep(2000)
      clean(classes)
      Runtime.getRuntime.halt(0)
    }
    sys.exit()
  }

  /** Removes the folders once more when this process is gone: until then its threads, a compiler or
    * Spark's tasks, may make them anew.
    */
  private def sweepAfterwards(): Unit = if (File.separatorChar == '/' && folders.nonEmpty) {
    val script =
      "i=0; while kill -0 $1 2>/dev/null && [ $i -lt 80 ]; do sleep 0.1; i=$((i+1)); done; " +
        "shift; rm -rf -- \"$@\""
    val command = Seq("sh", "-c", script, "sh", ProcessHandle.current.pid.toString) ++
      folders.map(_.toString)
    new ProcessBuilder(command: _*)
      .redirectOutput(ProcessBuilder.Redirect.DISCARD)
      .redirectError(ProcessBuilder.Redirect.DISCARD)
      .start()
    ()
  }

  private def background(name: String)(body: => Unit): Thread = {
    val thread = new Thread(() => body, name)
    thread.setDaemon(true)
    thread.start()
    thread
  }

  /** Removes what this process was given and has made, also when it is told to end by a signal. */
  private def clean(classes: Path): Unit = {
    delete(classes)
    folders.foreach(delete)
  }

  private def folders: Seq[Path] =
    Seq("TOREE_FOLDER", "TOREE_TEMPORARY").flatMap(sys.env.get).filter(_.nonEmpty).map(Paths.get(_))

  private def delete(folder: Path): Unit = {
    // Spark's threads and hooks make and remove files meanwhile: what vanishes is no reason to stop.
    var tries = 3
    while (tries > 0 && Files.exists(folder)) {
      remove(folder.toFile)
      tries -= 1
    }
  }

  private def remove(file: File): Unit = {
    if (!Files.isSymbolicLink(file.toPath)) Option(file.listFiles).foreach(_.foreach(remove))
    file.delete()
    ()
  }
}

private object Log extends org.apache.spark.internal.Logging {
  def start(): Unit = log.isInfoEnabled
}
