package toree

import java.io.{InputStream, PrintStream}
import java.net.URI
import java.util.{Map => JMap}
import java.util.concurrent.ConcurrentHashMap

import org.apache.spark.SparkConf
import org.apache.spark.SparkContext
import org.apache.spark.api.java.JavaSparkContext
import org.apache.spark.sql.{Dataset, SparkSession}

import toree.cells.{Cell, Outcome}
import toree.magic.Called
import toree.spark.WorkspaceSpark

/** The `kernel` of Scala cells: all that user code may ask of Toree. */
final class Kernel private[toree] (
    spark: WorkspaceSpark,
    load: Seq[URI] => Unit,
    run: String => Outcome,
    failure: () => Throwable,
    show: Displayer => Unit,
    lend: (String, Dataset[_]) => Unit,
    workspace: String,

    /** The shared names of all languages, by name. */
    val data: JMap[String, Any] = new ConcurrentHashMap[String, Any]
) {

  /** Shows things in the cell that calls it. */
  val display: Display = new Display(show, lend)

  /** Channels to what runs in the front end. */
  val comm: Comms = new Comms(workspace)

  /** Text straight to the cell's stdout. */
  val stream: KernelStream = new KernelStream

  def sparkSession: SparkSession = spark.session()
  def sparkContext: SparkContext = sparkSession.sparkContext
  def javaSparkContext: JavaSparkContext = new JavaSparkContext(sparkContext)
  def sparkConf: SparkConf = sparkContext.getConf

  /** The notebook's magics: `kernel.magics.addJar("https://...")`. */
  val magics: Called = new Called

  /** Puts jars on the class path of the compiler, the driver and the executors. */
  def addJars(uris: URI*): Unit = load(uris)

  /** Runs Scala code as if it were a cell of its own: (true, text of the result) or (false, error).
    */
  def eval(code: Option[String]): (Boolean, String) = code match {
    case None       => (false, "no code")
    case Some(text) =>
      run(text) match {
        case ok: Outcome.Ok         => (true, ok.result.flatMap(_.get("text/plain")).getOrElse(""))
        case failed: Outcome.Failed => (false, s"${failed.name}: ${failed.message}")
        case Outcome.Aborted        => (false, "aborted")
      }
  }

  /** A line of the user's; a password is not shown as it is typed.
    *
    * Throws IOException where the front end takes no input, or the user has ended it.
    */
  def ask(prompt: String, password: Boolean = false): String =
    Cell.current
      .flatMap(_.ask(prompt, password))
      .getOrElse(throw new java.io.EOFException("The input has ended."))

  def out: PrintStream = System.out
  def err: PrintStream = System.err
  def in: InputStream = System.in

  /** What the last failed cell threw, or null. */
  def lastException: Throwable = failure()
}

final class KernelStream private[toree] {
  def sendAll(text: String): Unit = System.out.print(text)
}
