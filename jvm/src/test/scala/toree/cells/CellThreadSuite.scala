package toree.cells

import java.util.concurrent.CompletableFuture

import toree.CellSuite

/** What a cell sets on its thread, for the cells after it. */
class CellThreadSuite extends CellSuite {

  test("Spark's local properties hold, and the cell's own mark is a tag beside them") {
    ok(
      "sc.setLocalProperty(\"spark.scheduler.pool\", \"etl\"); sc.setJobGroup(\"mine\", \"group\"); " +
        "sc.addJobTag(\"own\")"
    )
    val names = List("spark.scheduler.pool", "spark.jobGroup.id", "spark.job.description")
    assertEquals(
      text(names.map(n => s"""sc.getLocalProperty("$n")""").mkString("List(", ",", ")")),
      "List(etl, mine, group)"
    )
    assertEquals(
      text(
        "sc.parallelize(1 to 1).map(_ => org.apache.spark.TaskContext.get.getLocalProperty(" +
          "\"spark.jobGroup.id\")).collect().head"
      ),
      "mine"
    )
    assertEquals(text("sc.getJobTags.toList.size"), "2")
    ok(
      "sc.clearJobGroup(); sc.removeJobTag(\"own\"); sc.setLocalProperty(\"spark.scheduler.pool\", null)"
    )
    // A cell without a description of its own is described by its first line.
    assertEquals(
      text("sc.getLocalProperty(\"spark.job.description\")"),
      "sc.getLocalProperty(\"spark.job.description\")"
    )
    assertEquals(text("sc.getJobTags.toList"), s"List($lastCell)")
  }

  test("thread locals, the class loader, the active session") {
    ok("val local = new ThreadLocal[Int]; local.set(5)")
    ok("object Mine extends ClassLoader(Thread.currentThread.getContextClassLoader)")
    ok("Thread.currentThread.setContextClassLoader(Mine)")
    ok("val other = spark.newSession(); org.apache.spark.sql.SparkSession.setActiveSession(other)")
    assertEquals(
      text(
        "(local.get, Thread.currentThread.getContextClassLoader eq Mine, " +
          "org.apache.spark.sql.SparkSession.getActiveSession.exists(_ eq other))"
      ),
      "(5,true,true)"
    )
    ok("Thread.currentThread.setContextClassLoader(Mine.getParent)")
    ok("org.apache.spark.sql.SparkSession.setActiveSession(spark)")
    assertEquals(text("sc.parallelize(1 to 3).map(_ + 1).sum"), "9.0")
  }

  test("a stop is the stopped cell's alone, and the thread lives on") {
    ok("val before = Thread.currentThread; def same = Thread.currentThread eq before")
    (1 to 20).foreach { round =>
      val id = newCell()
      val late = CompletableFuture.runAsync { () =>
        Thread.sleep(10L + round * 3)
        workspace.interrupt(id)
      }
      val outcome = workspace.execute(id, "Thread.sleep(40); 1", CellOptions(), events)
      assertEquals(text("Thread.sleep(20); same"), "true")
      late.join()
      outcome match {
        case failure: Outcome.Failed => assertEquals(failure.kind, "interrupted")
        case _                       => ()
      }
    }
  }

  test("a cell beside a running one has a thread of its own") {
    val id = newCell()
    ok("val gate = new java.util.concurrent.CountDownLatch(1)")
    events.take()
    val running = CompletableFuture.supplyAsync[Outcome] { () =>
      val code = "println(\"in\"); local.set(6); gate.await(); local.get"
      workspace.execute(id, code, CellOptions(), events)
    }
    while (!events.seen.contains("stdout:in\n")) Thread.sleep(10)
    events.take()
    assertEquals(ok("gate.countDown(); local.get").result.map(_("text/plain")), Some("0"))
    assertEquals(running.get.json.contains("\"6\""), true, running.get.json)
    assertEquals(text("local.get"), "6")
  }
}
