package toree.stop

import toree.CellSuite
import toree.cells.{CellOptions, Outcome}

/** Cells that never end, told to stop. */
class InterruptSuite extends CellSuite {

  private def stopped(code: String): Unit = test(code.linesIterator.mkString("; ")) {
    ok("val keep = 42")
    val id = newCell()
    val started = System.nanoTime
    val stopper = new Thread(() => {
      Thread.sleep(1500)
      workspace.interrupt(id)
    })
    stopper.start()
    val outcome = workspace.execute(id, code, CellOptions(), events)
    val seconds = (System.nanoTime - started) / 1e9
    events.take()
    outcome match {
      case failure: Outcome.Failed => assertEquals(failure.kind, "interrupted")
      case other                   => fail(other.toString)
    }
    assert(seconds < 6, seconds)
    assertEquals(text("keep"), "42")
  }

  List(
    "while (true) {}",
    "var i = 0\ndo { i += 1 } while (i > -5)",
    "@annotation.tailrec def t(i: Int): Int = t(i + 1)\nt(1)",
    "def fib(n: Int): Int = if (n < 2) n else fib(n - 1) + fib(n - 2)\nfib(70)",
    "Iterator.continually(1).foreach(_ => ())",
    "Thread.sleep(100000)",
    "import scala.concurrent._\nAwait.result(Promise[Int]().future, duration.Duration.Inf)",
    "val server = new java.net.ServerSocket(0)\nnew java.net.Socket(\"localhost\", server.getLocalPort).getInputStream.read()",
    "new java.net.ServerSocket(0).accept()",
    "\"(x|xx)*y(z)\\\\2\".r.findFirstIn(\"x\" * 60)",
    "(\"a\" * 40).matches(\"a?\" * 40 + \"a\" * 40 + \"(b)\\\\1\")",
    "while (true) println(1)",
    "while (true) try Thread.sleep(10) catch { case e: Throwable => }",
    "scala.util.Try { while (true) {} }",
    "class Endless { override def toString: String = { while (true) {}; \"\" } }\nnew Endless"
  ).foreach(stopped)

  test("an interrupt that comes before its cell") {
    val id = newCell()
    workspace.interrupt(id)
    val outcome = workspace.execute(id, "while (true) {}", CellOptions(), events)
    assertEquals(outcome, Outcome.interrupted)
    workspace.interrupt(id)
    assertEquals(text("1"), "1")
  }

  test("only the cell that was told") {
    val id = newCell()
    val other = new Thread(() => {
      Thread.sleep(300)
      workspace.interrupt("no such cell")
    })
    other.start()
    assertEquals(
      workspace
        .execute(id, "Thread.sleep(600); (1 to 1000000).count(_ % 2 == 0)", CellOptions(), events),
      Outcome.Ok(Some(Map("text/plain" -> "500000")))
    )
  }
}
