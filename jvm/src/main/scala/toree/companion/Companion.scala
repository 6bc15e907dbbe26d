package toree.companion

import java.lang.management.ManagementFactory
import java.net.URI
import java.nio.file.{Path, Paths}
import java.util.{Map => JMap}
import java.util.concurrent.ConcurrentHashMap

import scala.reflect.io.{AbstractFile, PlainDirectory}

import toree.Events
import toree.cells.{Cell, Failure, Outbox, OutputCapture}
import toree.closures.CellClasses
import toree.magic.Magics
import toree.packages.Packages
import toree.repl.{CellLoader, JarLoader}
import toree.spark.{Cluster, Monitor, Progress, SparkAccess, WorkspaceSpark}
import toree.text.Json

/** All that lives in the companion process: one Spark session and the workspaces over it. */
final class Companion(val capture: OutputCapture, classes: Path, mode: String) {
  private val workspaces = new ConcurrentHashMap[String, Workspace]
  private val directory: AbstractFile = new PlainDirectory(
    new scala.reflect.io.Directory(classes.toFile)
  )
  // Above all REPLs, old and new: Spark's tasks load the classes of cells through it.
  val loader = new CellLoader(directory, new JarLoader(getClass.getClassLoader))

  val progress = new Progress((cell, json, unwanted) =>
    capture.background.put(Outbox.Progress(cell, json, unwanted))
  )
  val monitor = new Monitor(json =>
    capture.background.put(
      new Outbox.Request((events, _) => { events.monitored(json); "" })
    )
  )
  val spark = new SparkAccess(
    loader,
    () => loader.added,
    jars => jars.foreach(jar => loader.addJar(jar.toURL)),
    progress,
    monitor
  )
  private val packages = new Packages(loader)
  val magics = new Magics(loader)

  private def announce(): Unit = {
    spark.began = _ => {
      magics.tell(_.sparkReady(workspace(Cell.main).kernel))
      tell("sparkReady")
    }
    spark.ended = () => {
      magics.tell(_.sessionEnded())
      tell("sessionEnded")
    }
  }

  /** Takes what happened to the front, beside any cell. */
  private def tell(event: String): Unit = capture.background.put(
    new Outbox.Request((events, _) => { events.happened(event); "" })
  )

  @volatile var events: Events = _

  /** The REPL of the first workspace and Spark start side by side. */
  def start(): Unit = {
    CellClasses.serve(classes)
    announce()
    val first = add(made(Cell.main, new WorkspaceSpark(spark, None)))
    if (mode == "eager") Threads.background("spark-start", loader)(awaitSpark())
    warmed(first)
  }

  /** A spare's start: all in which no kernel has a say. */
  def prepare(): Unit = {
    CellClasses.serve(classes)
    val first = add(made(Cell.main, new WorkspaceSpark(spark, None)))
    val name = "rehearsal"
    open(name)
    new Rehearsal(spark, capture, classes).run(workspace(name))
    drop(name)
    announce()
    first.start()
    Threads.background("warm-up", loader)(new Warmup(first).run())
  }

  /** A kernel has this spare: what it has a say in. */
  def take(order: JMap[String, Any]): Unit = {
    Environment.set(order.get("environment").asInstanceOf[JMap[String, String]])
    if (mode == "eager") Threads.background("spark-start", loader)(awaitSpark())
  }

  def workspace(name: String): Workspace = {
    val found = workspaces.get(name)
    if (found == null) throw new IllegalArgumentException(s"there is no workspace $name")
    found
  }

  /** A private workspace: a session, names and a REPL of its own, each made at its first use. */
  def open(name: String): Unit = synchronized {
    if (!workspaces.containsKey(name)) add(made(name, new WorkspaceSpark(spark, Some(name))))
  }

  /** Stops what runs in a private workspace and lets go of all it has. */
  def drop(name: String): Unit = if (name != Cell.main)
    Option(workspaces.remove(name)).foreach { old =>
      old.close(forgotten = true)
      old.spark.close()
      old.values.clear()
      capture.closed(name)
    }

  /** A new REPL; the session, its views and its caches stay. */
  def restart(name: String): Unit = {
    val old = workspace(name)
    old.interruptAll()
    val fresh = add(old.successor(loader.repl(old.values)))
    warmed(fresh)
    fresh.repl()
    old.close(forgotten = false)
  }

  private def made(name: String, own: WorkspaceSpark): Workspace = {
    val repl = loader.repl(new ConcurrentHashMap[String, Any])
    new Workspace(name, repl, classes, own, capture, packages, magics)
  }

  private def add(workspace: Workspace): Workspace = {
    workspaces.put(workspace.name, workspace)
    workspace
  }

  /** Starts a REPL now, and lets the JIT meet it. */
  private def warmed(workspace: Workspace): Unit =
    Threads.background(s"repl-${workspace.name}", loader) {
      workspace.start()
      // Two cores have enough to do until Spark is there.
      if (mode == "eager") awaitSpark()
      new Warmup(workspace).run()
    }

  private def awaitSpark(): Unit =
    try { spark.session(); () }
    catch {
      // Ours is a sentence, and whoever uses Spark reads it again.
      case problem: IllegalStateException if problem.getCause == null =>
        System.err.println(problem.getMessage)
      case problem: Throwable => problem.printStackTrace()
    }

  def close(): Unit = {
    workspaces.values.forEach(_.interruptAll())
    spark.end()
  }

  def ping: String = Json.obj(versions: _*)

  def info: String = {
    val runtime = Runtime.getRuntime
    val context = spark.peek.map(_.sparkContext)
    val repl = Option(workspaces.get(Cell.main)).exists(_.isReady)
    Json.obj(
      versions ++ Seq(
        "master" -> context.map(_.master),
        "appId" -> context.map(_.applicationId),
        "uiUrl" -> context.flatMap(_.uiWebUrl),
        "cluster" -> context.toSeq.flatMap(Cluster.facts),
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
