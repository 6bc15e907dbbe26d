package toree.repl

import scala.collection.mutable.ListBuffer
import scala.reflect.internal.util.{NoPosition, Position}

import toree.text.Names

/** What the compiler said about one cell, with places in the cell's own text. */
final class Messages {
  import Messages._

  private val found = ListBuffer.empty[Message]
  private var text: CellText = CellText.none
  private var start = 0

  /** Messages from now on are about `text`, until `from` is told within a source of its own. */
  def about(text: CellText): Unit = {
    this.text = text
    start = 0
  }

  /** The text begins this far into the source the compiler sees. */
  def from(offset: Int): Unit = start = offset

  def add(pos: Position, severity: String, message: String): Unit = {
    val place =
      if (pos == null || pos == NoPosition || !pos.isDefined) None
      else text.place(pos.point - start)
    found += Message(severity.toLowerCase, message, place)
  }

  def clear(): Unit = found.clear()
  def all: List[Message] = found.toList.distinct
  def errors: List[Message] = all.filter(_.severity == "error")
  def warnings: List[Message] = all.filter(_.severity == "warning")
}

object Messages {
  final case class Message(severity: String, text: String, offset: Option[Int])

  /** `<cell>:3: error: ...` with the line and a caret under the place. */
  def show(message: Message, cell: String): String = {
    val text = Names.clean(message.text)
    message.offset match {
      case None         => s"<cell>: ${message.severity}: $text"
      case Some(offset) =>
        val at = math.min(offset, cell.length)
        val lineStart = cell.lastIndexOf('\n', at - 1) + 1
        val lineEnd = cell.indexOf('\n', at) match {
          case -1  => cell.length
          case end => end
        }
        val number = cell.substring(0, lineStart).count(_ == '\n') + 1
        val line = cell.substring(lineStart, lineEnd).stripSuffix("\r")
        // Tabs stay tabs, or the caret would stand elsewhere than the line shows.
        val caret = line.take(at - lineStart).map(c => if (c == '\t') '\t' else ' ') + "^"
        val (first, rest) = text.span(_ != '\n')
        s"<cell>:$number: ${message.severity}: $first$rest\n$line\n$caret"
    }
  }
}

/** The text given to the compiler for a part of a cell: that part, after a prefix, with insertions.
  */
final class CellText(
    cell: String,
    start: Int,
    end: Int,
    prefix: String,
    insertions: List[(Int, String)]
) {

  val code: String = {
    val out = new StringBuilder(prefix)
    var from = start
    insertions.sortBy(_._1).foreach { case (at, text) =>
      out ++= cell.substring(from, at) ++= text
      from = at
    }
    out ++= cell.substring(from, end)
    out.toString
  }

  /** The offset in the cell of an offset in `code`; none for what the user did not write. */
  def place(offset: Int): Option[Int] =
    if (offset < prefix.length) None
    else {
      var at = offset - prefix.length + start
      insertions.sortBy(_._1).foreach { case (where, text) =>
        if (at > where) at = math.max(where, at - text.length)
      }
      Some(math.min(at, cell.length))
    }
}

object CellText {
  val none = new CellText("", 0, 0, "", Nil)
}
