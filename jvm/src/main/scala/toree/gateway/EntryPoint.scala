package toree.gateway

import java.util.{List => JList}

import scala.collection.JavaConverters._

import org.apache.spark.SparkConf
import org.apache.spark.api.java.JavaSparkContext
import org.apache.spark.rdd.RDD
import org.apache.spark.sql.{Dataset, SparkSession}

import toree.Events
import toree.cells.{Cell, CellOptions, Guest}
import toree.companion.Companion
import toree.packages.Request
import toree.spark.{Batches, Connect, Jobs, Preview, SparkBuild}
import toree.sql.{SqlCell, SqlNames}
import toree.text.Json

/** Every call the front may make, in Java's types; what it means is done elsewhere.
  *
  * Called on the thread of the front's connection. Texts that carry more than one thing are JSON.
  */
final class EntryPoint(companion: Companion) {
  private val jobs = new Jobs(companion.spark)
  private lazy val connect = new Connect(companion.spark, companion.loader)

  def ping(): String = companion.ping

  /** Makes a spare a kernel's. */
  def take(order: String): Unit = companion.take(Json.read(order))

  def awaitRepl(): Unit = { companion.workspace(Cell.main).repl(); () }
  def awaitSpark(): Unit = { companion.spark.session(); () }
  def info(): String = companion.info

  /** A private workspace, if there is none of that name yet; and its end. */
  def openWorkspace(name: String): Unit = companion.open(name)
  def closeWorkspace(name: String): Unit = companion.drop(name)

  def session(): SparkSession = companion.spark.session()
  def sessionOf(workspace: String): SparkSession = companion.workspace(workspace).spark.session()
  def javaContext(): JavaSparkContext = JavaSparkContext.fromSparkContext(session().sparkContext)
  def stopSpark(): Unit = companion.spark.stop()

  /** Whether there is a session now; makes none. */
  def hasSession(): Boolean = companion.spark.exists

  /** The context that a builder of PySpark makes. */
  def builtContext(conf: SparkConf): JavaSparkContext =
    JavaSparkContext.fromSparkContext(companion.spark.context(conf))

  /** A line for each of its settings that come too late. */
  def refusedSettings(conf: SparkConf): String = SparkBuild.refused(conf).mkString("\n")

  /** The outcome, with the names the cell has assigned (`Sharing`). */
  def execute(workspace: String, cell: String, code: String, options: String): String = {
    val home = companion.workspace(workspace)
    val outcome = home.execute(cell, code, CellOptions.read(options), companion.events)
    Json.added(outcome.json, "assigned" -> home.sharing.assigned(cell))
  }

  def executeSql(workspace: String, cell: String, text: String, options: String): String =
    companion
      .workspace(workspace)
      .executeSql(cell, text, SqlCell.read(options), companion.events)
      .json

  /** Shows the streaming table under a key until the call is interrupted or the query ends. */
  def stream(workspace: String, cell: String, key: String, rows: Int): String =
    companion.workspace(workspace).stream(cell, key, rows, companion.events).json

  /** Hands a comm's message to its handlers (`Comms`). */
  def comm(workspace: String, cell: String, message: String): String =
    companion.workspace(workspace).comm(cell, message, companion.events).json

  def preview(dataset: Object, rows: Int): String = dataset match {
    case frame: Dataset[_] => Preview.of(frame, rows)
    case other => throw new IllegalArgumentException(s"not a Dataset: ${other.getClass.getName}")
  }

  def isComplete(workspace: String, code: String): String =
    companion.workspace(workspace).repl().isComplete(code)

  def complete(workspace: String, code: String, cursor: Int): String =
    companion.workspace(workspace).repl().complete(code, cursor)

  /** `tables`: JSON, keys of other languages' DataFrames by name. */
  def completeSql(workspace: String, code: String, cursor: Int, tables: String): String = {
    val keys = Json.read(tables).asScala.map { case (name, key) => name -> String.valueOf(key) }
    companion.workspace(workspace).sqlCompletion.complete(code, cursor, keys.toMap)
  }

  def inspectSql(workspace: String, code: String, cursor: Int): String =
    companion.workspace(workspace).sqlCompletion.inspect(code, cursor)

  def inspect(workspace: String, code: String, cursor: Int, detail: Int): String =
    companion.workspace(workspace).repl().inspect(code, cursor, detail)

  private[gateway] def answer(): Unit = companion.capture.answer()

  /** A cell of another language makes its calls on this connection from now on. */
  def enter(
      workspace: String,
      cell: String,
      description: String,
      interruptOnCancel: Boolean
  ): Unit = {
    Guest.enter(cell, workspace, companion.capture, () => companion.events)
    companion.workspace(workspace).spark.enter()
    companion.spark.peek.foreach(
      _.sparkContext.setJobGroup(cell, description, interruptOnCancel)
    )
  }

  def interrupt(workspace: String, cell: String): Unit =
    companion.workspace(workspace).interrupt(cell)

  /** The last word on the Spark jobs of a cell that has ended, "" where it had none. */
  def endProgress(cell: String): String = companion.progress.end(cell)

