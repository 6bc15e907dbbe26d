package toree.companion

import java.lang.management.ManagementFactory
import java.net.URI
import java.nio.file.{Path, Paths}
import java.util.concurrent.ConcurrentHashMap

import scala.reflect.io.{AbstractFile, PlainDirectory}

import toree.Events
import toree.cells.{Failure, Outbox, OutputCapture}
import toree.closures.CellClasses
import toree.magic.Magics
import toree.packages.Packages
import toree.repl.{JarLoader, ReplClassLoader}
import toree.spark.{Progress, SparkAccess}
import toree.text.Json

/** All that lives in the companion process: one Spark session and the workspaces over it. */
final class Companion(val capture: OutputCapture, classes: Path, mode: String) {
  private val workspaces = new ConcurrentHashMap[String, Workspace]
  private val directory: AbstractFile = new PlainDirectory(
    new scala.reflect.io.Directory(classes.toFile)
  )
  // One for all REPLs, old and new: Spark's tasks load the classes of cells through it.
  val loader = new ReplClassLoader(directory, new JarLoader(getClass.getClassLoader))
  private var repls = 0

  val progress = new Progress((cell, json, unwanted) =>
    capture.background.put(Outbox.Progress(cell, json, unwanted))
  )
  val spark = new SparkAccess(
    loader,
    () => loader.added,
    jars => workspaces.values.forEach(_.repl().addJars(jars.map(_.toURL))),
    progress
  )
  private val packages = new Packages(loader)
  val magics = new Magics(loader)
  spark.began = _ => {
    magics.tell(_.sparkReady(workspace("main").kernel))
    tell("sparkReady")
  }
  spark.ended = () => {
    magics.tell(_.sessionEnded())
    tell("sessionEnded")
  }

  /** Takes what happened to the front, beside any cell. */
  private def tell(event: String): Unit = capture.background.put(
    new Outbox.Request((events, _) => { events.happened(event); "" })
  )

  @volatile var events: Events = _

  /** The REPL of the first workspace and Spark start side by side. */
  def start(): Unit = {
    CellClasses.serve(classes)
    open("main")
    if (mode == "eager") background("spark-start")(awaitSpark())
  }

  def workspace(name: String): Workspace = {
    val found = workspaces.get(name)
    if (found == null) throw new IllegalArgumentException(s"there is no workspace $name")
    found
  }

  /** A new REPL; the session, its views and its caches stay. */
  def restart(name: String): Unit = {
    val old = workspace(name)
    old.interruptAll()
    open(name).repl()
    old.close()
  }

  private def open(name: String): Workspace = synchronized {
    val made =
      new Workspace(name, loader, classes, repls * linesOfOne, spark, capture, packages, magics)
    repls += 1
    workspaces.put(name, made)
    background(s"repl-$name") {
      made.start()
      // Two cores have enough to do until Spark is there.
      if (mode == "eager") awaitSpark()
      new Warmup(made).run()
    }
    made
  }

  // Lines a REPL may number before its names would meet the next one's.
  private val linesOfOne = 1000000

  private def awaitSpark(): Unit =
    try { spark.session(); () }
    catch { case problem: Throwable => problem.printStackTrace() }

  private def background(name: String)(body: => Unit): Unit = {
    val thread = new Thread(null, () => body, name, 16L * 1024 * 1024)
    thread.setDaemon(true)
    thread.setContextClassLoader(loader)
    thread.start()
  }

  def close(): Unit = {
    workspaces.values.forEach(_.interruptAll())
    spark.stop()
  }

  def ping: String = Json.obj(versions: _*)

  def info: String = {
    val runtime = Runtime.getRuntime
    val context = spark.peek.map(_.sparkContext)
    val repl = Option(workspaces.get("main")).exists(_.isReady)
    Json.obj(
      versions ++ Seq(
        "master" -> context.map(_.master),
        "appId" -> context.map(_.applicationId),
        "uiUrl" -> context.flatMap(_.uiWebUrl),
        "replReady" -> repl,
        "sparkReady" -> context.isDefined,
        "sparkStopped" -> spark.stopped,
        "sparkFailure" -> spark.failure.map(e => Failure.unwrapped(e).toString),
        "memoryUsed" -> (runtime.totalMemory - runtime.freeMemory),
        "memoryMax" -> runtime.maxMemory
      ): _*
    )
  }

  private def versions: Seq[(String, Any)] = Seq(
    "spark" -> org.apache.spark.SPARK_VERSION,
    "scala" -> scala.util.Properties.versionNumberString,
    "java" -> System.getProperty("java.version"),
    "pid" -> Companion.pid
  )
}

object Companion {
  def pid: Long = ManagementFactory.getRuntimeMXBean.getName.takeWhile(_ != '@').toLong

  /** A path or a URI, as users and the front write either. */
  def uri(text: String): URI = if (text.matches("[a-zA-Z][-+.\\w]+:.*")) new URI(text)
  else Paths.get(text).toAbsolutePath.toUri
}
