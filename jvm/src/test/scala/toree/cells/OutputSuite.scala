package toree.cells

import toree.CellSuite

/** What cells print, ask and display, and in which order it comes. */
class OutputSuite extends CellSuite {

  test("streams keep their order, and come before the outcome") {
    ok("println(\"a\"); System.err.println(\"b\"); kernel.display.html(\"<i>\"); print(\"c\")")
    assertEquals(
      events.take().map(_.replaceAll("\"display_id\":\"[-0-9a-f]{36}\"", "\"display_id\":0")),
      List(
        "stdout:a\n",
        "stderr:b\n",
        """display:{"data":{"text/html":"<i>"},"metadata":{},"display_id":0,"update":false}""",
        "stdout:c"
      )
    )
  }

  test("many lines are few events") {
    ok("(1 to 100000).foreach(println)")
    val seen = events.take()
    assertEquals(seen.map(_.count(_ == '\n')).sum, 100000)
    assert(seen.size < 200, seen.size)
  }

  test("bytes of one character may come apart") {
    ok("\"é😀\".getBytes(\"UTF-8\").foreach(b => System.out.write(b.toInt))")
    assertEquals(events.take().mkString, "stdout:é😀")
  }

  test("output of a future belongs to its cell") {
    val code =
      "import scala.concurrent._, duration._\nAwait.result(Future(println(\"there\"))(ExecutionContext.global), Duration.Inf)"
    ok(code)
    assertEquals(events.take(), List("stdout:there\n"))
  }

  test("stdin asks, and ends where nobody answers") {
    events.answers.add("Bob")
    assertEquals(ok("scala.io.StdIn.readLine(\"name? \")").result, Some(Map("text/plain" -> "Bob")))
    assertEquals(events.take(), List("stdout:name? "))
    assertEquals(text("scala.io.StdIn.readLine()"), "null")
  }

  test("warnings go to stderr with their line") {
    ok("val l = 1\nOption(1) match { case Some(a) => a }")
    val List(warning) = events.take()
    assert(warning.startsWith("stderr:<cell>:2: warning: match may not be exhaustive."), warning)
  }

  test("a slow reader holds the writer, not the memory") {
    val box = new Outbox(() => "c", blocking = true)
    @volatile var written = 0
    val writer = new Thread(() => {
      (1 to 100).foreach { _ =>
        box.write("stdout", "x" * 100000, 0, 100000)
        written += 1
      }
      box.close()
    })
    writer.start()
    writer.join(500)
    assert(writer.isAlive && written < 15, written)
    box.deliver(events)
    writer.join()
    assertEquals(events.take().map(_.stripPrefix("stdout:").length).sum, 10000000)
  }
}
