package toree.spark

import scala.collection.mutable
import scala.concurrent.Await
import scala.concurrent.duration.Duration

import org.apache.spark.FutureAction
import org.apache.spark.rdd.RDD

/** The items of an RDD in order, as they are asked for.
  *
  * Each partition is a job of its own, of which so many run ahead as there are cores: a reader that
  * is slow or goes away holds back these and no more, nothing waits in the scheduler's own thread,
  * and the whole never lies in this process.
  */
final class Batches(rdd: RDD[Array[Byte]], ahead: Int, group: String)
    extends Iterator[Array[Byte]]
    with AutoCloseable {
  private val context = rdd.sparkContext
  private val partitions = rdd.partitions.length
  private val jobs = mutable.Queue.empty[FutureAction[Array[Array[Byte]]]]
  private var following = 0
  private var items: Iterator[Array[Byte]] = Iterator.empty
  @volatile private var closed = false

  def hasNext: Boolean = {
    while (!items.hasNext && !closed && advance()) {}
    items.hasNext && !closed
  }

  def next(): Array[Byte] = items.next()

  /** Cancels what runs ahead; from any thread. */
  def close(): Unit = {
    closed = true
    context.cancelJobGroup(group)
  }

  private def advance(): Boolean = {
    while (jobs.size < ahead && following < partitions) submit()
    jobs.nonEmpty && {
      items = Await.result(jobs.dequeue(), Duration.Inf).iterator
      if (following < partitions && !closed) submit()
      true
    }
  }

  private def submit(): Unit = {
    // Read by the thread that serves the items, which is not the one that made this.
    context.setJobGroup(group, "rows for a client", interruptOnCancel = true)
    val found = new Array[Array[Array[Byte]]](1)
    jobs.enqueue(
      context.submitJob[Array[Byte], Array[Array[Byte]], Array[Array[Byte]]](
        rdd,
        Batches.whole,
        Seq(following),
        (_, rows) => found(0) = rows,
        found(0)
      )
    )
    following += 1
  }
}

private object Batches {
  val whole: Iterator[Array[Byte]] => Array[Array[Byte]] = _.toArray
}
