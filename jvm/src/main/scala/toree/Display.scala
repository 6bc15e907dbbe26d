package toree

import java.awt.image.RenderedImage
import java.util.UUID

import scala.reflect.ClassTag

import org.apache.spark.sql.Dataset

import toree.cells.{Cell, Outbox}
import toree.magic.Called
import toree.spark.LiveTable
import toree.text.{Json, Mime}

/** `kernel.display`: output of any MIME type from a Scala cell.
  *
  * What is shown can be shown anew: `val h = kernel.display.html("..."); h.update("...")`.
  */
final class Display private[toree] (
    displayers: Displayer => Unit,
    lend: (String, Dataset[_]) => Unit
) {

  /** Text of a text type, JSON of a JSON type, base 64 of a binary one.
    *
    * Throws IllegalArgumentException where `data` is to be JSON and is not.
    */
  def content(mime: String, data: String): Shown = {
    val shown = new Shown(mime, UUID.randomUUID.toString)
    shown.send(data, update = false)
    shown
  }

  def html(data: String): Shown = content("text/html", data)
  def markdown(data: String): Shown = content("text/markdown", data)
  def latex(data: String): Shown = content("text/latex", data)
  def json(data: String): Shown = content("application/json", data)
  def svg(data: String): Shown = content("image/svg+xml", data)
  def javascript(data: String): Shown = content("application/javascript", data)
  def png(data: Array[Byte]): Shown = content("image/png", Mime.base64(data))
  def png(image: RenderedImage): Shown = content("image/png", Mime.png(image))

  /** A table as a grid: pages, order and filters are Spark's work; `%explore` in other languages.
    */
  def explore(table: Dataset[_]): Unit = {
    val key = s"explore@${UUID.randomUUID}"
    lend(key, table)
    Called.run("explore", s"--held $key")
  }

  /** A streaming table and its query's rates, until the cell is stopped. */
  def stream(table: Dataset[_], rows: Int = 20): Unit = LiveTable.show(table, rows)

  /** How values of `T` are shown from now on: MIME types and contents. */
  def register[T](show: T => Map[String, String])(implicit kind: ClassTag[T]): Unit =
    displayers {
      case kind(value) => Mime.java(show(value))
      case _           => null
    }

  /** Clears the cell's output, at once or when new output comes. */
  def clear(wait: Boolean = false): Unit = Display.put(Outbox.Clear(wait))
}

/** Something shown; `update` replaces it wherever it stands. */
final class Shown private[toree] (mime: String, id: String) {
  def update(data: String): Unit = send(data, update = true)

  override def toString: String = s"what is shown as $mime"

  /** Every picture has a text, for those who can't see it. */
  private def spoken: Map[String, Any] =
    if (mime.startsWith("image/")) Map("text/plain" -> s"<picture, $mime>") else Map.empty

  private[toree] def send(data: String, update: Boolean): Unit = {
    if (data == null)
      throw new IllegalArgumentException(s"There is nothing to show as $mime: null.")
    Display.put(shown(data, update))
  }

  private def shown(data: String, update: Boolean): Outbox.Event =
    Outbox.Display(
      Json.obj(
        "data" -> (Map(mime -> Mime.content(mime, data)) ++ spoken),
        "metadata" -> Map.empty[String, Any],
        "display_id" -> id,
        "update" -> update
      )
    )
}

private object Display {
  def put(event: Outbox.Event): Unit = Cell.current.foreach(_.tell(event))
}
