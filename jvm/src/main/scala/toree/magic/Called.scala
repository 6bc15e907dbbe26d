package toree.magic

import scala.language.dynamics

import toree.cells.{Cell, Outbox}

/** `kernel.magics.addJar("...")`: every magic the notebook has, from code. */
final class Called private[toree] extends Dynamic {

  /** Runs a magic in the cell that calls it: the first argument is its line, a second its text.
    *
    * @throws IllegalArgumentException
    *   when it fails, with what it would have shown
    */
  def applyDynamic(name: String)(arguments: String*): Unit =
    Called.run(name, arguments.headOption.getOrElse(""), arguments.drop(1).mkString("\n"))
}

private[toree] object Called {
  def run(name: String, line: String, body: String = ""): Unit =
    Cell.current match {
      case Some(cell) =>
        val request = new Outbox.Request(_.magic(_, name, line, body))
        cell.tell(request)
        val failure = request.await()
        if (failure.nonEmpty) throw new IllegalArgumentException(failure)
      case None => throw new IllegalStateException("magics run in cells only")
    }
}
