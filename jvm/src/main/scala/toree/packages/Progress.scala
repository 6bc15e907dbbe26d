package toree.packages

import org.apache.ivy.plugins.repository.{TransferEvent, TransferListener}

import toree.cells.{Cell, Outbox}
import toree.text.Json

/** What is being fetched, in one line of the cell's output that is written over. */
final class Progress(cell: Option[Cell], title: String) extends TransferListener {
  private val begun = System.nanoTime
  private var shown = 0L
  private var first = true
  private var files = 0
  private var bytes = 0L

  @volatile var stopped = false

  override def transferProgress(event: TransferEvent): Unit = {
    // Ends a transfer whose cell has been stopped.
    if (stopped) throw new IllegalStateException("stopped")
    val name = event.getResource.getName.split('/').last
    if (name.endsWith(".jar") && event.getRequestType == TransferEvent.REQUEST_GET) {
      if (event.getEventType == TransferEvent.TRANSFER_PROGRESS) bytes += event.getLength
      if (event.getEventType == TransferEvent.TRANSFER_COMPLETED) files += 1
      soon(
        s"$title: $name, ${Progress.megabytes(bytes)}" + (if (files > 0) s" ($files done)" else "")
      )
    } else soon(s"$title: $name")
  }

  /** Bytes of a file that is no package's. */
  def came(size: Int): Unit = {
    if (stopped) throw new IllegalStateException("stopped")
    bytes += size
    soon(s"$title: ${Progress.megabytes(bytes)}")
  }

  def say(text: String): Unit = show(s"$title: $text")

  /** Seconds from the beginning to now. */
  def seconds: String = f"${(System.nanoTime - begun) / 1e9}%.1f s"

  def end(text: String): Unit = show(text)

  private def soon(text: String): Unit = if (System.nanoTime - shown > Progress.pause) show(text)

  private def show(text: String): Unit = {
    shown = System.nanoTime
    cell.foreach(
      _.outbox.put(
        Outbox.Display(
          Json.obj(
            "data" -> Map("text/plain" -> text),
            "metadata" -> Map.empty[String, Any],
            "display_id" -> s"toree-packages-${cell.get.id}-${System.identityHashCode(this)}",
            "update" -> !first
          )
        )
      )
    )
    first = false
  }
}

object Progress {
  private val pause = 200000000L

  def megabytes(bytes: Long): String =
    if (bytes < 1000000) s"${math.max(1, bytes / 1000)} KB" else f"${bytes / 1e6}%.1f MB"
}
