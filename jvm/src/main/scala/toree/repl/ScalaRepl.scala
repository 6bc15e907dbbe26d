package toree.repl

import java.util.concurrent.TimeUnit
import java.util.concurrent.locks.ReentrantLock

import scala.collection.mutable
import scala.tools.nsc.Settings
import scala.tools.nsc.interpreter.CellMain

import toree.cells.{Cell, CellOptions, Failure, Outcome}
import toree.spark.WorkspaceSpark
import toree.stop.{Guard, Interrupted, Question, Stoppable}

/** Runs Scala cells: compiles a cell as few requests, runs them in order, tells what came of it.
  *
  * Compiling is under one lock, running is not: completion works while a cell runs.
  *
  * @param seen
  *   how many of the added jars the settings have; it looks for more before it compiles, as other
  *   REPLs add to the one class loader
  */
final class ScalaRepl(
    settings: Settings,
    loader: ReplClassLoader,
    spark: WorkspaceSpark,
    kernelKey: String,
    private var seen: Int
) {
  private val lock = new ReentrantLock
  private val messages = new Messages
  private val compiler = new CellCompiler(new CellMain(settings, loader, messages), messages)
  import compiler.{main, statements, values, Piece}

  private val completeness = new Completeness(compiler.statements)
  private val completion = new Completion(main, compiler.comments)
  private val imports = new Imports[main.type](main)
  private val history = new History[main.type](main, values.forget)
  val displayers = new Displayers(loader)
  private val shown = new Results(displayers)

  @volatile var lastException: Throwable = _
  // The cell that compiles, or the question that is answered.
  @volatile private var compiling: Stoppable = _
  // Whether the compilation for nobody, if there is one, may go on.
  private var warming: Option[() => Boolean] = None
  private var bound = 0

  def start(): Unit = locked {
    main.initialized(loader.firstLine)
    import main.global._
    analyzer.addAnalyzerPlugin(new analyzer.AnalyzerPlugin {
      // Asked for every tree that is typed: the one place to stop a compilation that takes for ever.
      override def pluginsPt(
          pt: Type,
          typer: analyzer.Typer,
          tree: Tree,
          mode: scala.reflect.internal.Mode
      ): Type = {
        Guard.check()
        if (warming.exists(goOn => wanted || !goOn())) throw new Interrupted
        pt
      }
    })
    loader.translate = name =>
      // Class loading happens on any thread; one that would have to wait does without.
      if (lock.tryLock())
        try main.resourceOf(name)
        finally lock.unlock()
      else None
    bound = spark.number
    // One request: to compile is slow before the JIT knows the compiler.
    compiler.quietly(s"${Prelude.kernel(kernelKey)}\n${Prelude.spark}")
  }

  /** Compiles code which leaves nothing behind, and runs it: for the JIT's sake. Gives way to
    * whoever wants the compiler, and to any cell: two cores have enough to do with that.
    */
  def warm(code: String, idle: () => Boolean): Unit = if (lock.tryLock()) {
    warming = Some(idle)
    try
      main.compiled(code).foreach { request =>
        if (idle()) main.instance(main.path(request))
        main.erase(request)
      }
    catch { case _: Interrupted => () }
    finally {
      warming = None
      main.reporter.reset()
      lock.unlock()
    }
  }

  /** Makes the first completion as quick as the later ones. */
  def warmCompletion(): Unit = {
    val fresh = main.freshPresentationCompiler()
    locked(main.adopt(fresh))
  }

  def locked[T](body: => T): T = {
    lock.lockInterruptibly()
    try body
    finally lock.unlock()
  }

  /** True when a cell or a question waits for the compiler. */
  def wanted: Boolean = lock.hasQueuedThreads

  def execute(cell: Cell, code: String, options: CellOptions): Outcome =
    if (stuck(3)) Outcome.stuck else compileAndRun(cell, code, options)

  /** A question about code. It ends when the compiler is not to be had, or takes too long. */
  private def asked[T](body: => T): T = {
    if (stuck(1) || !lock.tryLock(ScalaRepl.patience, TimeUnit.SECONDS)) throw new CompilerBusy
    val question = new Question
    try {
      compiling = question
      meetJars()
      question.within(ScalaRepl.patience)(body)
    } catch {
      case _: Interrupted => throw new CompilerBusy
    } finally {
      compiling = null
      lock.unlock()
    }
  }

  /** Whether the compiler is still at what was told to stop: then waiting is no use. */
  private def stuck(seconds: Int): Boolean = {
    val patience = System.nanoTime + seconds * 1000000000L
    var free = lock.tryLock(100, TimeUnit.MILLISECONDS)
    while (!free && Option(compiling).exists(_.interrupted) && System.nanoTime < patience)
      free = lock.tryLock(100, TimeUnit.MILLISECONDS)
    if (free) lock.unlock()
    !free && Option(compiling).exists(_.interrupted)
  }

  private def compileAndRun(cell: Cell, code: String, options: CellOptions): Outcome = {
    val compiled = locked {
      compiling = cell
      try {
        if (bound != spark.number) bindSpark()
        meetJars()
        history.tidy()
        val made = compiler.compile(cell, code, options)
        if (made.isRight) history.begins()
        made
      } finally compiling = null
    }
    compiled match {
      case Left(outcome) => outcome
      case Right(pieces) => run(cell, pieces, options)
    }
  }

  private def bindSpark(): Unit = {
    bound = spark.number
    compiler.quietly(Prelude.spark)
  }

  private def run(cell: Cell, pieces: List[Piece], options: CellOptions): Outcome = {
    val echo = new mutable.ListBuffer[String]
    def definitions =
      if (echo.isEmpty || options.silent) None else Some(echo.mkString("", "\n", "\n"))
    var left = pieces
    try {
      var outcome: Outcome.Ok = Outcome.Ok()
      while (left.nonEmpty) {
        val piece = left.head
        val instance = main.instance(piece.path)
        values.ran(piece.request, instance)
        left = left.tail
        piece.lines.foreach(line =>
          values.echo(line, instance, options.showTypes).foreach(echo += _)
        )
        if (left.isEmpty) outcome = result(piece, instance, options)
      }
      outcome.copy(definitions = definitions)
    } catch {
      case problem: Throwable =>
        locked(main.forget(left.map(_.request)))
        lastException = Failure.unwrapped(problem)
        Failure.outcome(problem, compiler.places(cell)).copy(definitions = definitions)
    } finally {
      history.ends(pieces.dropRight(left.size).map(_.request))
      if (lock.tryLock())
        try history.tidy()
        finally lock.unlock()
    }
  }

  private def result(piece: Piece, instance: AnyRef, options: CellOptions): Outcome.Ok =
    piece.result match {
      case Some(name) =>
        val kind = values.typeText(piece.request, name)
        if (kind == "Unit" || kind == "Nothing") Outcome.Ok()
        else shown.of(main.valueIn(instance, name), kind, options)
      case None =>
        piece.lines.lastOption.flatMap(values.lastValue(_, instance)) match {
          case Some((line, value)) => shown.plain(s"${line.name}: ${line.kind}", value, options)
          case None                => Outcome.Ok()
        }
    }

  /** Ends the compilation of a cell between two phases; within one, the analyzer plugin does. */
  def stopCompiling(cell: Cell): Unit = if (compiling == cell) main.reporter.cancelled = true

  def isComplete(code: String): String = asked(completeness.of(code))
  def complete(code: String, cursor: Int): String = asked(completion.complete(code, cursor))
  def inspect(code: String, cursor: Int, detail: Int): String = asked(
    completion.inspect(code, cursor, detail)
  )

  /** The names that code may take from outside it, and which of the foreign ones are Scala's own:
    * what the code imports, or earlier cells did.
    */
  def references(code: String, foreign: Set[String]): (List[String], List[String]) = asked {
    statements.parse(Commands.of(code)._2) match {
      case statements.Complete(all) =>
        val names = statements.references(all).toList.sorted
        val trees = all.flatMap(_.trees)
        (names, names.filter(name => foreign(name) && imports.give(name, trees)))
      case _ => (Nil, Nil)
    }
  }

  /** What a cell assigned, told once; without what magics need for themselves. */
  def assigned(cell: String): List[Map[String, String]] =
    values.assigned(cell).filterNot(_.get("name").exists(_.startsWith("toree$")))
  def value(name: String): Option[Any] = values.current(name)

  def addJars(jars: Seq[java.net.URL]): Unit = locked {
    jars.foreach(loader.all.addJar)
    meetJars()
  }

  private def meetJars(): Unit = {
    val jars = loader.all.added.drop(seen)
    if (jars.nonEmpty) {
      seen += jars.size
      displayers.refresh()
      // As the REPL's own :require does: without a new run the first jar's packages stay unseen.
      new main.global.Run()
      main.global.extendCompilerClassPath(jars: _*)
      main.dropPresentationCompiler()
    }
  }

  /** Returns at once: the compiler may be busy with what does not stop.
    *
    * @param forgotten
    *   whether the values go too; those of a REPL that others take the place of may be in functions
    */
  def close(forgotten: Boolean): Unit = {
    loader.translate = (_: String) => None
    val closing = new Thread(
      () =>
        locked {
          if (forgotten) values.clear()
          main.close()
        },
      "repl-close"
    )
    closing.setDaemon(true)
    closing.start()
  }
}

object ScalaRepl {
  private val patience = 8L // seconds: the front waits a little longer
}
