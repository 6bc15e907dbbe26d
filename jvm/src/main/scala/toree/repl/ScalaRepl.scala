package toree.repl

import java.util.concurrent.TimeUnit
import java.util.concurrent.locks.ReentrantLock

import scala.collection.mutable
import scala.tools.nsc.Settings
import scala.tools.nsc.interpreter.{CellMain, CellPath}

import toree.cells.{Cell, CellOptions, Failure, Outcome}
import toree.spark.SparkAccess
import toree.stop.{Guard, Interrupted}
import toree.text.Json

/** Runs Scala cells: compiles a cell as few requests, runs them in order, tells what came of it.
  *
  * Compiling is under one lock, running is not: completion works while a cell runs.
  */
final class ScalaRepl(
    settings: Settings,
    loader: ReplClassLoader,
    spark: SparkAccess,
    kernelKey: String,
    firstLine: Int
) {
  private val lock = new ReentrantLock
  private val messages = new Messages
  val main = new CellMain(settings, loader, messages)
  val statements = new Statements[main.type](main)
  private val comments = new DocComments[main.type](main)
  private val completion = new Completion(main, comments)
  private val values = new CellValues[main.type](main)
  private val imports = new Imports[main.type](main)
  val displayers = new Displayers(loader)
  private val shown = new Results(displayers)

  @volatile var lastException: Throwable = _
  @volatile private var compiling: Cell = _
  private var warming = false
  // By a request's package: the id of the cell it came from, and what to add to its line numbers.
  private val places = new java.util.concurrent.ConcurrentHashMap[String, (String, Int)]
  private var bound = 0
  private var results = 0

  import statements.Statement

  /** One request of a cell, compiled and not yet run. */
  private case class Piece(
      request: main.Request,
      path: CellPath,
      result: Option[String],
      lines: List[values.Line]
  )

  def start(): Unit = locked {
    main.initialized(firstLine)
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
        if (warming && wanted) throw new Interrupted
        pt
      }
    })
    loader.translate = name =>
      // Class loading happens on any thread; one that would have to wait does without.
      if (lock.tryLock())
        try main.resourceOf(name)
        finally lock.unlock()
      else None
    quietly(Prelude.kernel(kernelKey))
    bindSpark()
  }

  /** Compiles code which leaves nothing behind, and runs it if told to: for the JIT's sake. Gives
    * way to whoever wants the compiler.
    */
  def warm(code: String): Unit = if (lock.tryLock()) {
    warming = true
    try
      main.compiled(code).foreach { request =>
        val path = main.path(request)
        main.instance(path)
        main.erase(request)
      }
    catch { case _: Interrupted => () }
    finally {
      warming = false
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
    if (stuck()) Outcome.stuck else compileAndRun(cell, code, options)

  /** Whether the compiler is still at a cell that was interrupted: then waiting is no use. */
  private def stuck(): Boolean = {
    val patience = System.nanoTime + 3000000000L
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
        compile(cell, code, options)
      } finally compiling = null
    }
    compiled match {
      case Left(outcome) => outcome
      case Right(pieces) => run(cell, pieces, options)
    }
  }

  private def bindSpark(): Unit = {
    bound = spark.number
    Prelude.spark.foreach(quietly)
  }

  /** Defines names of ours; they are the user's to shadow. */
  private def quietly(code: String): Unit = {
    messages.clear()
    messages.about(new CellText(code, 0, code.length, "", Nil))
    main.compiled(code) match {
      case Some(request) => main.record(request)
      case None          =>
        throw new IllegalStateException(
          s"the REPL refused its own prelude: ${messages.all.map(_.text).mkString("; ")}"
        )
    }
  }

  private def compile(
      cell: Cell,
      code: String,
      options: CellOptions
  ): Either[Outcome, List[Piece]] = {
    messages.clear()
    messages.about(new CellText(code, 0, code.length, "", Nil))
    values.clear()
    statements.parse(code) match {
      case statements.Incomplete    => Left(Diagnosis.incomplete(code))
      case statements.Invalid       => Left(Diagnosis.errors(messages, code))
      case statements.Complete(Nil) => Right(Nil)
      case statements.Complete(all) =>
        val made = pieces(cell, code, all, options)
        if (made.isRight) {
          statements.learn(all)
          comments.learn(code, all.flatMap(_.trees))
        }
        made
    }
  }

  private def pieces(
      cell: Cell,
      code: String,
      all: List[Statement],
      options: CellOptions
  ): Either[Outcome, List[Piece]] = {
    val usual = statements.groups(all, Statements.usualLimit, options.bindings.map(_.name).toSet)
    attempt(cell, code, usual, options).left.flatMap { first =>
      val second =
        if (messages.all.exists(m => m.text.contains("too large")))
          Some(statements.groups(all, 25, options.bindings.map(_.name).toSet))
        // A statement may need one that comes later, in another request.
        else if (usual.size > 1 && !statements.repeatsName(all)) Some(List(all))
        else None
      second.fold[Either[Outcome, List[Piece]]](Left(first))(attempt(cell, code, _, options))
    }
  }

  private def attempt(
      cell: Cell,
      code: String,
      groups: List[List[Statement]],
      options: CellOptions
  ): Either[Outcome, List[Piece]] = {
    messages.clear()
    val scope = main.replScope.toList
    val done = mutable.ListBuffer.empty[Piece]
    def undo(): Unit = {
      main.forget(done.map(_.request).toList)
      main.replScope.toList.foreach(main.replScope.unlink(_))
      scope.reverse.foreach(main.replScope.enter(_))
    }
    try {
      // A cell that reads a shared name and then defines it: the binding goes before, on its own.
      val names = options.bindings.map(_.name).toSet
      val apart = groups.headOption.exists(_.exists(_.definitions.exists(names)))
      if (apart) bindings(options).foreach { made =>
        main.record(made.request)
        done += made
      }
      val failed = groups.zipWithIndex.exists { case (group, index) =>
        val prefix = if (index == 0 && !apart) options.prefix else ""
        piece(cell, code, group, last = index == groups.size - 1, prefix) match {
          case None       => true
          case Some(made) =>
            main.record(made.request)
            done += made
            false
        }
      }
      if (failed) {
        undo()
        Left(Diagnosis.errors(messages, code))
      } else {
        (Diagnosis.warnings(messages, code) ++ Commands.ofDirectives(code))
          .foreach(System.err.println)
        Right(done.toList)
      }
    } catch {
      case problem: Throwable =>
        undo()
        throw problem
    }
  }

  private def bindings(options: CellOptions): Option[Piece] = {
    val text = new CellText("", 0, 0, options.prefix, Nil)
    messages.about(text)
    main.compiled(text.code).map(request => Piece(request, main.path(request), None, Nil))
  }

  private def piece(
      cell: Cell,
      code: String,
      group: List[Statement],
      last: Boolean,
      prefix: String
  ): Option[Piece] = {
    val expression = if (last && group.last.isExpression) Some(group.last) else None
    // Named so that no name a user may write is ever hidden by it.
    val name = expression.map { _ =>
      results += 1
      s"$$toree$$$results"
    }
    val insertions = expression.map(s => (s.start, s"val ${name.get} = ")).toList
    val before = if (group.exists(_.definesMacro)) prefix + Prelude.moduleWrapper else prefix
    val text = new CellText(code, group.head.start, group.last.end, before, insertions)
    messages.about(text)
    main.compiled(text.code).map { request =>
      val above = code.substring(0, group.head.start).count(_ == '\n')
      places.put(request.lineRep.packageName, (cell.id, above - main.linesAbove(request)))
      Piece(request, main.path(request), name, group.flatMap(s => values.lines(request, s.trees)))
    }
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
        Failure.outcome(problem, place(cell)).copy(definitions = definitions)
    }
  }

  private def place(current: Cell)(request: String, line: Int): Option[String] =
    Option(places.get(request)).filter(_ => line > 0).map { case (cell, shift) =>
      s"${if (cell == current.id) "<cell>" else "<earlier cell>"}:${line + shift}"
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

  def isComplete(code: String): String = locked {
    messages.clear()
    statements.parse(Commands.of(code)._2) match {
      case statements.Incomplete => Json.obj("status" -> "incomplete", "indent" -> indent(code))
      case statements.Invalid    => Json.obj("status" -> "invalid")
      // `6 *` parses as a postfix call, which nobody means at the end of a line.
      case statements.Complete(_) if endsInOperator(code) =>
        Json.obj("status" -> "incomplete", "indent" -> indent(code))
      case statements.Complete(_) => Json.obj("status" -> "complete")
    }
  }

  private def endsInOperator(code: String): Boolean = {
    val last = code.trim.split("\n").last
    "+-*/%<>=&|^:".indexOf(last.takeRight(1)) >= 0 && !last.endsWith("*/") && !last.contains("//")
  }

  private def indent(code: String): String = {
    val last = code.split("\n", -1).filter(_.trim.nonEmpty).lastOption.getOrElse("")
    val opens = List("{", "(", "[", "=>", "=", "\"\"\"").exists(last.trim.endsWith)
    last.takeWhile(_.isWhitespace) + (if (opens) "  " else "")
  }

  def complete(code: String, cursor: Int): String = locked(completion.complete(code, cursor))
  def inspect(code: String, cursor: Int, detail: Int): String = locked(
    completion.inspect(code, cursor, detail)
  )

  /** Whether a name in this code is Scala's own: what it imports, or earlier cells did. */
  def owns(code: String, name: String): Boolean = locked {
    statements.parse(Commands.of(code)._2) match {
      case statements.Complete(all) => imports.give(name, all.flatMap(_.trees))
      case _                        => false
    }
  }

  def references(code: String): List[String] = locked(
    statements.references(Commands.of(code)._2).toList.sorted
  )

  /** What the last cell assigned, without what magics need for themselves. */
  def assigned: List[Map[String, String]] =
    values.assigned.filterNot(_.get("name").exists(_.startsWith("toree$")))
  def value(name: String): Option[Any] = values.current(name)

  def addJars(jars: Seq[java.net.URL]): Unit = locked {
    jars.foreach(loader.addJar)
    displayers.refresh()
    // As the REPL's own :require does: without a new run the first jar's packages stay unseen.
    new main.global.Run()
    main.global.extendCompilerClassPath(jars: _*)
    main.dropPresentationCompiler()
  }

  def close(): Unit = locked(main.close())
}
