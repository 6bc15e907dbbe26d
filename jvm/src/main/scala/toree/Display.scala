package toree

import toree.cells.{Cell, Outbox}
import toree.text.Json

/** `kernel.display`: output of any mime type from a Scala cell. */
final class Display private[toree] {
  def content(mime: String, data: String): Unit = send(
    Outbox.Display(
      Json.obj(
        "data" -> Map(mime -> data),
        "metadata" -> Map.empty[String, Any],
        "display_id" -> None,
        "update" -> false
      )
    )
  )

  def html(data: String): Unit = content("text/html", data)
  def javascript(data: String): Unit = content("application/javascript", data)

  /** Clears the cell's output, at once or when new output comes. */
  def clear(wait: Boolean = false): Unit = send(Outbox.Clear(wait))

  private def send(event: Outbox.Event): Unit = Cell.current.foreach(_.outbox.put(event))
}
