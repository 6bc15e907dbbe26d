package toree.text

import munit.FunSuite

import toree.repl.{CellLoader, CellText, JarLoader, Messages}
import toree.stop.Instrument

/** The parts that need no compiler. */
class TextSuite extends FunSuite {

  test("places in a cell of what the compiler saw") {
    val cell = "val a = 1; a + 1"
    val text = new CellText(cell, 0, cell.length, "val brought = 1; ", List((11, "val r = ")))
    assertEquals(text.code, "val brought = 1; val a = 1; val r = a + 1")
    assertEquals(text.place(5), None)
    assertEquals(text.place(17), Some(0))
    assertEquals(text.place(text.code.indexOf("a + 1")), Some(11))
    assertEquals(text.place(text.code.length), Some(cell.length))
  }

  test("a message with its line and caret") {
    val cell = "first\r\n\tval x = y\nlast"
    val shown = Messages.show(
      Messages.Message("error", "not found: value y\n more", Some(cell.indexOf('y'))),
      cell
    )
    assertEquals(shown, "<cell>:2: error: not found: value y\n more\n\tval x = y\n\t        ^")
  }

  test("names without the REPL's wrappings") {
    assertEquals(Names.clean("$line12.$read$$iw$$iw$Foo"), "Foo")
    assertEquals(
      Names.clean("$line3.$read.INSTANCE.$iw.$iw.Foo[$line3.$read.INSTANCE.$iw.Bar]"),
      "Foo[Bar]"
    )
    assertEquals(Names.clean("a price of $5 and $lines"), "a price of $5 and $lines")
  }

  test("JSON") {
    val text = "\"\\\n\t\u0001é😀"
    assertEquals(Json.read(Json.obj("t" -> text)).get("t"), text)
    assertEquals(
      Json.obj(
        "a" -> 1,
        "b" -> List(true, null),
        "c" -> None,
        "d" -> Map("x" -> 1.5),
        "e" -> Double.NaN
      ),
      """{"a":1,"b":[true,null],"c":null,"d":{"x":1.5},"e":"NaN"}"""
    )
  }

  test("an instrumented class does what it did") {
    val none = new scala.reflect.io.VirtualDirectory("none", None)
    val loader = new CellLoader(none, new JarLoader(getClass.getClassLoader))
      .repl(new java.util.concurrent.ConcurrentHashMap[String, Any])
    assertEquals(loader.loadClass("toree.$Gate").getMethod("check").invoke(null), null)
    // Bytes that are no class pass unchanged: the JVM says what is wrong with them.
    assertEquals(Instrument(Array[Byte](1, 2, 3)).toList, List[Byte](1, 2, 3))
  }
}
