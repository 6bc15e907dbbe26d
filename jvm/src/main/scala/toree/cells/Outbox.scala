package toree.cells

import java.util.ArrayDeque
import java.util.concurrent.TimeUnit
import java.util.concurrent.locks.ReentrantLock

import toree.Events
import toree.stop.{Guard, Interrupted}

/** The output of one cell on its way to the front.
  *
  * Threads of the cell write, one thread (the one that serves the front's call) delivers. Text is
  * joined per stream until it is 32 KB, or 25 ms old, or the stream changes, so order holds and
  * 100,000 lines are a few hundred events. A writer waits when the front is slow; it can still be
  * interrupted.
  */
final class Outbox(cell: () => String, blocking: Boolean) {
  import Outbox._

  private val lock = new ReentrantLock
  private val changed = lock.newCondition()
  private val room = lock.newCondition()
  private val events = new ArrayDeque[Event]
  private val text = new java.lang.StringBuilder
  private var stream = ""
  private var owner = "" // whose text it is; empty: the outbox's cell's
  private var since = 0L
  private var pending = 0L
  private var dropped = 0L
  private var closed = false
  private var sent = 0L // when text was last taken
  private var served = false // somebody delivers, until it is closed
  private var underWay = false // an event was taken and is not delivered yet
  private var hurry = false
  private val delivering = new ReentrantLock

  def write(
      name: String,
      chars: CharSequence,
      start: Int,
      end: Int,
      whose: String = ""
  ): Unit = if (end > start) {
    lock.lock()
    try {
      if ((stream != name || owner != whose) && text.length > 0) seal()
      var from = start
      while (from < end && makeRoom()) {
        if (text.length == 0) {
          filled = true
          stream = name
          owner = whose
          since = System.nanoTime
          changed.signal()
        }
        val to = math.min(end, from + batch - text.length)
        text.append(chars, from, to)
        from = to
        if (text.length >= batch) seal()
      }
      dropped += end - from
    } finally lock.unlock()
  }

  def put(event: Event): Unit = {
    lock.lock()
    try
      if (makeRoom()) {
        seal()
        filled = true
        events.add(event)
        changed.signal()
      }
    finally lock.unlock()
  }

  /** As `put`; false where no more is delivered. */
  def offer(event: Event): Boolean = {
    lock.lock()
    try
      if (closed) false
      else {
        put(event)
        true
      }
    finally lock.unlock()
  }

  /** No more will come; the delivering thread returns once all is delivered. */
  def close(): Unit = {
    lock.lock()
    try {
      closed = true
      changed.signalAll()
      room.signalAll()
    } finally lock.unlock()
  }

  /** Hands events to the front until `close` was called and nothing is left. */
  def deliver(to: Events): Unit = {
    var event = next()
    while (event != null) {
      send(event, to)
      event = next()
    }
  }

  /** Hands over what is there, on any thread; in order whoever does it. */
  def deliverNow(to: Events): Unit = {
    delivering.lock()
    try {
      var event = now()
      while (event != null) {
        send(event, to)
        event = now()
      }
    } finally delivering.unlock()
  }

  private def now(): Event = {
    lock.lock()
    try {
      seal()
      if (events.isEmpty) {
        filled = false
        null
      } else taken(events.poll())
    } finally lock.unlock()
  }

  @volatile private var filled = false
  def isEmpty: Boolean = !filled

  /** Whether it is time to deliver: much text, or none was taken for a while. */
  def isDue: Boolean = {
    lock.lock()
    try !events.isEmpty || System.nanoTime - sent >= patience
    finally lock.unlock()
  }

  /** Waits until all that was written so far has been delivered, where somebody does that. */
  def settle(): Unit = if (filled) {
    lock.lock()
    try {
      val deadline = System.nanoTime + TimeUnit.SECONDS.toNanos(1)
      var left = 1L
      hurry = true
      changed.signal()
      while (served && !closed && left > 0 && (underWay || text.length > 0 || !events.isEmpty)) {
        left = deadline - System.nanoTime
        room.awaitNanos(math.min(left, patience))
      }
    } finally lock.unlock()
  }

  private def send(event: Event, to: Events): Unit = send(event, to, cell())

