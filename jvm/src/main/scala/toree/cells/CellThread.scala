package toree.cells

import java.util.concurrent.{CompletableFuture, LinkedBlockingQueue}

import toree.Events

/** The thread a workspace's cells run on, one after the other: what a cell sets on it, Spark's
  * local properties or a class loader, holds for the next. Its stack is deep enough for a user's
  * recursion and for the compiler.
  */
final class CellThread(loader: ClassLoader) extends Thread(null, null, "cell", CellThread.stack) {
  setDaemon(true)
  setContextClassLoader(loader)

  private val work = new LinkedBlockingQueue[Runnable]
  @volatile private var open = true
  // The cell it is kept for, until that has ended.
  @volatile private var cell: Option[Cell] = None

  start()

  override def run(): Unit = while (open) work.take().run()

  def isFree: Boolean = cell.isEmpty

  /** Keeps the thread for a cell that is about to run. */
  def keep(cell: Cell): CellThread = {
    this.cell = Some(cell)
    this
  }

  /** Whether what runs here was told to stop, and has not. */
  def isStuck: Boolean = cell.exists(_.interrupted)

  /** Runs `body` as this cell and delivers what it prints, on the caller's thread, until it has
    * ended.
    */
  def run(cell: Cell, events: Events)(body: => Outcome): Outcome = {
    val ended = new CompletableFuture[Outcome]
    work.put { () =>
      setName(s"cell-${cell.id}")
      var outcome: Outcome = Outcome.Aborted
      try outcome = cell.run(made(cell, body))
      finally {
        // The next cell must not hear of an interrupt that came late.
        Thread.interrupted()
        this.cell = None
        ended.complete(outcome)
        cell.outbox.close()
      }
    }
    cell.outbox.deliver(events)
    ended.get()
  }

  private def made(cell: Cell, body: => Outcome): Outcome = {
    val outcome =
      try body
      catch {
        case problem: Throwable => Failure.outcome(problem)
      }
    // Told to stop, a cell may end in any error: Spark's, the library's, the user's own handler's.
    outcome match {
      case failed: Outcome.Failed if cell.interrupted =>
        Outcome.interrupted.copy(definitions = failed.definitions)
      case other => other
    }
  }

  /** Ends the thread when what it runs has ended. */
  def close(): Unit = {
    open = false
    work.put(() => ())
  }
}

object CellThread {
  private val stack = 64L * 1024 * 1024
}
