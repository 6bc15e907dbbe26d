package toree.cells

import java.util.concurrent.{ConcurrentHashMap, Executors, ScheduledExecutorService, TimeUnit}
import java.util.concurrent.atomic.AtomicBoolean

import scala.collection.JavaConverters._

import toree.Events
import toree.stop.Stoppable

/** A cell of Python or R, as the JVM sees it: the one whose calls a connection's thread serves.
  *
  * What such a call prints goes back over the very connection of the call, to the process that
  * waits for its answer: so it stands in order with what the cell prints itself. Text of other
  * threads, and what is left when a long call falls silent, takes the background's way.
  */
final class Guest(id: String, workspace: String, capture: OutputCapture, events: () => Events)
    extends Cell(id, workspace) {
  private val server = Thread.currentThread
  private val waiting = new AtomicBoolean

  override def print(stream: String, text: String): Unit = {
    var from = 0
    while (from < text.length) { // in pieces: who delivers them has to come to it in between
      val to = math.min(text.length, from + Outbox.batch)
      outbox.write(stream, text, from, to)
      from = to
      if ((Thread.currentThread eq server) && outbox.isDue) deliver()
      else if (waiting.compareAndSet(false, true)) Guest.later(rest())
    }
  }

  /** Before a call's answer: all it has printed. */
  def answer(): Unit = {
    if (!outbox.isEmpty) deliver()
    capture.background.settle()
  }

  private def rest(): Unit = {
    waiting.set(false)
    if (!outbox.isEmpty) capture.background.put(Outbox.Rest(outbox))
  }

  // The front may be gone, or the user has left the call: no reason for the code to fail.
  private def deliver(): Unit =
    try outbox.deliverNow(events())
    catch { case _: py4j.Py4JException => }
}

object Guest {

  /** The cell of this name calls on this thread from now on; what called before has ended. */
  def enter(id: String, workspace: String, capture: OutputCapture, events: () => Events): Unit = {
    current.foreach { before =>
      before.running = false
      capture.ended(before)
    }
    val guest = new Guest(id, workspace, capture, events)
    Stoppable.tag.set(guest)
    capture.started(guest)
  }

  /** Serves a call of the cell that calls on this thread, if there is one. */
  def serving[T](body: => T): T = current.fold(body) { guest =>
    val call = new Call(guest.id)
    calls.add(call)
    try body
    finally calls.remove(call)
  }

  /** Whether one of a cell's calls that are under way now still is: the cell may have left it. */
  def underWay(id: String): () => Boolean = {
    val now = calls.asScala.filter(_.cell == id).toList
    () => now.exists(calls.contains)
  }

  private final class Call(val cell: String)
  private val calls = ConcurrentHashMap.newKeySet[Call]()

  /** The cell whose call this thread serves. */
  def current: Option[Guest] = Stoppable.current.collect { case guest: Guest => guest }

  // Above the time after which R's own text is on its way to the front.
  private def later(body: => Unit): Unit = {
    timer.schedule((() => body): Runnable, 60, TimeUnit.MILLISECONDS)
    ()
  }

  private lazy val timer: ScheduledExecutorService =
    Executors.newSingleThreadScheduledExecutor { (work: Runnable) =>
      val ofNoCell: Runnable = () => {
        Stoppable.tag.remove() // inherited from the cell that made this thread
        work.run()
      }
      val thread = new Thread(ofNoCell, "rest-of-output")
      thread.setDaemon(true)
      thread
    }
}
