package toree.repl

import toree.cells.Outcome
import toree.text.Names

/** The compiler's messages about a cell as an outcome. */
object Diagnosis {

  def errors(messages: Messages, code: String): Outcome.Failed = {
    val errors = messages.errors
    val shown = (if (errors.isEmpty) messages.all else errors).map(Messages.show(_, code))
    Outcome.Failed(
      kind = "compile",
      name = "Compile Error",
      message =
        errors.headOption.fold("the compiler gave up")(e => Names.clean(e.text)) + packages(code) +
          Commands.ofImports(code).fold("")("\n" + _),
      traceback = if (shown.isEmpty) List("<cell>: error: the compiler gave up") else shown
    )
  }

  def incomplete(code: String): Outcome.Failed = {
    val lines = code.count(_ == '\n') + 1
    val why = "the cell ends in the middle of a statement"
    Outcome.Failed("syntax", "Syntax Error.", why, List(s"<cell>:$lines: error: $why"))
  }

  def warnings(messages: Messages, code: String): List[String] =
    messages.warnings.filterNot(m => summary.exists(m.text.contains)).map(Messages.show(_, code))

  // Counts of warnings that were not shown, with options no notebook has.
  private val summary = List("re-run with", "for details, enable")

  private def packages(code: String): String =
    if (code.linesIterator.exists(_.trim.matches("package\\s+[\\w.]+\\s*;?")))
      "\nA cell cannot have a package clause: its names live in the notebook."
    else ""
}