  private def send(event: Event, to: Events, cell: String): Unit = event match {
    case Stream(name, chars, whose) =>
      to.stream(if (whose.isEmpty) cell else whose, name, chars)
    case Display(json)      => to.display(cell, json)
    case Clear(later)       => to.clear(cell, later)
    case Rest(outbox)       => outbox.deliverNow(to)
    case Late(owner, late)  => send(late, to, owner)
    case progress: Progress => if (!to.progress(progress.cell, progress.json)) progress.unwanted()
    case request: Request   => request.make(to, cell)
    case question: Question =>
      val line =
        try to.ask(cell, question.prompt, question.password)
        catch {
          // The front's own answer to an interrupt while it waits for the user's line.
          case error: py4j.Py4JException => null
        }
      if (line == "") question.refuse() else question.answer(Option(line).map(_.drop(1)))
  }

  private def next(): Event = {
    lock.lock()
    served = true
    underWay = false
    room.signalAll()
    try {
      while (true) {
        if (!events.isEmpty) return taken(events.poll())
        if (text.length > 0) {
          val age = System.nanoTime - since
          if (closed || hurry || age >= patience) {
            seal()
            return taken(events.poll())
          }
          changed.awaitNanos(patience - age)
        } else if (dropped > 0) {
          val note = s"\n[$dropped characters of output dropped: nobody took them]\n"
          dropped = 0
          return Stream("stderr", note)
        } else if (closed) return null
        else {
          hurry = false
          filled = false
          changed.await()
        }
      }
      null
    } finally lock.unlock()
  }

  private def taken(event: Event): Event = {
    pending -= event.size
    underWay = true
    sent = System.nanoTime
    room.signalAll()
    event
  }

  private def seal(): Unit = if (text.length > 0) {
    filled = true
    events.add(Stream(stream, text.toString, owner))
    pending += text.length
    text.setLength(0)
    changed.signal()
  }

  /** Waits while too much is under way, or says that it has to be dropped. */
  private def makeRoom(): Boolean = {
    while (blocking && !closed && pending >= limit)
      try room.await()
      catch {
        case interrupted: InterruptedException =>
          Thread.currentThread.interrupt()
          Guard.check()
          throw new Interrupted
      }
    pending < limit || closed
  }
}

object Outbox {
  sealed trait Event { def size: Int = 0 }
  final case class Stream(name: String, text: String, whose: String = "") extends Event {
    override def size: Int = text.length
  }
  final case class Display(json: String) extends Event

  /** What a cell's own calls have left behind. */
  final case class Rest(outbox: Outbox) extends Event

  /** Of a thread that goes on after its cell. */
  final case class Late(cell: String, event: Event) extends Event
  final case class Clear(later: Boolean) extends Event
  final case class Progress(cell: String, json: String, unwanted: () => Unit) extends Event

  /** A question to the user; the asking thread waits for the answer. */
  final class Question(val prompt: String, val password: Boolean) extends Event {
    private val done = new java.util.concurrent.SynchronousQueue[() => Option[String]]
    private def end(how: () => Option[String]): Unit = { done.offer(how, 1, TimeUnit.SECONDS); () }
    def answer(text: Option[String]): Unit = end(() => text)
    def refuse(): Unit = end(() => throw new java.io.IOException("This front end takes no input."))

    /** Throws IOException where nobody can be asked. */
    def await(): Option[String] = done.take()()
  }

  /** Something else only the front knows; the asking thread waits for the answer. */
  final class Request(call: (Events, String) => String) extends Event {
    private val done = new java.util.concurrent.CompletableFuture[String]
    def make(to: Events, cell: String): Unit =
      try { done.complete(call(to, cell)); () }
      catch { case error: py4j.Py4JException => done.completeExceptionally(error); () }
    def await(): String =
      try done.get()
      catch {
        case _: InterruptedException =>
          Guard.check()
          throw new Interrupted
        case error: java.util.concurrent.ExecutionException => throw error.getCause
      }
  }

  val batch: Int = 32 * 1024
  private val patience = TimeUnit.MILLISECONDS.toNanos(25)
  private val limit = 1024 * 1024L
}