  /** Every stage of a cell's jobs (`Progress.stages`). */
  def stages(cell: String, settled: Boolean): String = companion.progress.stages(cell, settled)

  /** Somebody has SparkMonitor's extension: `Events.monitored` is told from now on. */
  def monitor(): Unit = companion.monitor.open()

  def cancelGroup(group: String): Unit =
    companion.spark.keepCancelling(group, Guest.underWay(group))

  def addJars(workspace: String, paths: JList[String]): Unit =
    companion.workspace(workspace).addJars(paths.toArray.toSeq.map(p => Companion.uri(p.toString)))

  /** Resolves a package and adds its jars; `request` is read by `Request`. */
  def addPackage(workspace: String, cell: String, request: String): String =
    companion
      .workspace(workspace)
      .addPackage(cell, Request.read(request), companion.events)
      .json

  /** Fetches a jar from any file system and adds it. */
  def addJar(workspace: String, cell: String, url: String, force: Boolean): String =
    companion
      .workspace(workspace)
      .addJar(cell, Companion.uri(url), force, companion.events)
      .json

  /** Looks for magics in the jars that were added; their names as JSON. */
  def magics(): String = companion.magics.look()

  def runMagic(
      workspace: String,
      cell: String,
      kind: String,
      name: String,
      line: String,
      body: String
  ): String =
    companion.workspace(workspace).runMagic(cell, kind, name, line, body, companion.events).json

  /** The rows of a DataFrame that a name of the REPL holds; empty when it holds something else. */
  def previewOf(workspace: String, name: String, rows: Int): String =
    companion.workspace(workspace).named(name) match {
      case Some(frame: Dataset[_]) => Preview.of(frame, rows)
      case _                       => ""
    }

  /** The text of what a name of the REPL holds; null when there is no such name. */
  def textOf(workspace: String, name: String): String =
    companion.workspace(workspace).named(name).map(String.valueOf(_: Any)).orNull

  /** Spark's relative paths start here from now on. */
  def moveTo(folder: String): Unit = companion.spark.moveTo(folder)

  /** What each of some settings (JSON) would need: `Settings.sorted`. */
  def sortSettings(workspace: String, json: String): String =
    companion.workspace(workspace).settings.sorted(Json.read(json))
  def setSettings(workspace: String, json: String): Unit =
    companion.workspace(workspace).settings.set(Json.read(json))
  def keepSettings(workspace: String, json: String): Unit =
    companion.workspace(workspace).settings.keep(Json.read(json))
  def renewSession(workspace: String, json: String): String =
    companion.workspace(workspace).settings.renew(Json.read(json))

  /** Spark Connect on this session: where, or why not (`Connect`); and its end. */
  def openConnect(token: String): String = connect.open(token)
  def closeConnect(): Boolean = connect.close()

  def runningJobs(): String = jobs.running
  def cancelJob(id: Int): Boolean = jobs.cancel(id)

  def restartRepl(workspace: String): Unit = companion.restart(workspace)

  def putShared(workspace: String, key: String, value: Object): Unit =
    companion.workspace(workspace).put(key, value)

  /** The value under a key, else the value a name has in the REPL now, else null. */
  def getShared(workspace: String, key: String): Object =
    companion.workspace(workspace).named(key).orNull.asInstanceOf[Object]

  /** The value of a name in its crossing form, empty where there is none (`Sharing`). */
  def takeShared(workspace: String, name: String, key: String, folder: String, limit: Int): String =
    companion.workspace(workspace).sharing.take(name, key, folder, limit)

  def giveShared(workspace: String, key: String, json: String): String =
    companion.workspace(workspace).sharing.give(key, json)

  /** A value under a key of one workspace under a key of another too. */
  def lendShared(from: String, key: String, to: String, as: String): Unit =
    companion.workspace(from).named(key).foreach(companion.workspace(to).put(as, _))

  def dropShared(workspace: String, key: String): Unit =
    companion.workspace(workspace).sharing.drop(key)

  /** Tables and parameters a SQL statement names. */
  def sqlNames(workspace: String, text: String): String = {
    val early = if (hasSession()) None else SqlNames.early(text)
    val (tables, parameters) =
      early.getOrElse(SqlNames.of(companion.workspace(workspace).spark.session(), text))
    Json.obj("tables" -> tables, "parameters" -> parameters)
  }

  /** The names that code may take from outside it, and which of `foreign` (a line each) are Scala's
    * own there all the same.
    */
  def references(workspace: String, code: String, foreign: String): String = {
    val (names, own) =
      companion.workspace(workspace).repl().references(code, foreign.split("\n").toSet)
    Json.obj("names" -> names, "own" -> own)
  }

  /** The items of an RDD, computed as they are read (`Batches`). */
  def batches(rdd: RDD[Array[Byte]], ahead: Int, group: String): Batches =
    new Batches(rdd, ahead, group)

  /** Delivers output that belongs to no running cell; returns when the process ends. */
  def pump(): Unit = companion.capture.background.deliver(companion.events)
}
