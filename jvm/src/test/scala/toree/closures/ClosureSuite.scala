package toree.closures

import toree.CellSuite

/** What functions take along to tasks. Every story in cells of its own, and as one cell. */
class ClosureSuite extends CellSuite {

  private def told(name: String, answer: String)(cells: String*): Unit = test(name) {
    cells.init.foreach(ok(_))
    assertEquals(text(cells.last), answer)
    events.take()
    assertEquals(ok(cells.mkString("\n")).result.map(_("text/plain")), Some(answer))
    events.take()
  }

  private val unfit = "val sock = new java.net.Socket(); val c = spark.sparkContext"

  told("a value beside others that cannot go", "262.0")(
    s"val k = 61; $unfit",
    "val m = 2",
    "sc.parallelize(1 to 4).map(_ + k + m).sum"
  )

  told("a method, a lazy value and a function of an earlier cell", "List(63, 65, 67)")(
    s"val k = 61; $unfit; lazy val l = k - 60; def plus(x: Int) = x + k; " +
      "val f = (x: Int) => plus(x) + l; def unused = sock.getPort",
    "sc.parallelize(1 to 3).map(x => f(x) + x - 1).collect().toList"
  )

  told("UDFs and Datasets", "List(61, 62)")(
    s"val k = 61; $unfit",
    "import org.apache.spark.sql.functions._; val plus = udf((x: Long) => x + k)",
    "spark.range(2).select(plus($\"id\")).as[Long].map(_ + k - 61).collect().toList"
  )

  told("a class beside values, and its instances", "List((62.5,one), (62.5,one))")(
    s"""val k = 61.5; $unfit; val words = Map(1 -> "one")""",
    s"$unfit; case class P(x: Int) { val y = x + k; def word = words(x) }",
    "val far = Seq(P(1)).toDS().map(p => p.copy(x = 1)).map(p => (p.y, p.word)).collect()",
    "far.toList ++ sc.parallelize(1 to 1).map(P(_)).collect().map(p => (p.y, p.word))"
  )

  told("an instance made in a task does not run its cell again", "50")(
    s"$unfit; val five = { assert(org.apache.spark.TaskContext.get == null); 5 }; " +
      "class C { def foo = five }",
    "sc.parallelize(1 to 10).map(x => (new C).foo).collect().sum"
  )

  told("a method imported from what does not serialize, and not used", "10")(
    "class Closed() { def method = 3 }",
    "val t = new Closed",
    "import t.method",
    "case class Open(value: Int)",
    "sc.parallelize(1 to 10).map(x => Open(x)).collect().length"
  )

  told("variables as they are when the job starts", "List(70, 100, 0)")(
    s"$unfit; var v = 7; def get() = v; var count = 0",
    "val first = sc.parallelize(1 to 10).map(_ => get()).sum.toInt",
    "v = 10; sc.parallelize(1 to 10).foreach(x => count += x)",
    "List(first, sc.parallelize(1 to 10).map(_ => v).sum.toInt, count)"
  )

  told("a method of a class over a local value", "List(10, 11, 12)")(
    s"val top = 1; $unfit",
    "class Outer extends Serializable { val n = 5; def go(r: org.apache.spark.rdd.RDD[Int]) = { " +
      "val here = 3; r.map { i => val g = (j: Int) => j + n + here + top; g(i) }.collect().toList } }",
    "new Outer().go(sc.parallelize(1 to 3))"
  )

  test("what is used and cannot go is named, with what helps") {
    ok(s"""$unfit; class N(val a: Int); val n = new N(1); val list = List(n)
          |class Box(val s: Any) extends Serializable; val box = new Box(sock)
          |object O { val s = sock; def f(x: Int) = x }; val o = O.s
          |def port(x: Int) = sock.getPort + x
          |class Job { val t = 3; def go = sc.parallelize(1 to 3).map(_ + t).sum }
          |val own = "make it inside"""".stripMargin)
    def said(function: String): String =
      failed(s"sc.parallelize(1 to 3).map(x => $function).sum").message.linesIterator.toList.last
    val far = "It cannot travel to the executors."
    val make = "Make it inside the function (once a partition: mapPartitions), or declare it " +
      "@transient lazy val, so that every executor makes its own."
    assertEquals(said("x + sock.getPort"), s"The function uses sock (java.net.Socket). $far $make")
    assertEquals(
      said("port(x)"),
      s"The function uses sock (java.net.Socket) (in method port). $far $make"
    )
    assertEquals(
      said("x + n.a"),
      s"The function uses n, an instance of class N. $far Declare it as: class N extends Serializable"
    )
    assertEquals(
      said("x + list.size"),
      s"The function uses list, which holds a value of N. $far " +
        "Declare it as: class N extends Serializable"
    )
    assertEquals(
      said("box.s.hashCode"),
      s"The function uses box, which holds a value of java.net.Socket. $far $make"
    )
    assertEquals(
      said("O.f(x)"),
      s"The function uses object O, which holds a value of java.net.Socket. $far $make"
    )
    assertEquals(
      said("x + c.defaultParallelism").take(61),
      "The function uses c (org.apache.spark.SparkContext). It canno"
    )
    val job = failed("new Job().go").message
    assert(job.contains("a value of Job ("), job)
    assert(job.contains("class Job extends Serializable, or copy"), job)
    assertEquals(text("sc.parallelize(1 to 3).map(_ => own.length).sum"), "42.0")
    events.take()
  }

  told("case objects are keys and cases", "List(dark 2, light 1, true)")(
    "sealed trait Shade; case object Dark extends Shade; case object Light extends Shade",
    "val counts = sc.parallelize(Seq[Shade](Dark, Light, Dark), 3).map((_, 1)).reduceByKey(_ + _)" +
      ".collect()",
    "counts.map { case (Dark, n) => s\"dark $n\"; case (Light, n) => s\"light $n\" }.sorted.toList" +
      " :+ counts.exists(_._1 eq Dark)"
  )

  told("objects of a sealed abstract class, nested ones, those over values", "(12.0,2,26.0)")(
    s"$unfit; val base = 10",
    "sealed abstract class Op(val n: Int) { def of(x: Int) = x + base }; case object Add extends Op(1); " +
      "case object Mul extends Op(2); object Outer { case object In; var b = 1 }",
    "Outer.b = 5",
    "(sc.parallelize(Seq[Op](Add, Mul, Add), 3).map { case Add => 1; case Mul => 10 }.sum, " +
      "sc.parallelize(Seq(Outer.In, 3, Outer.In), 3).filter(_ == Outer.In).count, " +
      "sc.parallelize(Seq[Op](Mul)).map(op => op.of(op.n) + Outer.b + 9).sum)"
  )

  told("enumerations", "List((Level.low,true,1), (high,true,2))")(
    "object Level extends Enumeration { val Low = Value(1, \"Level.low\"); val High = Value(5, \"high\") }",
    "case class Event(level: Level.Value)",
    "val counts = sc.parallelize(1 to 3, 3).map(i => (Event(if (i > 1) Level.High else Level.Low), 1))" +
      ".reduceByKey(_ + _).collect()",
    "counts.toList.sortBy(_._2).map { case (Event(l), n) => (l, l == Level.Low || l == Level(5), n) }"
  )

  told("companions", "List(1, true, true)")(
    "case class Num(n: Int); object Num { val zero = Num(0); def of(i: Int) = Num(i) }",
    "val found = sc.parallelize(Seq(Num.zero, Num.of(1))).map(_ == Num.zero).collect()",
    "List[Any](sc.parallelize(Seq(Num, Num), 2).distinct.count, found.head, !found(1))"
  )
}
