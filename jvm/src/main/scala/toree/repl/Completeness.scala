package toree.repl

import scala.tools.nsc.interpreter.CellMain

import toree.text.Json

/** Whether a cell may be run as it stands, and how far its next line is indented. */
final class Completeness[M <: CellMain](statements: Statements[M]) {

  def of(code: String): String =
    statements.parse(Commands.of(code)._2) match {
      case statements.Incomplete => incomplete(code)
      case statements.Invalid    => Json.obj("status" -> "invalid")
      // `6 *` parses as a postfix call, which nobody means at the end of a line.
      case statements.Complete(_) if endsInOperator(code) => incomplete(code)
      case statements.Complete(_)                         => Json.obj("status" -> "complete")
    }

  private def incomplete(code: String): String =
    Json.obj("status" -> "incomplete", "indent" -> indent(code))

  private def endsInOperator(code: String): Boolean = {
    val last = code.trim.split("\n").last
    "+-*/%<>=&|^:".indexOf(last.takeRight(1)) >= 0 && !last.endsWith("*/") && !last.contains("//")
  }

  private def indent(code: String): String = {
    val last = code.split("\n", -1).filter(_.trim.nonEmpty).lastOption.getOrElse("")
    val opens = List("{", "(", "[", "=>", "=", "\"\"\"").exists(last.trim.endsWith)
    last.takeWhile(_.isWhitespace) + (if (opens) "  " else "")
  }
}
