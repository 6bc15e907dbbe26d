package toree.repl

import toree.CellSuite
import toree.cells.{CellOptions, Outcome}

/** Cells and what comes of them, top to bottom like a notebook. */
class ScalaReplSuite extends CellSuite {

  test("results and definitions") {
    assertEquals(text("6*7"), "42")
    assertEquals(ok("val x = 1"), Outcome.Ok(Some(Map("text/plain" -> "1")), Some("x = 1\n")))
    assertEquals(ok("case class Foo(bar: Int)"), Outcome.Ok(None, Some("defined class Foo\n")))
    assertEquals(echo("def f(x: Int) = x"), "f: (x: Int)Int\n")
    assertEquals(
      echo("def g[T](x: T)(implicit o: Ordering[T]): T = x"),
      "g: [T](x: T)(implicit o: Ordering[T])T\n"
    )
    assertEquals(
      echo("lazy val z = 1; trait T; object O; type I = Int"),
      "z = <lazy>\ndefined trait T\ndefined object O\ndefined type alias I\n"
    )
    assertEquals(ok("import scala.util._"), Outcome.Ok())
    assertEquals(ok("()"), Outcome.Ok())
    assertEquals(ok("val u: Unit = ()"), Outcome.Ok(None, Some("u = ()\n")))
    assertEquals(text("\"as it is\""), "as it is")
    assertEquals(text("(2 + 2)"), "4")
    assertEquals(text("f(3) +\n  1"), "4")
  }

  test("nothing to run") {
    List("", "  \n\t", "// only a comment", "/* two\nlines */").foreach(code =>
      assertEquals(ok(code), Outcome.Ok())
    )
  }

  test("types on demand") {
    val types = CellOptions(showTypes = true)
    assertEquals(ok("1", types).result, Some(Map("text/plain" -> "Int = 1\n")))
    assertEquals(
      ok("val x = 1", types),
      Outcome.Ok(Some(Map("text/plain" -> "x: Int = 1\n")), Some("x: Int = 1\n"))
    )
  }

  test("the user's names are the user's") {
    assertEquals(text("val res1 = \"mine\"; res1"), "mine")
    assertEquals(text("1"), "1")
    assertEquals(text("res1"), "mine")
  }

  test("several requests are one cell") {
    assertEquals(text("val q = 1; val q = 2; q"), "2")
    assertEquals(text("class A(val x: Int)\nobject A { def apply() = new A(7) }\nA().x"), "7")
    assertEquals(text("case class N(v: Int)\nval n = N(1)\ndef later = zz\nval zz = 3\nlater"), "3")
    assertEquals(
      text(
        "def even(n: Int): Boolean = n == 0 || odd(n - 1)\ndef odd(n: Int): Boolean = n != 0 && even(n - 1)\neven(10)"
      ),
      "true"
    )
    assertEquals(text("class V(val x: Int) extends AnyVal\nnew V(3).x"), "3")
    assertEquals(text("def o(x: Int) = 1; def o(x: String) = 2; o(\"\")"), "2")
  }

  test("macros") {
    val define =
      """import scala.language.experimental.macros
        |import scala.reflect.macros.blackbox.Context
        |object Twice {
        |  def impl(c: Context)(x: c.Expr[Int]): c.Expr[Int] = { import c.universe._; reify(x.splice * 2) }
        |  def twice(x: Int): Int = macro impl
        |}
        |Twice.twice(4)""".stripMargin
    assertEquals(text(define), "8")
    assertEquals(text("Twice.twice(21)"), "42")
  }

  test("compile errors say where in the cell") {
    val failure =
      failed("val a = 1\n\ncase class Q(i: Int)\n\nval b = Q(1).i\n\tval c: Int = \"no\"\n  nope")
    assertEquals(failure.kind, "compile")
    assertEquals(failure.name, "Compile Error")
    assertEquals(
      failure.traceback.map(_.linesIterator.toList.takeRight(2)),
      List(
        List("\tval c: Int = \"no\"", "\t             ^"),
        List("  nope", "  ^")
      )
    )
    assertEquals(failure.traceback.map(_.takeWhile(_ != ' ')), List("<cell>:6:", "<cell>:7:"))
    // Nothing of a cell that does not compile is there.
    assertEquals(failed("b").message, "not found: value b")
  }

  test("an incomplete cell") {
    val failure = failed("def h = {\n 1 +")
    assertEquals((failure.kind, failure.name), ("syntax", "Syntax Error."))
  }

