package toree.spark

import toree.CellSuite
import toree.cells.{CellOptions, Outcome}
import toree.sql.{SharedViews, SqlCell}

/** Cells over a Spark session. */
class SparkSuite extends CellSuite {

  test("no session before a cell needs one") {
    assertEquals(text("1 + 1"), "2")
    assertEquals(spark.peek, None)
    assertEquals(text("spark.range(3).count()"), "3")
  }

  test("a case class and a Dataset over it in one cell") {
    assertEquals(text("case class T(x: Int); Seq(T(1)).toDS().collect().toList"), "List(T(1))")
    assertEquals(text("sc.parallelize(1 to 10).map(x => T(x)).collect().length"), "10")
  }

  test("a DataFrame is a table, and one row more than shown is looked for") {
    val table = ok("spark.range(3).toDF(\"id\")", CellOptions(rows = 2)).table
    assertEquals(
      table,
      Some("""{"columns":[{"name":"id","type":"bigint"}],"rows":[["0"],["1"]],"more":true}""")
    )
    val nested = ok(
      "spark.sql(\"select 1 a, null n, named_struct('x', 1, 'y', array(1, 2)) s, map('k', true) m\")"
    ).table.get
    assert(nested.contains("""["1",null,"{x: 1, y: [1, 2]}","{k -> true}"]"""), nested)
  }

  test("SQL") {
    def sql(text: String, options: String = "{}") =
      workspace.executeSql(newCell(), text, SqlCell.read(options), events)
    assertEquals(sql("create temporary view v as select 1 x"), Outcome.Ok())
    val params =
      """{"params": {"a": "{\"t\":\"int\",\"v\":41}", "d": "{\"t\":\"date\",\"v\":\"2024-01-02\"}"}}"""
    sql("select :a + 1 r, :d d from v", params) match {
      case fine: Outcome.Ok =>
        assert(fine.table.get.contains("""[["42","2024-01-02"]]"""), fine.table.get)
      case other => fail(other.toString)
    }
    sql("select nope from v") match {
      case failure: Outcome.Failed =>
        assertEquals(
          (failure.kind, failure.name),
          ("compile", "org.apache.spark.sql.AnalysisException")
        )
        assertEquals(failure.traceback.takeRight(2), List("select nope from v", "       ^"))
      case other => fail(other.toString)
    }
    assertEquals(sql("select 2 y", """{"output": "kept", "quiet": true}"""), Outcome.Ok())
    assert(workspace.named("sql:kept").isDefined)
  }

  test("statements that run together share a view; one that means another frame waits") {
    val views = new SharedViews(spark.session())
    val (one, two) = (spark.session().range(1).toDF("x"), spark.session().range(2).toDF("x"))
    def count = spark.session().sql("select * from both").count()
    val order = new java.util.concurrent.LinkedBlockingQueue[Long]
    val begun = new java.util.concurrent.CountDownLatch(1)
    val other = new Thread(() => {
      begun.countDown()
      views.within(Map("Both" -> two))(order.add(count))
      ()
    })
    views.within(Map("both" -> one)) {
      other.start()
      begun.await()
      while (other.getState != Thread.State.WAITING) Thread.sleep(1)
      views.within(Map("both" -> one))(order.add(count))
      order.add(count) // still there when the second has left
    }
    other.join(10000)
    assertEquals(order.toArray.toList.mkString(" "), "1 1 2")
    assertEquals(spark.session().catalog.tableExists("both"), false)
  }

  test("a failed task: its cause first") {
    val failure = failed(
      "sc.parallelize(1 to 3).map(x => if (x == 2) sys.error(\"task boom\") else x).collect()"
    )
    assert(
      failure.message.startsWith("java.lang.RuntimeException: task boom\nJob aborted"),
      failure.message
    )
  }

  test("after a stop, a fresh session") {
    assertEquals(text("spark.stop()"), "")
    assertEquals(ok("spark.range(2).count()").result, Some(Map("text/plain" -> "2")))
    assertEquals(
      events.take(),
      List("stderr:The Spark session was stopped; a fresh one takes its place.\n")
    )
    assertEquals(text("Seq(1, 2).toDF(\"a\").count()"), "2")
  }

  // The last of this suite, as there is no Spark after it.
  test("a cell that still runs at the end makes no other session") {
    ok("spark.range(1).count()")
    spark.end()
    failed("spark.range(1).count()") match {
      case failure => assert(failure.message.contains("The kernel is shutting down."), failure)
    }
    intercept[IllegalStateException](spark.context(new org.apache.spark.SparkConf))
    assertEquals(spark.peek, None)
  }
}
