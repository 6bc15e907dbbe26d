package toree.cells

import toree.stop.Stoppable

/** One cell while it runs: its output, its thread, whether it was told to stop.
  *
  * Threads a cell starts inherit its tag, so that their output goes where the user looks for it.
  *
  * @param late
  *   takes what its threads show and ask after its end
  */
class Cell(
    val id: String,
    val workspace: String = Cell.main,
    late: Outbox.Event => Unit = _ => ()
) extends Stoppable {
  val outbox = new Outbox(() => id, blocking = true)

  @volatile var running: Boolean = true
  @volatile private var thread: Thread = _

  /** Runs `body` as this cell on the calling thread. */
  def run[T](body: => T): T = {
    thread = Thread.currentThread
    Stoppable.tag.set(this)
    try body
    finally {
      synchronized {
        running = false
        thread = null
      }
      Stoppable.tag.remove()
    }
  }

  /** What a thread of the cell prints. */
  def print(stream: String, text: String): Unit = outbox.write(stream, text, 0, text.length)

  /** Something for the front, from any thread of the cell, while it runs and later. */
  def tell(event: Outbox.Event): Unit =
    if (!outbox.offer(event)) late(Outbox.Late(id, event))

  def ask(prompt: String, password: Boolean): Option[String] = {
    val question = new Outbox.Question(prompt, password)
    tell(question)
    question.await()
  }

  /** Wakes the cell's thread from sleeps, waits and interruptible reads. */
  def wake(): Unit = synchronized {
    if (thread != null) thread.interrupt()
  }
}

object Cell {

  /** The workspace of a kernel's own; the others are private ones. */
  val main = "main"

  /** The cell, or a cell's call, whose job has these properties: by its tag, under which a cell may
    * set a group of its own.
    */
  def ofJob(property: String => String): Option[String] = {
    val tags = Option(property("spark.job.tags")).toSeq.flatMap(_.split(','))
    (tags ++ Option(property("spark.jobGroup.id"))).find(_.startsWith("toree-"))
  }

  def current: Option[Cell] = Stoppable.current.collect { case cell: Cell => cell }
}
