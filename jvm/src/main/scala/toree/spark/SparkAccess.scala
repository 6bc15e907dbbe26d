package toree.spark

import java.net.{URI, URL}
import java.nio.file.{Path, Paths}

import org.apache.hadoop.conf.Configuration
import org.apache.hadoop.fs.{FileSystem, Path => HadoopPath}
import org.apache.spark.{JobExecutionStatus, SparkConf, SparkContext, SparkEnv}
import org.apache.spark.serializer.CellSerializer
import org.apache.spark.sql.SparkSession

import toree.cells.{Cell, Failure, Refusals}

/** The life of the SparkSession all languages share.
  *
  * Made once, at the start or at its first use; after a stop, by whoever, the next use makes a
  * fresh one, unless a cell has built its own: then that is everybody's. It is created under the
  * REPL's class loader, or local executors would load cell classes a second time.
  *
  * @param added
  *   the jars that cells have brought: every session has them
  * @param addJars
  *   puts a session's own jars on the class path of this process
  */
final class SparkAccess(
    loader: ClassLoader,
    added: () => Seq[URL],
    addJars: Seq[URI] => Unit,
    progress: Progress,
    monitor: Monitor
) {
  @volatile private var current: Option[SparkSession] = None
  @volatile private var problem: Option[Throwable] = None

  @volatile private var made = 0

  /** The number of the session a first use would give now: a `spark` taken under another is old. */
  def number: Int = if (peek.isDefined) made else made + 1

  def peek: Option[SparkSession] = current.filterNot(_.sparkContext.isStopped).orElse(adopted())
  def failure: Option[Throwable] = problem
  def stopped: Boolean = current.exists(_.sparkContext.isStopped)

  def session(): SparkSession = {
    val found = peek.getOrElse(synchronized(peek.getOrElse(create())))
    Cell.current.foreach(tag(found, _)) // it may have begun before there was one
    found
  }

  /** The session's file systems; before there is one, what it would be given. */
  def hadoop: Configuration = peek.fold {
    val made = new Configuration
    new SparkConf().getAll.foreach { case (name, value) =>
      if (name.startsWith("spark.hadoop.")) made.set(name.stripPrefix("spark.hadoop."), value)
    }
    made.setClassLoader(loader)
    made
  }(_.sparkContext.hadoopConfiguration)

  /** Has the session look again for file systems: Hadoop remembers by loader what was not found. */
  def lookAgain(): Unit = peek.foreach(
    _.sparkContext.hadoopConfiguration.setClassLoader(new ClassLoader(loader) {})
  )

  /** Local files without a folder are looked for here. The process itself can't change its own. */
  def moveTo(folder: String): Unit =
    FileSystem.get(new java.net.URI("file:///"), hadoop).setWorkingDirectory(new HadoopPath(folder))

  /** Whether `session` would make nothing. */
  def exists: Boolean = peek.isDefined || SparkEnv.get != null

  /** A context for PySpark, whose builders and constructors all end here. */
  def context(conf: SparkConf): SparkContext = synchronized {
    peek.fold {
      living()
      val full = SparkBuild.completed(conf)
      if (SparkEnv.get == null) check(full)
      underLoader(watched(full)(SparkContext.getOrCreate(full)))
    }(_.sparkContext)
  }

  /** That folder. */
  def folder: Path =
    Paths.get(
      FileSystem.get(new java.net.URI("file:///"), hadoop).getWorkingDirectory.toUri.getPath
    )

  /** Runs `body` with its jobs tagged as the cell's: a tag, as the group and the description are
    * the user's to set, for later cells too.
    */
  def tagged[T](cell: Cell, code: String)(body: => T): T = {
    description.set(code.trim.takeWhile(_ != '\n').take(100))
    peek.foreach(tag(_, cell))
    try body
    finally {
      peek.foreach(untag(_, cell))
      description.remove()
    }
  }

  private def tag(session: SparkSession, cell: Cell): Unit = {
    val context = session.sparkContext
    context.addJobTag(cell.id)
    if (context.getLocalProperty(interruptProperty) == null) context.setInterruptOnCancel(true)
    if (context.getLocalProperty(descriptionProperty) == null)
      context.setJobDescription(description.get)
  }

  private def untag(session: SparkSession, cell: Cell): Unit = {
    val context = session.sparkContext
    context.removeJobTag(cell.id)
    if (context.getLocalProperty(descriptionProperty) == description.get)
      context.setJobDescription(null)
  }

  private val interruptProperty = "spark.job.interruptOnCancel"
  private val descriptionProperty = "spark.job.description"

  /** Cancels the jobs of a cell, or of a group that another language has set; its bar says so. */
  def cancel(id: String): Unit = {
    progress.cancelling(id)
    peek.foreach { session =>
      session.sparkContext.cancelJobsWithTag(id)
      session.sparkContext.cancelJobGroup(id)
    }
  }

  /** Cancels a group's jobs, and for a while those that were about to start: a thread that was told
    * to stop may submit one more on its way out, or still plan its query (`busy`).
    */
  def keepCancelling(group: String, busy: () => Boolean = () => false): Unit = {
    cancel(group)
    val thread = new Thread(
      () => {
        var turns = 0
        while (turns < 50 || busy()) {
          Thread.sleep(100)
          if (runs(group)) cancel(group)
          turns += 1
        }
      },
      s"cancel-$group"
    )
    thread.setDaemon(true)
    thread.start()
  }

  private def runs(group: String): Boolean = peek.exists { session =>
    val tracker = session.sparkContext.statusTracker
    val running = (id: Int) => tracker.getJobInfo(id).exists(_.status == JobExecutionStatus.RUNNING)
    (tracker.getJobIdsForGroup(group) ++ tracker.getJobIdsForTag(group)).exists(running)
  }

  private val description = new ThreadLocal[String]

  /** Told of each new session, and of the end of each. */
  @volatile var began: SparkSession => Unit = (_: SparkSession) => ()
  @volatile var ended: () => Unit = () => ()

  def stop(): Unit = synchronized(peek.foreach { session =>
    session.stop()
    ended()
  })

  /** Ends it for good: cells that still run make no other one while the process ends. */
  def end(): Unit = {
    over = true
    stop()
  }
  @volatile private var over = false

  /** Ends it, as if there had been none. */
  def forget(): Unit = {
    stop()
    current = None
    problem = None
    made = 0
  }

  private def create(): SparkSession = {
    living()
    try
      underLoader {
        SparkSession.clearActiveSession()
        SparkSession.clearDefaultSession()
        // A cell may have made a context alone.
        val own = SparkEnv.get == null
        val conf = SparkBuild.completed(new SparkConf())
        if (own) check(conf)
        // Also where another one is just going: it may be gone when this one is made.
        val session = watched(conf) {
          (if (own) builder() else SparkSession.builder()).getOrCreate()
        }
        if (own && current.isDefined)
          note("The Spark session was stopped; a fresh one takes its place.")
        adopt(session)
        session
      }
    catch {
      case error: Throwable =>
        val conf = SparkBuild.completed(new SparkConf())
        val cause = Failure.unwrapped(error)
        val said = Option(cause.getMessage).getOrElse(cause.toString)
        val known = error match {
          case missing: Reach.Missing => Some(s"${missing.getMessage}.")
          case full: Queue.Full       => Some(full.getMessage)
          case _                      =>
            Reach.refused(conf, said).orElse(Reach.unbound(conf, said)).orElse(Refusals.of(error))
        }
        // To a sentence of ours a trace adds nothing; Spark has written it into the log.
        val failed = known.fold(new IllegalStateException(s"Spark did not start: $said", error))(
          why => new IllegalStateException(s"Spark did not start: $why")
        )
        problem = Some(failed)
        throw failed
    }
  }

  private def check(conf: SparkConf): Unit = {
    Reach.check(conf)
    Refusals.begin(conf)
  }

  /** A cluster that keeps an application waiting says nothing to it. */
  private def watched[A](conf: SparkConf)(make: => A): A =
    Queue.watched(conf, note)(Registration.watched(conf, note)(make))

  private def living(): Unit =
    if (over) throw new IllegalStateException("The kernel is shutting down.")

  private def underLoader[A](body: => A): A = {
    val thread = Thread.currentThread
    val before = thread.getContextClassLoader
    thread.setContextClassLoader(loader)
    try body
    finally thread.setContextClassLoader(before)
  }

  /** One that a cell has made by itself. */
  private def adopted(): Option[SparkSession] = {
    val found = SparkSession.getActiveSession
      .orElse(SparkSession.getDefaultSession)
      .filterNot(_.sparkContext.isStopped)
    found.foreach(adopt)
    found
  }

  private def adopt(session: SparkSession): Unit = {
    val isNew = adopting.synchronized {
      val isNew = !current.exists(_ eq session)
      if (isNew) {
        current = Some(session)
        problem = None
        made += 1
      }
      isNew
    }
    if (isNew) {
      progress.follow(session.sparkContext)
      monitor.follow(session.sparkContext)
      CellSerializer.install(session.sparkContext)
      added().foreach(jar => session.sparkContext.addJar(jar.toString))
      val own = SparkBuild.jars(session.sparkContext.getConf)
      if (own.nonEmpty) addJars(own)
      began(session)
    }
  }
  private val adopting = new Object

  private def builder(): SparkSession.Builder = {
    val conf = SparkBuild.completed(new SparkConf())
    val builder = SparkSession.builder().config(conf)
    val wantsHive = conf.get("spark.sql.catalogImplementation", "in-memory") == "hive"
    if (!wantsHive) builder
    else if (hasHive) builder.enableHiveSupport()
    else {
      note("Spark has no Hive classes: the catalog is in memory.")
      builder.config("spark.sql.catalogImplementation", "in-memory")
    }
  }

  private def hasHive: Boolean =
    try {
      Class.forName("org.apache.hadoop.hive.conf.HiveConf", false, loader)
      true
    } catch { case _: ClassNotFoundException => false }

  private def note(text: String): Unit = System.err.println(text)
}
