package toree

import java.nio.file.Path

import org.apache.spark.SparkConf
import org.apache.spark.sql.SparkSession

/** The life of the SparkSession all languages share.
  *
  * Made once, at the start or at its first use; after a stop, by whoever, the next use makes a fresh
  * one. It is created under the REPL's class loader, or local executors would load cell classes a
  * second time.
  */
final class SparkAccess(loader: ClassLoader, classes: Path) {
  @volatile private var current: Option[SparkSession] = None
  @volatile private var problem: Option[Throwable] = None

  /** Counts sessions, so that the REPL sees when its `spark` is an old one. */
  @volatile var generation: Int = 0

  def peek: Option[SparkSession] = current.filterNot(_.sparkContext.isStopped)
  def failure: Option[Throwable] = problem
  def stopped: Boolean = current.exists(_.sparkContext.isStopped)

  def session(): SparkSession = peek.getOrElse(synchronized(peek.getOrElse(create())))

  /** Jobs of this thread belong to the cell from here on. */
  def tag(cell: Cell, code: String): Unit = {
    description.set(code.trim.takeWhile(_ != '\n').take(100))
    peek.foreach(group(_, cell))
  }

  def cancel(group: String): Unit = peek.foreach(_.sparkContext.cancelJobGroup(group))

  private val description = new ThreadLocal[String]

  private def group(session: SparkSession, cell: Cell): Unit =
    session.sparkContext.setJobGroup(cell.id, Option(description.get).getOrElse(""), interruptOnCancel = true)

  def stop(): Unit = synchronized(peek.foreach(_.stop()))

  private def create(): SparkSession = {
    val thread = Thread.currentThread
    val before = thread.getContextClassLoader
    thread.setContextClassLoader(loader)
    try {
      SparkSession.clearActiveSession()
      SparkSession.clearDefaultSession()
      val made = builder().getOrCreate()
      if (current.isDefined) note("The Spark session was stopped; a fresh one takes its place.")
      current = Some(made)
      problem = None
      generation += 1
      Cell.current.foreach(group(made, _))
      made
    } catch {
      case error: Throwable =>
        problem = Some(error)
        throw new IllegalStateException(s"Spark did not start: ${Failure.unwrapped(error).getMessage}", error)
    } finally thread.setContextClassLoader(before)
  }

  private def builder(): SparkSession.Builder = {
    val conf = new SparkConf()
    conf.setIfMissing("spark.app.name", "Toree")
    conf.setIfMissing("spark.master", "local[*]")
    conf.set("spark.repl.class.outputDir", classes.toString)
    val builder = SparkSession.builder().config(conf)
    val wantsHive = conf.get("spark.sql.catalogImplementation", "in-memory") == "hive"
    if (wantsHive) builder.enableHiveSupport() else builder
  }

  private def note(text: String): Unit = System.err.println(text)
}
