package toree

import java.io.{File, IOException, InputStream}
import java.lang.management.ManagementFactory
import java.nio.file.{Files, Path, Paths}
import java.nio.file.attribute.PosixFilePermissions
import java.util.concurrent.CountDownLatch

import toree.cells.OutputCapture
import toree.companion.{Companion, Waiting}
import toree.gateway.Gateway
import toree.spark.SparkBuild

/** The companion JVM: `toree.Main <address-file> [--spark none|lazy|eager]`.
  *
  * Lives as long as its standard input is open and the front is there, with `--spare` as `Waiting`
  * says. In a cluster's driver container the JVM comes first (`toree.Main --front <command>`): it
  * starts the front, which finds the address by TOREE_COMPANION, and lives as long as that does.
  */
object Main {
  def main(arguments: Array[String]): Unit = arguments.toList match {
    case "--front" :: command => withFront(command)
    case address :: rest      =>
      val place = Paths.get(address)
      run(place, mode(rest), if (rest.contains("--spare")) Some(Waiting.of(place)) else None)
    case Nil =>
      System.err.println("usage: toree.Main <address-file> [--spark none|lazy|eager]")
      sys.exit(2)
  }

  private def mode(arguments: List[String]): String = arguments match {
    case "--spark" :: (mode @ ("none" | "lazy" | "eager")) :: _ => mode
    case _                                                      => "eager"
  }

  private def run(address: Path, mode: String, spare: Option[Waiting]): Unit = {
    val classes = privateFolder()
    val (companion, front) =
      try serve(classes, address, mode, spare)
      catch {
        // The front may have gone with its folder: threads that have begun would stay for ever.
        case problem: Throwable =>
          Log.failed(problem)
          clean(classes)
          Runtime.getRuntime.halt(1)
          throw problem
      }
    val over = new CountDownLatch(1)
    background("front-input") { spare.fold(drain(front))(_.follow()); over.countDown() }
    background("front-watch") { spare.fold(watch())(_.watch()); over.countDown() }
    spare.foreach(waits => background("kernels")(waits.listen()))
    over.await()
    end(companion, classes)
  }

  /** Returns when the front has ended: whoever has called us, such as YARN, then ends the process
    * and knows that all went well.
    */
  private def withFront(command: List[String]): Unit = {
    val classes = privateFolder()
    val address = privateFolder().resolve("address")
    val (companion, _) = serve(classes, address, "eager", None)
    val builder = new ProcessBuilder(command: _*).inheritIO()
    builder.environment.put("TOREE_COMPANION", address.toString)
    val status = builder.start().waitFor()
    background("close")(companion.close()).join(10000)
    delete(address.getParent)
    clean(classes)
    if (status != 0) throw new IllegalStateException(s"The kernel has ended with status $status.")
  }

  private def serve(
      classes: Path,
      address: Path,
      mode: String,
      spare: Option[Waiting]
  ): (Companion, InputStream) = {
    mark()
    // Spark's log is set up first, and so keeps the process's own stderr.
    Log.start()
    val capture = new OutputCapture
    val front = capture.install()
    // Hadoop's hooks run in order: this one after Spark's own, which remove files too.
    org.apache.hadoop.util.ShutdownHookManager.get().addShutdownHook(() => clean(classes), 0)
    SparkBuild.install(classes)
    val companion = new Companion(capture, classes, mode)
    val gateway = new Gateway(companion)
    gateway.start()
    spare match {
      case None =>
        companion.start()
        gateway.publish(address)
      case Some(waits) =>
        background("spare") {
          companion.prepare()
          waits.publish(gateway.publish(address, _))
        }
    }
    (companion, front)
  }

  /** A file that Java removes last of all, after every hook: whoever sees that may end this
    * process, which would else wait 0.3 s for threads that wait for the system, and longer for the
    * JIT. None where Java, or an agent, has something to write after that.
    */
  private def mark(): Unit = {
    val writes = "-agent.*|-XX:.*(AtExit|AOTCacheOutput|AOTConfiguration|AOTMode|Print|Dump|Log).*"
    val options = ManagementFactory.getRuntimeMXBean.getInputArguments
    val own = sys.env.getOrElse("TOREE_TEMPORARY", "")
    if (own.nonEmpty && !options.stream.anyMatch(_.matches(writes))) {
      val file = new File(s"$own.lives")
      if (file.createNewFile()) file.deleteOnExit()
    }
  }

  private def privateFolder(): Path = {
    val own = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))
    Files.createTempDirectory("toree-classes-", own)
  }

  private def drain(front: InputStream): Unit =
    try while (front.read() >= 0) {}
    catch { case _: IOException => () }

  /** Returns when the front is gone. Its pipe ends with it, but for a fork that keeps it open and
    * knows nothing of us. A process is its id and when it began, since ids come back.
    */
  private def watch(): Unit = sys.env.getOrElse("TOREE_FRONT", "").split(' ') match {
    case Array(pid, born) if Files.exists(Paths.get("/proc/self/stat")) =>
      val status = Paths.get("/proc", pid, "stat")
      def lives =
        try {
          // Behind the name, which may hold anything.
          val facts = new String(Files.readAllBytes(status)).split("\\) ").last.split(' ')
          facts(0) != "Z" && facts(19) == born
        } catch { case _: IOException => false }
      while (lives) Thread.sleep(1000)
    case _ => Thread.sleep(Long.MaxValue)
  }

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
    * Spark's tasks, may make them anew. With the front gone goes the one for all that the two had.
    */
  private def sweepAfterwards(): Unit = if (File.separatorChar == '/' && folders.nonEmpty) {
    val script =
      "jvm=$1; front=$2; all=$3; shift 3; i=0; " +
        "while kill -0 $jvm && [ $i -lt 80 ]; do sleep 0.1; i=$((i+1)); done; rm -rf -- \"$@\"; " +
        "kill -0 $front && ! grep -qs ') Z ' /proc/$front/stat || rm -rf -- \"$all\""
    val front = sys.env.getOrElse("TOREE_FRONT", "").takeWhile(_ != ' ')
    val all = sys.env.getOrElse("TOREE_SCRATCH", folders.head.toString)
    val command = Seq("sh", "-c", script, "sh", Companion.pid.toString, front, all) ++
      folders.map(_.toString)
    new ProcessBuilder(command: _*)
      .redirectErrorStream(true)
      .redirectOutput(new File("/dev/null"))
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

  /** What goes with this process: its temporary folder, and its own ones among Spark's. */
  private def folders: Seq[Path] = {
    val spark = sys.env.getOrElse("SPARK_LOCAL_DIRS", "").split(',').toSeq.map(Paths.get(_))
    sys.env.get("TOREE_TEMPORARY").filter(_.nonEmpty).toSeq.map(Paths.get(_)).flatMap { own =>
      own +: spark.filter(dir => Option(dir.getFileName).exists(_.toString.startsWith("toree-")))
    }
  }

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
  def failed(problem: Throwable): Unit = log.error("The companion can't start", problem)
}
