package toree

/** One cell while it runs: its output, its thread, whether it was told to stop.
  *
  * Threads a cell starts inherit its tag, so that their output goes where the user looks for it.
  */
final class Cell(val id: String) {
  val outbox = new Outbox(() => id, blocking = true)

  @volatile var running: Boolean = true
  @volatile var interrupted: Boolean = false
  @volatile private var thread: Thread = _

  /** Runs `body` as this cell on the calling thread. */
  def run[T](body: => T): T = {
    thread = Thread.currentThread
    Cell.tag.set(this)
    try body
    finally {
      running = false
      thread = null
      Cell.tag.remove()
    }
  }

  def ask(prompt: String, password: Boolean): Option[String] = {
    val question = new Outbox.Question(prompt, password)
    outbox.put(question)
    question.await()
  }

  /** Wakes the cell's thread from sleeps, waits and interruptible reads. */
  def wake(): Unit = {
    val running = thread
    if (running != null) running.interrupt()
  }
}

object Cell {
  private val tag = new InheritableThreadLocal[Cell]

  def current: Option[Cell] = Option(tag.get)
}

/** Thrown inside a cell that was told to stop.
  *
  * A VirtualMachineError because neither `catch { case e: Exception => }` nor `Try` may keep a cell
  * alive which its user wants gone.
  */
final class Interrupted extends VirtualMachineError("interrupted") {
  override def fillInStackTrace(): Throwable = this
}

/** The answer to `System.exit` and its kin in a cell. */
final class ExitRefused(status: Int)
    extends RuntimeException(
      s"exit($status) is not carried out: it would end the kernel for all languages. " +
        "Shut the kernel down or restart it from the notebook's Kernel menu."
    )
