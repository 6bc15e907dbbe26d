package toree.sharing

import java.nio.file.{Files, Paths}
import java.util.Base64

import scala.collection.JavaConverters._

import com.fasterxml.jackson.databind.{JsonNode, ObjectMapper}

/** What a value of the crossing form is (`toree/wire/tags.py`). */
private[sharing] object Tag {
  val Null = "null"
  val Bool = "bool"
  val Int = "int"
  val Float = "float"
  val Text = "text"
  val Bytes = "bytes"
  val Date = "date"
  val Timestamp = "timestamp"
  val Decimal = "decimal"
  val Vector = "vector"
  val List = "list"
  val Tuple = "tuple"
  val Set = "set"
  val Map = "map"
  val Array = "array"
  val Frame = "frame"
  val File = "file"
  val Table = "table"
  val Refused = "refused"
}

/** The parts of a value of the crossing form. */
private[sharing] object Node {
  private val mapper = new ObjectMapper

  def parse(text: String): JsonNode = {
    val node = mapper.readTree(text)
    if (tag(node) == Tag.File) mapper.readTree(file(node)) else node
  }

  def tag(node: JsonNode): String = node.get("t").asText
  def v(node: JsonNode): JsonNode = node.get("v")
  def bits(node: JsonNode): Int = node.path("bits").asInt(64)
  def items(node: JsonNode): Iterable[JsonNode] = v(node).asScala
  def zoneOf(node: JsonNode): Option[String] =
    Option(node.get("zone")).filterNot(_.isNull).map(_.asText)

  def number(node: JsonNode): Double = node.asText match {
    case "nan"  => Double.NaN
    case "inf"  => Double.PositiveInfinity
    case "-inf" => Double.NegativeInfinity
    case text   => if (node.isNumber) node.asDouble else text.toDouble
  }

  def buffer(node: JsonNode): Array[Byte] =
    if (node.has("path")) file(node) else Base64.getDecoder.decode(node.get("b64").asText)

  /** What went by file: this is its reader, and there is no other. */
  def file(node: JsonNode): Array[Byte] = {
    val path = Paths.get(node.get("path").asText)
    try Files.readAllBytes(path)
    finally { Files.deleteIfExists(path); () }
  }
}
