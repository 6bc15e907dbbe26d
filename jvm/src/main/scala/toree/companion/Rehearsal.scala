package toree.companion

import java.nio.file.Path

import org.apache.hadoop.fs.FileSystem
import org.apache.spark.{SparkConf, SparkContext}
import org.apache.spark.sql.SparkSession

import toree.Events
import toree.cells.{CellOptions, OutputCapture}
import toree.spark.SparkAccess
import toree.sql.SqlCell

/** What a spare does while it waits: it runs cells in a workspace and on a Spark of their own, both
  * gone before a kernel comes. So classes are loaded and the JIT has met them.
  */
private final class Rehearsal(spark: SparkAccess, capture: OutputCapture, classes: Path) {

  def run(workspace: Workspace): Unit = {
    var context = Option.empty[SparkContext]
    try {
      context = Some(spark.context(Rehearsal.conf(classes)))
      for (round <- 1 to Rehearsal.rounds) {
        Rehearsal.cells.zipWithIndex.foreach { case (code, n) =>
          workspace.execute(s"rehearsal-$round.$n", code, CellOptions(), Rehearsal.Nobody)
        }
        val text = "select id, id * 2 as twice from range(3)"
        workspace.executeSql(s"rehearsal-$round", text, SqlCell.read(""), Rehearsal.Nobody)
        workspace.repl().complete("spark.ra", 8)
      }
    } catch {
      // What is wrong is the kernel's to see, as in any start.
      case problem: Throwable => System.err.println(s"The rehearsal failed: $problem")
    } finally {
      spark.forget()
      context.foreach(_.stop()) // it may never have had a session
      SparkSession.clearActiveSession()
      SparkSession.clearDefaultSession()
      FileSystem.closeAll() // they had its settings
      capture.background.deliverNow(Rehearsal.Nobody)
    }
  }
}

private object Rehearsal {
  private val rounds = 3

  private val cells = List(
    "1 + 1",
    "case class P(x: Int, name: String); val xs = List(1, 2, 3).map(_ + 1)",
    "import spark.implicits._; xs.toDF(\"x\").groupBy($\"x\").count().collect().length",
    "spark.range(1000).count()",
    "spark.range(3)",
    "Seq(P(1, \"a\")).toDS().map(_.x).filter(_ > 1).show()",
    "sc.parallelize(1 to 10).map(n => (n % 2, n)).reduceByKey(_ + _).collect()"
  )

  /** What would be seen outside of this process, or is to be made for the kernel. */
  private val outward =
    ("spark\\.(eventLog|metrics|plugins|ui\\.port|extraListeners|jars|files|archives" +
      "|submit\\.pyFiles|driver\\.port|blockManager\\.port|port\\.maxRetries|openlineage" +
      "|sql\\.(extensions|catalog|warehouse|queryExecutionListeners|streaming" +
      "|defaultUrlStreamHandlerFactory|hive))(\\..*)?|.*[lL]istener.*").r.pattern

  /** The user's settings where they say how Spark works. */
  private def conf(classes: Path): SparkConf = {
    val made = new SparkConf()
    made.getAll.foreach { case (key, _) => if (outward.matcher(key).matches) made.remove(key) }
    made
      .setAppName("Toree's rehearsal")
      .set("spark.ui.port", "0")
      .set("spark.metrics.conf", "/dev/null")
      .set("spark.sql.catalogImplementation", "in-memory")
      .set("spark.sql.warehouse.dir", classes.resolve("rehearsal").toString)
      // Java takes one for its life.
      .set("spark.sql.defaultUrlStreamHandlerFactory.enabled", "false")
  }

  object Nobody extends Events {
    def stream(cell: String, name: String, text: String): Unit = ()
    def display(cell: String, json: String): Unit = ()
    def clear(cell: String, wait: Boolean): Unit = ()
    def ask(cell: String, prompt: String, password: Boolean): String = null
  }
}
