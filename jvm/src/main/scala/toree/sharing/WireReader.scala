package toree.sharing

import java.nio.{ByteBuffer, ByteOrder}
import java.time.{Instant, LocalDate, LocalDateTime, ZoneId, ZoneOffset}

import scala.collection.immutable.ListMap
import scala.collection.JavaConverters._
import scala.reflect.ClassTag

import com.fasterxml.jackson.databind.JsonNode
import org.apache.spark.sql.Dataset

/** The crossing form (`toree/wire`) to Scala values, with the Scala type a cell sees them as.
  *
  * Two passes: the type of the whole is found first, so that `[1, None]` becomes a
  * `Seq[Option[Int]]`, and then the value is built to it.
  */
final class WireReader(frames: String => Any) {
  import Kind._
  import Node._

  def read(text: String): (Any, String) = {
    val node = parse(text)
    val kind = typeOf(node)
    (value(node, kind), kind.text)
  }

  private def value(node: JsonNode, kind: Kind): Any = (tag(node), kind) match {
    case (Tag.Null, _)                         => None
    case (_, OptionOf(inner))                  => Some(value(node, inner))
    case (Tag.Int, Named("scala.Double"))      => v(node).asText.toDouble
    case (Tag.Int, Named("scala.math.BigInt")) => BigInt(v(node).asText)
    case (Tag.Int, Named("scala.Long"))        => v(node).asText.toLong
    case (Tag.Int, Named("scala.Int"))         => v(node).asText.toInt
    case (Tag.Int, _)                          => value(node, typeOf(node))
    case (Tag.Bool, _)                         => v(node).asBoolean
    case (Tag.Float, _)     => if (bits(node) == 32) number(v(node)).toFloat else number(v(node))
    case (Tag.Text, _)      => v(node).asText
    case (Tag.Bytes, _)     => buffer(node)
    case (Tag.Date, _)      => LocalDate.parse(v(node).asText)
    case (Tag.Timestamp, _) => timestamp(node)
    case (Tag.Decimal, _)   => BigDecimal(new java.math.BigDecimal(v(node).asText))
    case (Tag.Vector, _)    => if (node.has("v")) vector(node, kind) else unpacked(node, kind)
    case (Tag.List | Tag.Tuple, SeqOf(inner)) => items(node).map(value(_, inner)).toVector
    case (Tag.Set, SetOf(inner))              => items(node).map(value(_, inner)).toSet
    case (Tag.Tuple, TupleOf(kinds))          =>
      WireReader.tuple(items(node).toVector.zip(kinds).map { case (n, k) => value(n, k) })
    case (Tag.Map, MapOf(keys, values)) =>
      val pairs = items(node).map(p => value(p.get(0), keys) -> value(p.get(1), values)).toSeq
      // A ListMap keeps the order but looks things up one by one.
      if (pairs.size <= 64) ListMap(pairs: _*) else pairs.toMap
    case (Tag.Array, _) => array(node)
    case (Tag.Frame, _) =>
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

private object WireReader {

  /** A tuple of up to 22 values. */
  def tuple(values: Vector[Any]): Any =
    Class
      .forName(s"scala.Tuple${values.size}")
      .getConstructors
      .head
      .newInstance(values.map(_.asInstanceOf[AnyRef]): _*)
}
