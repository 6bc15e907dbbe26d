package toree.companion

/** Lets the JIT meet the compiler before the user does: compiles throw-away code in the background.
  *
  * Leaves no name, no number and no file, gives way at once when a cell or a question comes, and
  * ends with its workspace: a restart has another, and this one's values are to go.
  */
final class Warmup(workspace: Workspace) {

  def run(): Unit = if (workspace.isReady) {
    Thread.currentThread.setPriority(Thread.MIN_PRIORITY)
    val repl = workspace.repl()
    val end = System.nanoTime + Warmup.seconds * 1000000000L
    def wanted = workspace.isReady && System.nanoTime < end
    def aside(work: => Unit): Unit = {
      while (!workspace.isIdle && wanted) Thread.sleep(50)
      if (wanted) work
    }
    def round(): Unit = Warmup.cells.foreach { code =>
      aside(repl.warm(code, () => workspace.isIdle))
      // A breath for whoever waits for the lock without queueing at it.
      Thread.sleep(5)
    }
    round()
    aside(repl.warmCompletion())
    for (_ <- 1 to Warmup.rounds if wanted) round()
  }
}

object Warmup {
  private val seconds = 60
  private val rounds = 12

  private val cells = List(
    "val x = 1 + 1",
    "case class Point(x: Int, y: Int)\nval points = List(Point(1, 2)).map(p => p.copy(x = p.y))",
    "def square(n: Int): Int = n * n\nval text = s\"${square(3)}\"",
    "val words = Map(\"a\" -> 1).map { case (k, v) => (k, v + 1) }.toList.sortBy(_._1)",
    "import scala.util.Try\nval t = Try(\"12\".toInt).getOrElse(0)\nfor (i <- 1 to 3; if i > t) yield i"
  )
}
