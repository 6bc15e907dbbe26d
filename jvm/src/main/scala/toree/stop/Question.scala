package toree.stop

import java.util.concurrent.{Executors, ScheduledExecutorService, TimeUnit}

/** Something asked about code, which is told to stop when it takes too long. */
final class Question extends Stoppable {
  private var over = false

  /** Runs `body` as this question.
    *
    * @throws Interrupted
    *   by the checks in it, once the time is over
    */
  def within[T](seconds: Long)(body: => T): T = {
    val before = Stoppable.tag.get
    val alarm = Question.timer.schedule((() => shut()): Runnable, seconds, TimeUnit.SECONDS)
    Stoppable.tag.set(this)
    try body
    finally {
      if (before == null) Stoppable.tag.remove() else Stoppable.tag.set(before)
      alarm.cancel(false)
      open()
    }
  }

  private def shut(): Unit = synchronized(if (!over) Guard.shut(this))

  private def open(): Unit = synchronized {
    over = true
    Guard.open(this)
  }
}

private object Question {
  val timer: ScheduledExecutorService = Executors.newSingleThreadScheduledExecutor {
    (work: Runnable) =>
      val thread = new Thread(work, "questions")
      thread.setDaemon(true)
      thread
  }
}