  test("runtime errors: the user's frames, the cause, then lastException") {
    val failure =
      failed("def div(i: Int) = {\n  10 / i\n}\n\ncase class W(i: Int)\nval z = 1\ndiv(0)")
    assertEquals(failure.name, "java.lang.ArithmeticException")
    assertEquals(failure.message, "/ by zero")
    assertEquals(
      failure.traceback,
      List("java.lang.ArithmeticException: / by zero", "  at div(<cell>:2)", "  at <cell>:7")
    )
    assertEquals(text("lastException.getMessage"), "/ by zero")
    val caused = failed("throw new Exception(\"outer\", new RuntimeException(\"inner\"))")
    assertEquals(
      caused.traceback.filterNot(_.startsWith("  at")),
      List("java.lang.Exception: outer", "Caused by: java.lang.RuntimeException: inner")
    )
  }

  test("what must not end the kernel") {
    val codes = List(
      "def r(n: Int): Int = 1 + r(n + 1)\nr(0)",
      "throw new LinkageError(\"x\")",
      "???",
      "sys.exit(3)",
      "System.exit(1)",
      "Runtime.getRuntime.halt(1)"
    )
    val names = codes.map(failed(_).name)
    assertEquals(
      names,
      List(
        "java.lang.StackOverflowError",
        "java.lang.LinkageError",
        "scala.NotImplementedError"
      ) ++ List.fill(3)("toree.ExitRefused")
    )
    assertEquals(text("1"), "1")
  }

  test("values that cannot be shown") {
    assertEquals(
      text("class Bad { override def toString = sys.error(\"no\") }\nnew Bad"),
      "<toString of Bad failed: java.lang.RuntimeException: no>"
    )
    assert(
      failed("throw new Exception { override def getMessage = sys.error(\"no\") }").message
        .contains("getMessage failed")
    )
    assertEquals(
      text("(1 to 2000).toList").takeRight(25),
      " ... (2000 elements in all)".takeRight(25)
    )
    assert(text("\"x\" * 200000").endsWith("(200000 characters in all)"))
  }

  test("names for other languages") {
    ok("var a = 1; val s = List(\"x\"); def f = 1; lazy val d = 2.5")
    val assigned = workspace.repl().assigned(lastCell).map(m => (m("name"), m("type"), m("kind")))
    assertEquals(
      assigned,
      List(
        ("a", "Int", "scalar"),
        ("s", "List[String]", "collection"),
        ("f", "method", "function"),
        ("d", "Double", "scalar")
      )
    )
    ok("a = 5")
    assertEquals(workspace.repl().assigned(lastCell).map(_("name")), List("a"))
    assertEquals(workspace.named("a"), Some(5))
    workspace.put("k", "from outside")
    val bound = CellOptions(bindings = List(CellOptions.Binding("brought", "String", "k")))
    assertEquals(ok("brought.length", bound).result.map(_("text/plain")), Some("12"))
    run("brought\n nope", bound) match {
      case failure: Outcome.Failed =>
        assert(failure.traceback.head.startsWith("<cell>:2:"), failure.traceback.head)
      case other => fail(other.toString)
    }
  }

  test("free names") {
    val code =
      """val y = people.filter(_.age > lim).map(x => x + 1)
        |s"$inter ${foo.bar} nots" // comment
        |def f(own: Int) = own + outer
        |maybe match { case Some(v) => v; case other => other }
        |f(own = 3); y; { val local = 1; local }""".stripMargin
    val free = workspace.repl().references(code, Set.empty)._1.toSet -- Set("Some", "StringContext")
    assertEquals(free, Set("people", "lim", "inter", "foo", "outer", "maybe"))
  }

  test("complete, incomplete, invalid") {
    def status(code: String): String = workspace.repl().isComplete(code)
    assertEquals(status("6 * 7"), """{"status":"complete"}""")
    assertEquals(status("def f(x: Int) = {\n  x + 8\n}"), """{"status":"complete"}""")
    assertEquals(status("  if (true) {"), """{"status":"incomplete","indent":"    "}""")
    List("case class Foo(bar: ", "6 * ").foreach(code =>
      assert(status(code).contains("incomplete"), code)
    )
    List("case class Foo(bar)", "* 6").foreach(code =>
      assertEquals(status(code), """{"status":"invalid"}""")
    )
  }
}
