package toree.sharing

import java.nio.{ByteBuffer, ByteOrder}
import java.nio.file.{Files, Paths}
import java.time.{Instant, LocalDate, LocalDateTime, ZoneId, ZoneOffset}
import java.util.Base64

import scala.collection.immutable.ListMap
import scala.collection.JavaConverters._
import scala.reflect.ClassTag

import com.fasterxml.jackson.databind.{JsonNode, ObjectMapper}
import org.apache.spark.sql.Dataset

/** The crossing form (`toree/wire`) to Scala values, with the Scala type a cell sees them as.
  *
  * Two passes: the type of the whole is found first, so that `[1, None]` becomes a
  * `Seq[Option[Int]]`, and then the value is built to it.
  */
final class WireReader(frames: String => Any) {
  import WireReader._

  def read(text: String): (Any, String) = {
    val node = parse(text)
    val kind = typeOf(node)
    (value(node, kind), kind.text)
  }

  private def parse(text: String): JsonNode = {
    val node = mapper.readTree(text)
    if (tag(node) == "file") mapper.readTree(file(node)) else node
  }

  private def typeOf(node: JsonNode): Kind = tag(node) match {
    case "null"      => Missing
    case "bool"      => Named("scala.Boolean")
    case "int"       => integer(bits(node))
    case "float"     => if (bits(node) == 32) Named("scala.Float") else double
    case "text"      => Named("java.lang.String")
    case "bytes"     => ArrayOf(Named("scala.Byte"))
    case "date"      => Named("java.time.LocalDate")
    case "timestamp" =>
      Named(zoneOf(node) match {
        case None        => "java.time.LocalDateTime"
        case Some("UTC") => "java.time.Instant"
        case _           => "java.time.ZonedDateTime"
      })
    case "decimal" => Named("scala.math.BigDecimal")
    case "vector"  =>
      val element = node.get("of").asText match {
        case "bool"  => Named("scala.Boolean")
        case "int"   => if (bits(node) == 32) int else long
        case "float" => if (bits(node) == 32) Named("scala.Float") else double
        case _       => Named("java.lang.String")
      }
      val missing = if (node.has("v")) items(node).exists(_.isNull) else node.get("nulls").size > 0
      SeqOf(if (missing) OptionOf(element) else element)
    case "list"  => SeqOf(common(items(node).map(typeOf)))
    case "tuple" =>
      val kinds = items(node).map(typeOf).toList
      if (kinds.isEmpty || kinds.size > 22) SeqOf(common(kinds)) else TupleOf(kinds)
    case "set" => SetOf(common(items(node).map(typeOf)))
    case "map" =>
      val pairs = items(node)
      MapOf(common(pairs.map(p => typeOf(p.get(0)))), common(pairs.map(p => typeOf(p.get(1)))))
    case "array" =>
      val element: Kind = Named(elements(node.get("dtype").asText))
      node.get("shape").asScala.foldLeft(element)((inner, _) => ArrayOf(inner))
    case "frame" => Named("org.apache.spark.sql.DataFrame")
    case other   => throw new IllegalArgumentException(s"unknown tag $other")
  }

  private def common(kinds: Iterable[Kind]): Kind = kinds.foldLeft(Nothing: Kind)(join)

  private def value(node: JsonNode, kind: Kind): Any = (tag(node), kind) match {
    case ("null", _)                         => None
    case (_, OptionOf(inner))                => Some(value(node, inner))
    case ("int", Named("scala.Double"))      => v(node).asText.toDouble
    case ("int", Named("scala.math.BigInt")) => BigInt(v(node).asText)
    case ("int", Named("scala.Long"))        => v(node).asText.toLong
    case ("int", Named("scala.Int"))         => v(node).asText.toInt
    case ("int", _)                          => value(node, typeOf(node))
    case ("bool", _)                         => v(node).asBoolean
    case ("float", _)     => if (bits(node) == 32) number(v(node)).toFloat else number(v(node))
    case ("text", _)      => v(node).asText
    case ("bytes", _)     => buffer(node)
    case ("date", _)      => LocalDate.parse(v(node).asText)
    case ("timestamp", _) => timestamp(node)
    case ("decimal", _)   => BigDecimal(new java.math.BigDecimal(v(node).asText))
    case ("vector", _)    => if (node.has("v")) vector(node, kind) else unpacked(node, kind)
    case ("list" | "tuple", SeqOf(inner)) => items(node).map(value(_, inner)).toVector
    case ("set", SetOf(inner))            => items(node).map(value(_, inner)).toSet
    case ("tuple", TupleOf(kinds))        =>
      tuple(items(node).toVector.zip(kinds).map { case (n, k) => value(n, k) })
    case ("map", MapOf(keys, values)) =>
      val pairs = items(node).map(p => value(p.get(0), keys) -> value(p.get(1), values)).toSeq
      // A ListMap keeps the order but looks things up one by one.
      if (pairs.size <= 64) ListMap(pairs: _*) else pairs.toMap
    case ("array", _) => array(node)
    case ("frame", _) =>
      frames(node.get("key").asText) match {
        case dataset: Dataset[_] => dataset.toDF()
        case _                   => throw new IllegalArgumentException("the DataFrame is gone")
      }
    case (_, _) => value(node, typeOf(node)) // inside a Seq[Any]
  }

