package toree.spark

import java.util.UUID
import java.util.concurrent.atomic.AtomicReference

import org.apache.spark.sql.{AnalysisException, DataFrame, Dataset}
import org.apache.spark.sql.streaming.{StreamingQuery, StreamingQueryProgress}

import toree.cells.{Cell, Outbox}
import toree.text.Json

/** A streaming DataFrame as a table that lives for as long as its cell runs.
  *
  * The query keeps no batch but the one that is shown. It ends with the cell: by the stop button,
  * by its own end, by its failure, which is the cell's.
  */
object LiveTable {
  private val pause = 500L // milliseconds between two looks

  def show(dataset: Dataset[_], rows: Int): Unit = {
    val table = new LiveTable(rows)
    val query = table.start(dataset.toDF())
    try
      while (query.isActive) {
        table.show(query, over = false)
        query.awaitTermination(pause)
      }
    finally {
      end(query)
      table.show(query, over = true)
    }
    query.exception.foreach(throw _)
  }

  /** On another thread: the stop button goes on interrupting the cell's. */
  private def end(query: StreamingQuery): Unit = {
    val ender = new Thread(() => query.stop(), s"end-${query.name}")
    ender.start()
    val patience = System.nanoTime + 10000000000L
    while (ender.isAlive && System.nanoTime < patience)
      try ender.join(100)
      catch { case _: InterruptedException => () }
  }
}

private final class LiveTable(rows: Int) {
  private val id = s"toree-stream-${UUID.randomUUID}"
  private val newest = new AtomicReference("")
  private var shown = ""
  private var batches = 0L
  private var total = 0L
  private var counted = -1L

  /** All groups of an aggregation are shown; of other queries the newest rows. */
  def start(frame: DataFrame): StreamingQuery = {
    def begin(mode: String): StreamingQuery =
      frame.writeStream
        .outputMode(mode)
        .queryName(id)
        .foreachBatch(each)
        .start()
    val modes = List("complete", "append", "update")
    modes.init.foldRight(() => begin(modes.last)) { (mode, otherwise) => () =>
      try begin(mode)
      catch { case _: AnalysisException => otherwise() }
    }()
  }

  // A value: in Scala 2.12 a function literal would suit two of Spark's methods.
  private val each: (DataFrame, Long) => Unit = (batch, _) => take(batch)

  /** Every partition must be read, or what the query remembers would not be kept. */
  private def take(batch: DataFrame): Unit = {
    batch.persist()
    try if (batch.count() > 0) newest.set(Preview.of(batch, rows))
    finally { batch.unpersist(); () }
  }

  def show(query: StreamingQuery, over: Boolean): Unit = {
    Option(query.lastProgress).foreach(count)
    val facts = Json.obj(
      "stream" -> Map(
        "batches" -> batches,
        "rows" -> total,
        "input" -> rate(query, _.inputRowsPerSecond),
        "processed" -> rate(query, _.processedRowsPerSecond),
        "over" -> over
      ),
      "table" -> newest.get,
      "display_id" -> id
    )
    if (facts != shown) {
      val event = Outbox.Display(Json.added(facts, "update" -> shown.nonEmpty))
      Cell.current.foreach(_.outbox.put(event))
    }
    shown = facts
  }

  private def count(progress: StreamingQueryProgress): Unit = if (progress.batchId > counted) {
    counted = progress.batchId
    batches = progress.batchId + 1
    total += progress.numInputRows
  }

  private def rate(query: StreamingQuery, of: StreamingQueryProgress => Double): Double =
    Option(query.lastProgress).map(of).filterNot(_.isNaN).filterNot(_.isInfinite).getOrElse(0.0)
}
