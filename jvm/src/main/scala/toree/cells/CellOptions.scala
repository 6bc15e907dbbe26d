package toree.cells

import java.util.{List => JList, Map => JMap}

import toree.text.Json

/** What the front asks for with a Scala cell. */
final case class CellOptions(
    showTypes: Boolean = false,
    rows: Int = 20,
    bindings: List[CellOptions.Binding] = Nil,
    silent: Boolean = false,
    whole: Boolean = false
) {

  /** Code before the cell's own that brings shared values in; its lines count in no position. */
  def prefix: String = bindings.map {
    // A shared name that is gone, though the REPL still has it: naming it does not compile.
    case b if b.kind.isEmpty =>
      s"""@_root_.scala.annotation.implicitNotFound("not found: value ${b.name}") sealed trait `gone ${b.name}`; """ +
        s"""def `${b.name}`(implicit gone: `gone ${b.name}`): _root_.scala.Nothing = throw new _root_.scala.MatchError(gone); """
    case b =>
      s"""val `${b.name}` = _root_.toree.Shared.of(this, "${b.key}").asInstanceOf[${b.kind}]; """
  }.mkString
}

object CellOptions {
  final case class Binding(name: String, kind: String, key: String)

  def read(json: String): CellOptions = {
    val map = Json.read(json)
    val bindings = map.get("bindings") match {
      case list: JList[_] =>
        list.toArray.toList.collect { case entry: JMap[_, _] =>
          Binding(text(entry, "name"), text(entry, "type"), text(entry, "key"))
        }
      case _ => Nil
    }
    CellOptions(
      flag(map, "showTypes"),
      number(map, "rows", 20),
      bindings,
      flag(map, "silent"),
      flag(map, "whole")
    )
  }

  def text(map: JMap[_, _], name: String): String = Option(map.get(name)).fold("")(_.toString)
  def flag(map: JMap[_, _], name: String): Boolean = map.get(name) == java.lang.Boolean.TRUE
  def number(map: JMap[_, _], name: String, other: Int): Int = map.get(name) match {
    case n: Number => n.intValue
    case _         => other
  }
}