  private def unpacked(node: JsonNode, kind: Kind): Any = {
    val bytes = ByteBuffer.wrap(buffer(node)).order(ByteOrder.LITTLE_ENDIAN)
    val nulls = node.get("nulls").asScala.map(_.asInt).toSet
    val of = node.get("of").asText
    val size = if (of == "bool") bytes.capacity else bytes.capacity / 8
    val element = kind match {
      case SeqOf(OptionOf(Named(name))) => name
      case SeqOf(Named(name))           => name
      case _ => if (of == "int") (if (bits(node) == 32) int else long).name else ""
    }
    val read: () => Any = (of, element) match {
      case ("bool", _)             => () => bytes.get != 0
      case ("int", "scala.Int")    => () => bytes.getLong.toInt
      case ("int", "scala.Double") => () => bytes.getLong.toDouble
      case ("int", _)              => () => bytes.getLong
      case _ if bits(node) == 32   => () => bytes.getDouble.toFloat
      case _                       => () => bytes.getDouble
    }
    val optional = kind match { case SeqOf(OptionOf(_)) => true; case _ => false }
    val out = Vector.newBuilder[Any]
    var index = 0
    while (index < size) {
      val item = read()
      out += (if (nulls(index)) None else if (optional) Some(item) else item)
      index += 1
    }
    out.result()
  }

  private def vector(node: JsonNode, kind: Kind): Any = {
    val convert: JsonNode => Any = node.get("of").asText match {
      case "bool" => _.asBoolean
      case "int"  =>
        kind match {
          case SeqOf(Named("scala.Int") | OptionOf(Named("scala.Int")))       => _.asText.toInt
          case SeqOf(Named("scala.Double") | OptionOf(Named("scala.Double"))) => _.asText.toDouble
          case SeqOf(Named("scala.Long") | OptionOf(Named("scala.Long")))     => _.asText.toLong
          case _ => if (bits(node) == 32) _.asText.toInt else _.asText.toLong
        }
      case "float" => if (bits(node) == 32) n => number(n).toFloat else number
      case _       => _.asText
    }
    kind match {
      case SeqOf(OptionOf(_)) =>
        items(node).map(i => if (i.isNull) None else Some(convert(i))).toVector
      case _ => items(node).map(i => if (i.isNull) None else convert(i)).toVector
    }
  }

  private def timestamp(node: JsonNode): Any = {
    val nanos = BigInt(v(node).asText)
    val (seconds, rest) = (nanos /% 1000000000L) match {
      case (s, r) => if (r < 0) (s - 1, r + 1000000000L) else (s, r)
    }
    val instant = Instant.ofEpochSecond(seconds.toLong, rest.toLong)
    zoneOf(node) match {
      case None        => LocalDateTime.ofInstant(instant, ZoneOffset.UTC)
      case Some("UTC") => instant
      case Some(zone)  => instant.atZone(ZoneId.of(zone))
    }
  }

  private def array(node: JsonNode): Any = {
    val bytes = ByteBuffer.wrap(buffer(node)).order(ByteOrder.LITTLE_ENDIAN)
    val shape = node.get("shape").asScala.map(_.asInt).toList
    val count = shape.product
    node.get("dtype").asText match {
      case "|b1" => nested(Array.fill(count)(bytes.get != 0), shape)
      case "|i1" => nested(Array.fill(count)(bytes.get), shape)
      case "<i2" => nested(filled(new Array[Short](count))(bytes.asShortBuffer.get(_)), shape)
      case "<i4" => nested(filled(new Array[Int](count))(bytes.asIntBuffer.get(_)), shape)
      case "<i8" => nested(filled(new Array[Long](count))(bytes.asLongBuffer.get(_)), shape)
      case "<f4" => nested(filled(new Array[Float](count))(bytes.asFloatBuffer.get(_)), shape)
      case "<f8" => nested(filled(new Array[Double](count))(bytes.asDoubleBuffer.get(_)), shape)
    }
  }

  private def filled[A](target: Array[A])(fill: Array[A] => Any): Array[A] = {
    fill(target); target
  }

  private def nested[A: ClassTag](flat: Array[A], shape: List[Int]): Array[_] = shape match {
    case Nil | List(_) => flat
    case first :: rest =>
      val width = rest.product
      val parts =
        Array.tabulate[Array[_]](first)(i => nested(flat.slice(i * width, (i + 1) * width), rest))
      val typed = java.lang.reflect.Array.newInstance(classOfArray[A](rest.size), first)
      System.arraycopy(parts, 0, typed, 0, first)
      typed.asInstanceOf[Array[_]]
  }

