package toree.repl

import toree.CellSuite
import toree.text.Json

/** What may stand at the cursor. */
class CompletionSuite extends CellSuite {
  private def complete(code: String, cursor: Int): String = workspace.repl().complete(code, cursor)
  private def matches(code: String, cursor: Int = -1): List[String] = {
    val json =
      Json.read(complete(code, if (cursor < 0) code.codePointCount(0, code.length) else cursor))
    json.get("matches").asInstanceOf[java.util.List[String]].toArray.toList.map(_.toString)
  }

  test("names, members, imports, types") {
    ok("val number = 3")
    assertEquals(matches("numb"), List("number"))
    assertEquals(matches("spar"), List("spark"))
    assertEquals(matches("number.toSh"), List("toShort"))
    assertEquals(matches("object O { def x_y_z = 1 }; import O._; x_y"), List("x_y_z"))
    assertEquals(matches("import scala.util.Ei"), List("Either"))
    assertEquals(matches("new java.util.ArrayL"), List("ArrayList"))
    assertEquals(matches("s\"${number.toSh"), List("toShort"))
    assertEquals(matches("nothing_of_this_name"), Nil)
  }

  test("in the middle of a cell, and counted in code points") {
    val code = "val s = List(1)\ns.mapC\nval t = 3"
    assertEquals(matches(code, 22), List("mapConserve"))
    val found = complete("\"😀\".lengthC", 11)
    assert(found.startsWith("""{"matches":["lengthCompare"],"start":4,"end":11,"""), found)
  }

  test("names of later cells are known to the kept compiler") {
    ok("case class Fresh(inner: Int); val fresh = Fresh(1)")
    assertEquals(matches("fresh.inn"), List("inner"))
  }

  test("inspection") {
    ok("val number = 3")
    assertEquals(
      workspace.repl().inspect("number + 1", 3, 0),
      """{"found":true,"text/plain":"val number: Int"}"""
    )
    assert(workspace.repl().inspect("List(1).map(_ + 1)", 10, 0).contains("def map[B"))
    assertEquals(workspace.repl().inspect("nope", 2, 0), """{"found":false,"text/plain":null}""")
  }

  test("among the arguments of a call: what is called, with all its overloads") {
    def shown(code: String) =
      String.valueOf(
        Json.read(workspace.repl().inspect(code, code.length, 0)).get("text/plain"): Any
      )
    assert(ok("def called(alpha: Int, beta: String = \"x\") = beta * alpha").result.isEmpty)
    val own = "def called(alpha: Int, beta: String): String"
    for (
      code <- Seq("called(", "called(1, ", "called(alpha = 1, be", "1 + called((1 + 2), \"(\", ")
    )
      assertEquals(shown(code).replace("Int,b", "Int, b"), own, code)
    val all = shown("\"abc\".substring(")
    assertEquals(all.linesIterator.count(_.startsWith("def substring(")), 2, all)
    assert(shown("List(1).map(").contains("def map[B]"), shown("List(1).map("))
    val none = """{"found":false,"text/plain":null}"""
    assertEquals(workspace.repl().inspect("(1 + ", 5, 0), none)
  }

  test("inspection shows the doc comments of earlier cells") {
    ok("""/** Greets.
         |  * @param name whom
         |  */
         |case class Greeter(name: String) {
         |  /** Says it */ def hello: String = s"hello $name"
         |}
         |/** Three. */ val three = 3
         |/** Twice. */ def twice(x: Int) = 2 * x""".stripMargin)
    def text(code: String, cursor: Int) =
      Json.read(workspace.repl().inspect(code, cursor, 0)).get("text/plain").toString
    assert(text("new Greeter(\"\")", 6).endsWith("Greets.\n@param name whom"))
    assert(text("Greeter(\"\").hello", 14).endsWith("def hello: String\n\nSays it"))
    assert(text("three", 2).endsWith("\n\nThree."))
    assert(text("twice(1)", 2).endsWith("\n\nTwice."))
    ok("def twice(x: Int) = x + x; val star = \"/** no comment\"")
    assert(!text("twice(1)", 2).contains("Twice"))
  }
}
