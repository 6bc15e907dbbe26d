package toree.repl

import java.nio.file.Files

import toree.CellSuite

/** Commands of other shells in cells. */
class CommandsSuite extends CellSuite {
  private val folder = Files.createTempDirectory("toree-commands")
  private val script = folder.resolve("script.scala")

  override def beforeAll(): Unit = {
    super.beforeAll()
    Files.write(
      script,
      "val loaded = 5\ndef twice(x: Int) = x * 2\ntwice(loaded)".getBytes("UTF-8")
    )
    ()
  }

  private def refused(code: String): String = {
    val outcome = failed(code)
    assertEquals(outcome.kind, "syntax")
    outcome.message
  }

  test(":paste is the cell as it is, its lines counted") {
    assertEquals(text(":paste\nval a = 1\na + 1"), "2")
    val wrong = failed("\n:paste\nval b = none").traceback.head
    assert(wrong.startsWith("<cell>:3: error"), wrong)
    assertEquals(workspace.repl().isComplete(":paste\nval a = 1"), """{"status":"complete"}""")
    assertEquals(workspace.repl().references(":paste\na + other", Set.empty)._1, List("a", "other"))
  }

  test(":load runs a file, before the code below it") {
    assertEquals(text(s":load $script"), "10")
    assertEquals(text(s":load $script\n:paste $script\ntwice(7)"), "14")
    assertEquals(
      refused(s":load ${folder.resolve("none")}"),
      s"There is no file ${folder.resolve("none")}."
    )
  }

  test(":require and :cp put a jar on the class path") {
    val jar = folder.resolve("one.jar")
    val out = new java.util.zip.ZipOutputStream(Files.newOutputStream(jar))
    out.putNextEntry(new java.util.zip.ZipEntry("word.txt"))
    out.write("here".getBytes("UTF-8"))
    out.close()
    val read = "scala.io.Source.fromInputStream(Thread.currentThread.getContextClassLoader" +
      ".getResourceAsStream(\"word.txt\")).mkString"
    assertEquals(text(s":require $jar\n$read"), "here")
    assertEquals(refused(s":cp $folder/none.jar"), s"There is no file $folder/none.jar.")
  }

  test("what a cell cannot have gets a sentence") {
    assert(refused(":quit").contains("Kernel menu"))
    assert(refused(":reset").contains("%restart scala"))
    assert(refused(":type 1 + 1").contains("Shift+Tab"))
    assert(refused(":cp").contains(":cp FILE"))
    assert(refused(":frob").contains("no command :frob"))
    ok(":help")
    assert(events.take().mkString.contains("%lsmagic"))
    val line = scala.util.Properties.versionNumberString.split('.').take(2).mkString(".")
    val cats = s"%AddDeps org.typelevel cats-core_$line 2.9.0 --transitive"
    val ivy = failed("import $ivy.`org.typelevel::cats-core:2.9.0`\nimport cats._").message
    assert(ivy.contains(cats), ivy)
    assertEquals(
      ok("//> using dep \"org.typelevel::cats-core:2.9.0\"\n1 + 1").result.map(_("text/plain")),
      Some("2")
    )
    assert(events.take().mkString.contains(cats))
  }

  test("a type on a line of its own and text in a string are no commands") {
    assertEquals(text("val x\n: Int = 3\nx"), "3")
    assertEquals(text("val s = \"\"\"\n:load nothing\n\"\"\"\ns.trim"), ":load nothing")
  }
}
