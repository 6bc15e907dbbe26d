package toree

import java.nio.file.{Files, Path}
import java.util.concurrent.{ConcurrentHashMap, ConcurrentLinkedQueue}

import scala.concurrent.duration.{Duration, MINUTES}

import munit.FunSuite

import toree.cells.{CellOptions, Outcome, OutputCapture}
import toree.companion.Workspace
import toree.magic.Magics
import toree.packages.Packages
import toree.repl.{CellLoader, JarLoader}
import toree.spark.{Monitor, Progress, SparkAccess, SparkBuild, WorkspaceSpark}

/** A REPL over a lazy Spark session, and what its cells say, as a transcript. */
abstract class CellSuite extends FunSuite {
  override val munitTimeout: Duration = Duration(3, MINUTES)

  final class Recorder extends Events {
    val seen = new ConcurrentLinkedQueue[String]
    val answers = new ConcurrentLinkedQueue[String]
    def stream(cell: String, name: String, text: String): Unit = { seen.add(s"$name:$text"); () }
    def display(cell: String, json: String): Unit = { seen.add(s"display:$json"); () }
    def clear(cell: String, wait: Boolean): Unit = { seen.add(s"clear:$wait"); () }
    def ask(cell: String, prompt: String, password: Boolean): String =
      Option(answers.poll()).map("=" + _).orNull
    def take(): List[String] = {
      val all = seen.toArray.toList.map(_.toString)
      seen.clear()
      all
    }
  }

  private val streams = (System.out, System.err, System.in)
  private val classes: Path = Files.createTempDirectory("toree-test")
  private val capture = new OutputCapture
  private val all = new CellLoader(
    scala.reflect.io.AbstractFile.getDirectory(classes.toString),
    new JarLoader(getClass.getClassLoader)
  )
  protected val loader = all.repl(new ConcurrentHashMap[String, Any])
  SparkBuild.install(classes)
  protected val spark =
    new SparkAccess(
      all,
      () => all.added,
      _ => (),
      new Progress((_, _, _) => ()),
      new Monitor(_ => ())
    )
  protected val workspace = new Workspace(
    "main",
    loader,
    classes,
    new WorkspaceSpark(spark, None),
    capture,
    new Packages(all),
    new Magics(all)
  )
  protected val events = new Recorder
  private var cells = 0

  override def beforeAll(): Unit = {
    System.setProperty("spark.master", "local[2]")
    System.setProperty("spark.ui.enabled", "false")
    capture.install()
    workspace.start()
  }

  override def afterAll(): Unit = {
    workspace.close(forgotten = true)
    spark.stop()
    System.setOut(streams._1)
    System.setErr(streams._2)
    System.setIn(streams._3)
  }

  protected def newCell(): String = {
    cells += 1
    lastCell
  }

  protected def lastCell: String = s"cell$cells"

  protected def run(code: String, options: CellOptions = CellOptions()): Outcome =
    workspace.execute(newCell(), code, options, events)

  protected def ok(code: String, options: CellOptions = CellOptions()): Outcome.Ok =
    run(code, options) match {
      case fine: Outcome.Ok => fine
      case other            => fail(s"$code\n$other")
    }

  protected def failed(code: String): Outcome.Failed = run(code) match {
    case failure: Outcome.Failed => failure
    case other                   => fail(s"$code\n$other")
  }

  /** The text of the result; output nobody asked about fails the test. */
  protected def text(code: String): String = {
    val outcome = ok(code)
    assertEquals(events.take(), Nil, code)
    outcome.result.fold("")(_("text/plain"))
  }

  protected def echo(code: String): String = ok(code).definitions.getOrElse("")
}
