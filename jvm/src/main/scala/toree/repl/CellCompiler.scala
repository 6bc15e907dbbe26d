package toree.repl

import java.util.concurrent.ConcurrentHashMap

import scala.collection.mutable
import scala.tools.nsc.interpreter.{CellMain, CellPath}

import toree.cells.{Cell, CellOptions, Failure, Outcome}

/** Makes of a cell's text the few requests it is run as: all compile, or the cell has done nothing.
  *
  * Called under the compiler's lock.
  */
final class CellCompiler(val main: CellMain, messages: Messages) {
  val statements = new Statements[main.type](main)
  val values = new CellValues[main.type](main)
  val comments = new DocComments[main.type](main)

  // By a request's package: the id of the cell it came from, and what to add to its line numbers.
  private val origins = new ConcurrentHashMap[String, (String, Int)]
  private var results = 0

  import statements.Statement

  /** One request of a cell, compiled and not yet run. */
  case class Piece(
      request: main.Request,
      path: CellPath,
      result: Option[String],
      lines: List[values.Line]
  )

  def compile(cell: Cell, code: String, options: CellOptions): Either[Outcome, List[Piece]] = {
    about(code)
    values.begin(cell.id)
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

  /** Defines names of ours; they are the user's to shadow. */
  def quietly(code: String): Unit = {
    about(code)
    main.compiled(code) match {
      case Some(request) => main.record(request)
      case None          =>
        throw new IllegalStateException(
          s"the REPL refused its own prelude: ${messages.all.map(_.text).mkString("; ")}"
        )
    }
  }

  private def about(code: String): Unit = {
    messages.clear()
    messages.about(new CellText(code, 0, code.length, "", Nil))
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
      origins.put(request.lineRep.packageName, (cell.id, above - main.linesAbove(request)))
      Piece(request, main.path(request), name, group.flatMap(s => values.lines(request, s.trees)))
    }
  }

  /** Where in this cell or an earlier one a line of a request is. Needs no lock. */
  def places(current: Cell): Failure.Places = (request, line) =>
    Option(origins.get(request)).filter(_ => line > 0).map { case (cell, shift) =>
      s"${if (cell == current.id) "<cell>" else "<earlier cell>"}:${line + shift}"
    }
}
