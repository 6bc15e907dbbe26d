package toree.companion

import java.net.URI
import java.nio.file.{Files, Path}
import java.util.{Collections, LinkedHashMap, Map => JMap}
import java.util.concurrent.{ConcurrentHashMap, CountDownLatch, LinkedBlockingDeque}
import java.util.concurrent.atomic.AtomicBoolean

import org.apache.spark.sql.Dataset

import toree.{Events, Kernel}
import toree.cells.{Cell, CellOptions, CellThread, Outcome, OutputCapture}
import toree.closures.GeneratedCode
import toree.magic.Magics
import toree.packages.{Packages, Request}
import toree.repl.{Commands, ReplClassLoader, ReplSettings, ScalaRepl}
import toree.sharing.Sharing
import toree.spark.{LiveTable, Settings, WorkspaceSpark}
import toree.sql.{SqlCell, SqlCompletion}
import toree.stop.Guard

/** A REPL over a Spark session, and the cells running in it. The REPL starts with its first use:
  * much is done in SQL, Python and R alone.
  */
final class Workspace(
    val name: String,
    loader: ReplClassLoader,
    classes: Path,
    val spark: WorkspaceSpark,
    capture: OutputCapture,
    packages: Packages,
    magics: Magics
) {
  private val running = new ConcurrentHashMap[String, Cell]
  // Interrupts that overtook their cell on its way here; bounded, as most of them came too late.
  private val early = new LinkedBlockingDeque[String](100)
  // Py4J calls a second time when the connection broke and no answer came.
  private val seen = Collections.synchronizedMap(new LinkedHashMap[String, AnyRef] {
    override def removeEldestEntry(eldest: JMap.Entry[String, AnyRef]): Boolean = size > 1000
  })
  private val ready = new CountDownLatch(1)
  private val begun = new AtomicBoolean
  private val access = spark.shared
  // No name of the user's, and another for each REPL over the same values.
  private val kernelKey = s"kernel ${loader.firstLine}"
  private val threads = new Object
  @volatile private var usual: CellThread = _
  @volatile private var problem: Option[Throwable] = None
  @volatile private var started: ScalaRepl = _
  @volatile var kernel: Kernel = _

  /** Makes the REPL, once; called on a thread of its own. */
  def start(): Unit = if (begun.compareAndSet(false, true))
    try {
      val jars = loader.all.added
      val settings = ReplSettings(classes, jars, System.err.println)
      val repl = new ScalaRepl(settings, loader, spark, kernelKey, jars.size)
      kernel = new Kernel(
        spark,
        addJars,
        evaluate,
        // Classes of cells may stay for a while, and hold this: not the compiler with it.
        () => Option(started).map(_.lastException).orNull,
        shown => Option(started).foreach(_.displayers.register(shown)),
        put,
        name,
        sharing.data
      )
      loader.shared.put(kernelKey, kernel)
      repl.start()
      started = repl
    } catch {
      case error: Throwable => problem = Some(error)
    } finally ready.countDown()

  def isIdle: Boolean = running.isEmpty
  val sharing = new Sharing(loader.shared, () => repl(), Option(started), spark)
  val settings = new Settings(spark)
  val sqlCompletion = new SqlCompletion(spark, sharing.frame)

  def isReady: Boolean = started != null

  def repl(): ScalaRepl = {
    if (!begun.get) Threads.background(s"repl-$name", loader)(start())
    ready.await()
    problem.foreach(e => throw new IllegalStateException(s"the Scala REPL did not start: $e", e))
    Option(started).getOrElse(throw new IllegalStateException(s"$name has a new REPL, or ended"))
  }

  def execute(id: String, code: String, options: CellOptions, events: Events): Outcome =
    cell(id, code, events) { cell =>
      val outcome = announced(code)(executeScala(cell, code, options))
      outcome match {
        case _: Outcome.Ok => options.bindings.foreach(b => sharing.drop(b.key)) // the REPL's now
        case _             => ()
      }
      outcome
    }

  /** Commands before the code first; what comes of the last part is what comes of the cell. */
  private def executeScala(cell: Cell, code: String, options: CellOptions): Outcome = {
    val (commands, rest) = Commands.of(code)
    val before = commands.foldLeft[Outcome](Outcome.Ok()) {
      case (_: Outcome.Ok, command) => perform(command, cell, options.copy(bindings = Nil))
      case (ended, _)               => ended
    }
    before match {
      case _: Outcome.Ok if commands.isEmpty || rest.trim.nonEmpty =>
        repl().execute(cell, rest, options)
      case other => other
    }
  }

  private def perform(command: Commands.Command, cell: Cell, options: CellOptions): Outcome =
    command match {
      case Commands.Load(named) =>
        val file = access.folder.resolve(named)
        Commands.text(file) match {
          case Some(text) => repl().execute(cell, text, options)
          case None       => Outcome.syntax(s"There is no file $file.")
        }
      case Commands.Jar(named) =>
        val file = access.folder.resolve(named)
        if (Files.exists(file)) {
          addJars(Seq(file.toUri))
          Outcome.Ok()
        } else Outcome.syntax(s"There is no file $file.")
      case Commands.Say(text) =>
        System.out.print(text)
        Outcome.Ok()
      case Commands.Refuse(text) => Outcome.syntax(text)
    }

  def executeSql(id: String, text: String, options: SqlCell.Options, events: Events): Outcome =
    cell(id, text, events) { _ =>
      announced(text)(sharing.sql(text, options, (name, frame) => put(s"sql:$name", frame)))
    }

  /** The streaming table under a key, for as long as this call runs. */
  def stream(id: String, key: String, rows: Int, events: Events): Outcome =
    cell(id, "streaming table", events) { _ =>
      val table = named(key).collect { case table: Dataset[_] => table }
      put(key, null)
      table.foreach(LiveTable.show(_, rows))
      Outcome.Ok()
    }

  /** Something has come by a comm: its handlers run as a cell. */
  def comm(id: String, message: String, events: Events): Outcome =
    cell(id, "comm message", events) { _ =>
      repl()
      kernel.comm.come(message)
      Outcome.Ok()
    }

  private def announced(code: String)(body: => Outcome): Outcome = {
    magics.tell(_.preRunCell(code))
    val outcome = body
    magics.tell(_.postRunCell(code, outcome.isInstanceOf[Outcome.Ok]))
    outcome
  }

  /** Runs a magic of a jar's. */
  def runMagic(
      id: String,
      kind: String,
      name: String,
      line: String,
      body: String,
      events: Events
  ): Outcome =
    cell(id, s"%$name $line", events) { _ =>
      repl()
      magics.run(kind, name, line, body, kernel)
    }

  /** Resolves a package and puts it on every class path. */
  def addPackage(id: String, request: Request, events: Events): Outcome =
    cell(id, s"%AddDeps $request", events)(_ => packages.resolve(request, addJars))

  /** Fetches a jar and puts it on every class path. */
  def addJar(id: String, uri: URI, force: Boolean, events: Events): Outcome =
    cell(id, s"%AddJar $uri", events)(_ => packages.fetch(uri, force, () => access.hadoop, addJars))

  private def cell(id: String, code: String, events: Events)(body: Cell => Outcome): Outcome = {
    if (seen.put(id, id) != null) {
      interrupt(id)
      throw new IllegalStateException(
        "The connection to the JVM broke while the cell ran. It is not run again; what it had done " +
          "until it was stopped is done."
      )
    }
    val cell = new Cell(id, name, capture.background.put)
    running.put(id, cell)
    if (early.remove(id)) interrupt(id)
    capture.started(cell)
    val thread = threadFor(cell)
    try {
      val outcome = thread.run(cell, events) {
        spark.enter()
        access.tagged(cell, code)(body(cell))
      }
      capture.background.settle()
      outcome
    } finally {
      if (thread ne usual) thread.close()
      // Only when the front is gone is the cell still running here.
      if (cell.running) interrupt(id)
      running.remove(id, cell)
      capture.ended(cell)
    }
  }

  /** The thread of the cells before, else one more: for a cell beside a running one, and from then
    * on where that does not stop.
    */
  private def threadFor(cell: Cell): CellThread = threads.synchronized {
    if (usual == null || usual.isStuck) {
      if (usual != null) usual.close()
      usual = new CellThread(loader)
    }
    (if (usual.isFree) usual else new CellThread(loader)).keep(cell)
  }

  /** Tells a cell to stop, again and again until it has; harmless when it has ended. */
  def interrupt(id: String): Unit = Option(running.get(id)) match {
    case None =>
      while (!early.offer(id)) early.poll()
      // It may have come in just now.
      if (running.containsKey(id) && early.remove(id)) interrupt(id)
    case Some(cell) =>
      val stopper = new Thread(null, () => stop(cell), s"stop-$id")
      stopper.setDaemon(true)
      stopper.start()
  }

  private def stop(cell: Cell): Unit = {
    Guard.shut(cell)
    try
      while (cell.running) {
        Option(started).foreach(_.stopCompiling(cell))
        cell.wake()
        access.cancel(cell.id)
        Thread.sleep(50)
      }
    finally {
      access.keepCancelling(cell.id)
      // Threads the cell has started stop at their next check too.
      Thread.sleep(200)
      Guard.open(cell)
    }
  }

  def interruptAll(): Unit = running.keySet.forEach(id => interrupt(id))

  def put(name: String, value: Any): Unit =
    if (value == null) loader.shared.remove(name) else loader.shared.put(name, value)

  /** A value put under a key, else what a name of the REPL holds now. */
  def named(name: String): Option[Any] =
    Option(loader.shared.get(name)).orElse(Option(started).flatMap(_.value(name)))

  def addJars(uris: Seq[URI]): Unit = {
    repl().addJars(uris.map(_.toURL))
    spark.peek.foreach(session => uris.foreach(uri => session.sparkContext.addJar(uri.toString)))
    access.lookAgain()
  }

  private def evaluate(code: String): Outcome =
    Cell.current.fold[Outcome](Outcome.Aborted)(cell => repl().execute(cell, code, CellOptions()))

  /** Another REPL over the same session and values takes its place. */
  def successor(loader: ReplClassLoader): Workspace =
    new Workspace(name, loader, classes, spark, capture, packages, magics)

  /** The values that are shared, which outlive a REPL. */
  def values: ConcurrentHashMap[String, Any] = loader.shared

  /** @param forgotten
    *   whether what its cells have made goes too: at the end of a private session
    */
  def close(forgotten: Boolean): Unit = {
    interruptAll()
    if (usual != null) usual.close()
    Option(started).foreach(_.close(forgotten))
    started = null
    loader.shared.remove(kernelKey) // it leads to the whole compiler
    Threads.background(s"forget-$name", getClass.getClassLoader) {
      for (_ <- 1 to 100 if !isIdle) Thread.sleep(50)
      GeneratedCode.forget(loader, loader.mentioned)
      GeneratedCode.forgetSizes(loader)
    }
  }
}