  private def classOfArray[A](depth: Int)(implicit tag: ClassTag[A]): Class[_] =
    (0 until depth).foldLeft[Class[_]](tag.runtimeClass)((c, _) =>
      java.lang.reflect.Array.newInstance(c, 0).getClass
    )
}

object WireReader {
  private val mapper = new ObjectMapper

  /** A Scala type, as far as values of the crossing form need one. */
  sealed abstract class Kind(val text: String)
  final case class Named(name: String) extends Kind("_root_." + name)
  case object Nothing extends Kind("_root_.scala.Nothing")
  case object Anything extends Kind("_root_.scala.Any")
  case object Missing extends Kind("_root_.scala.Option[_root_.scala.Nothing]")
  final case class OptionOf(kind: Kind) extends Kind(s"_root_.scala.Option[${kind.text}]")
  final case class SeqOf(kind: Kind)
      extends Kind(s"_root_.scala.collection.immutable.Seq[${kind.text}]")
  final case class SetOf(kind: Kind)
      extends Kind(s"_root_.scala.collection.immutable.Set[${kind.text}]")
  final case class ArrayOf(kind: Kind) extends Kind(s"_root_.scala.Array[${kind.text}]")
  final case class MapOf(key: Kind, value: Kind)
      extends Kind(s"_root_.scala.collection.immutable.Map[${key.text}, ${value.text}]")
  final case class TupleOf(kinds: List[Kind])
      extends Kind(s"_root_.scala.Tuple${kinds.size}[${kinds.map(_.text).mkString(", ")}]")

  private val int = Named("scala.Int")
  private val long = Named("scala.Long")
  private val big = Named("scala.math.BigInt")
  private val double = Named("scala.Double")
  private val numbers = List[Kind](int, long, big, double)

  private def integer(bits: Int): Kind = bits match {
    case 0  => big
    case 32 => int
    case _  => long
  }

  /** The narrowest type for both; integers among floats become Double. */
  private def join(one: Kind, other: Kind): Kind = (one, other) match {
    case (a, b) if a == b                                     => a
    case (Nothing, b)                                         => b
    case (a, Nothing)                                         => a
    case (Missing, OptionOf(b))                               => OptionOf(b)
    case (OptionOf(a), Missing)                               => OptionOf(a)
    case (Missing, b)                                         => OptionOf(b)
    case (a, Missing)                                         => OptionOf(a)
    case (OptionOf(a), OptionOf(b))                           => option(join(a, b))
    case (OptionOf(a), b)                                     => option(join(a, b))
    case (a, OptionOf(b))                                     => option(join(a, b))
    case (a, b) if numbers.contains(a) && numbers.contains(b) =>
      numbers(math.max(numbers.indexOf(a), numbers.indexOf(b)))
    case (SeqOf(a), SeqOf(b))                         => SeqOf(join(a, b))
    case (SetOf(a), SetOf(b))                         => SetOf(join(a, b))
    case (MapOf(k, v), MapOf(l, w))                   => MapOf(join(k, l), join(v, w))
    case (TupleOf(a), TupleOf(b)) if a.size == b.size =>
      TupleOf(a.zip(b).map { case (x, y) => join(x, y) })
    case _ => Anything
  }

  private def option(kind: Kind): Kind = if (kind == Anything) Anything else OptionOf(kind)

  private val elements = Map(
    "|b1" -> "scala.Boolean",
    "|i1" -> "scala.Byte",
    "<i2" -> "scala.Short",
    "<i4" -> "scala.Int",
    "<i8" -> "scala.Long",
    "<f4" -> "scala.Float",
    "<f8" -> "scala.Double"
  )

  private def tag(node: JsonNode): String = node.get("t").asText
  private def v(node: JsonNode): JsonNode = node.get("v")
  private def bits(node: JsonNode): Int = node.path("bits").asInt(64)
  private def items(node: JsonNode): Iterable[JsonNode] = v(node).asScala
  private def zoneOf(node: JsonNode): Option[String] =
    Option(node.get("zone")).filterNot(_.isNull).map(_.asText)

  private def number(node: JsonNode): Double = node.asText match {
    case "nan"  => Double.NaN
    case "inf"  => Double.PositiveInfinity
    case "-inf" => Double.NegativeInfinity
    case text   => if (node.isNumber) node.asDouble else text.toDouble
  }

  private def buffer(node: JsonNode): Array[Byte] =
    if (node.has("path")) file(node) else Base64.getDecoder.decode(node.get("b64").asText)

  /** What went by file: this is its reader, and there is no other. */
  private def file(node: JsonNode): Array[Byte] = {
    val path = Paths.get(node.get("path").asText)
    try Files.readAllBytes(path)
    finally { Files.deleteIfExists(path); () }
  }

  /** A tuple of up to 22 values. */
  private def tuple(values: Vector[Any]): Any =
    Class
      .forName(s"scala.Tuple${values.size}")
      .getConstructors
      .head
      .newInstance(values.map(_.asInstanceOf[AnyRef]): _*)
}
