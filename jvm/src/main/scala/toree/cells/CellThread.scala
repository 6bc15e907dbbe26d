package toree.cells

import toree.Events

/** The thread one cell runs on, with a stack deep enough for a user's recursion and for the
  * compiler.
  */
final class CellThread(cell: Cell, loader: ClassLoader, body: => Outcome)
    extends Thread(null, null, s"cell-${cell.id}", CellThread.stack) {
  setDaemon(true)
  setContextClassLoader(loader)

  @volatile private var ended: Outcome = Outcome.Aborted

  override def run(): Unit =
    try
      cell.run {
        val outcome =
          try body
          catch {
            case problem: Throwable => Failure.outcome(problem)
          }
        // Told to stop, a cell may end in any error: Spark's, the library's, the user's own handler's.
        ended = outcome match {
          case failed: Outcome.Failed if cell.interrupted =>
            Outcome.interrupted.copy(definitions = failed.definitions)
          case other => other
        }
      }
    finally cell.outbox.close()

  /** Delivers what the cell prints until it has ended, on the caller's thread. */
  def outcome(events: Events): Outcome = {
    start()
    cell.outbox.deliver(events)
    join()
    ended
  }
}

object CellThread {
  private val stack = 64L * 1024 * 1024
}
