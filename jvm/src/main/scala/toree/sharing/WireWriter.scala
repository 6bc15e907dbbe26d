package toree.sharing

import java.math.{BigDecimal => JBigDecimal, BigInteger}
import java.nio.file.{Files, Path}
import java.time.{Instant, LocalDate, LocalDateTime, OffsetDateTime, ZoneOffset, ZonedDateTime}
import java.util.{Base64, UUID}

import scala.collection.JavaConverters._

import org.apache.spark.sql.{Dataset, Row}
import org.apache.spark.sql.types.StructType

import toree.text.{Json, Names}

/** Scala values to the crossing form (`toree/wire`). What cannot cross is an `Unshareable`.
  *
  * `keep` puts a DataFrame under a key and gives the key; `table` makes one of local rows. What is
  * larger than `limit` characters goes to a file in `folder`.
  */
final class WireWriter(
    keep: Dataset[_] => String,
    table: (Seq[Any], StructType) => Dataset[_],
    folder: Path,
    limit: Int
) {
  import WireWriter._

  def write(value: Any): String = {
    val json = text(value, 0)
    if (json.length <= limit) json
    else Json.obj("t" -> Tag.File, "path" -> file(json.getBytes("US-ASCII"), ".json"))
  }

  private def text(value: Any, depth: Int): String = value match {
    case _ if depth > 100 => throw new Unshareable("the value is nested more than 100 levels deep")
    case null | None      => s"""{"t":"${Tag.Null}"}"""
    case Some(inner)      => text(inner, depth)
    case flag: Boolean    => Json.obj("t" -> Tag.Bool, "v" -> flag)
    case number: Byte     => int(number.toLong, 32)
    case number: Short    => int(number.toLong, 32)
    case number: Int      => int(number.toLong, 32)
    case number: Long     => int(number, 64)
    case number: BigInt   => big(number.bigInteger)
    case number: BigInteger => big(number)
    case number: Float  => Json.obj("t" -> Tag.Float, "v" -> float(number.toDouble), "bits" -> 32)
    case number: Double => Json.obj("t" -> Tag.Float, "v" -> float(number), "bits" -> 64)
    case number: BigDecimal  => Json.obj("t" -> Tag.Decimal, "v" -> number.bigDecimal.toPlainString)
    case number: JBigDecimal => Json.obj("t" -> Tag.Decimal, "v" -> number.toPlainString)
    case letter: Char        => Json.obj("t" -> Tag.Text, "v" -> ascii(letter.toString))
    case words: String       => Json.obj("t" -> Tag.Text, "v" -> ascii(words))
    case bytes: Array[Byte]  => s"""{"t":"${Tag.Bytes}",${buffer(bytes)}}"""
    case day: LocalDate      => Json.obj("t" -> Tag.Date, "v" -> day.toString)
    case day: java.sql.Date  => text(day.toLocalDate, depth)
    case time: Instant       => stamp(time, Some("UTC"))
    case time: java.sql.Timestamp        => stamp(time.toInstant, Some("UTC"))
    case time: java.util.Date            => stamp(time.toInstant, Some("UTC"))
    case time: LocalDateTime             => stamp(time.toInstant(ZoneOffset.UTC), None)
    case time: ZonedDateTime             => stamp(time.toInstant, Some(zone(time.getZone.getId)))
    case time: OffsetDateTime            => stamp(time.toInstant, Some(zone(time.getOffset.getId)))
    case dataset: Dataset[_]             => frame(dataset, local = false)
    case array: Array[_]                 => ofArray(array, depth)
    case map: scala.collection.Map[_, _] => ofMap(map, depth)
    case map: java.util.Map[_, _]        => ofMap(map.asScala, depth)
    case values: scala.collection.Set[_] =>
      tagged(Tag.Set, values.iterator.map(text(_, depth + 1)))
    case values: java.util.Set[_] =>
      tagged(Tag.Set, values.asScala.iterator.map(text(_, depth + 1)))
    case values: Iterable[_]             => ofValues(finite(values).toIndexedSeq, depth)
    case values: java.util.Collection[_] => ofValues(values.asScala.toIndexedSeq, depth)
    case row: Row if row.schema != null  =>
      ofMap(row.schema.fieldNames.toSeq.zip(row.toSeq), depth)
    case product: Product if isTuple(product) =>
      tagged(Tag.Tuple, product.productIterator.map(text(_, depth + 1)))
    case record: Product if record.productArity > 0 =>
      ofMap(LocalRows.names(record).zip(record.productIterator.toSeq), depth)
    case other =>
      throw new Unshareable(
        refusal(other).getOrElse(s"a value of ${Names.clean(other.getClass.getName)}")
      )
  }

  private def ofMap(pairs: Iterable[(Any, Any)], depth: Int): String =
    tagged(
      Tag.Map,
      pairs.iterator.map { case (k, v) => s"[${text(k, depth + 1)},${text(v, depth + 1)}]" }
    )

  private def tagged(kind: String, items: Iterator[String]): String = {
    val out = new StringBuilder(s"""{"t":"$kind","v":[""")
    items.zipWithIndex.foreach { case (item, index) =>
      if (index > 0) out += ','
      out ++= item
    }
    (out ++= "]}").toString
  }

  private def ofArray(array: Array[_], depth: Int): String = Numbers.of(array) match {
    case Some((dtype, shape, data)) =>
      s"""{"t":"${Tag.Array}","dtype":"$dtype","shape":[${shape.mkString(",")}],${buffer(data)}}"""
    case None => ofValues(array.toIndexedSeq, depth)
  }

  private def ofValues(values: IndexedSeq[Any], depth: Int): String =
    if (depth == 0 && values.nonEmpty && values.forall(isRecord)) local(values)
    else
      Numbers.kind(values) match {
        case Some((of, bits)) if of != "text" && values.size > binary => packed(values, of, bits)
        case Some((of, bits))                                         =>
          val items = values.iterator.map(Numbers.bare).map {
            case null           => "null"
            case number: Long   => long(number)
            case number: Double => float(number).text
            case number: Float  => float(number.toDouble).text
            case words: String  => Json.array(List(ascii(words))).drop(1).dropRight(1)
            case other          => other.toString
          }
          tagged(Tag.Vector, items).dropRight(1) + s""","of":"$of","bits":$bits}"""
        case None => tagged(Tag.List, values.iterator.map(text(_, depth + 1)))
      }

  private def packed(values: IndexedSeq[Any], of: String, bits: Int): String = {
    val (bytes, nulls) = Numbers.packed(values, if (of == "bool") 1 else 8)
    val places = nulls.mkString("[", ",", "]")
    s"""{"t":"${Tag.Vector}","of":"$of","bits":$bits,"nulls":$places,${buffer(bytes)}}"""
  }

  /** Records: an Arrow table, or through a DataFrame where there are nested columns. */
  private def local(records: IndexedSeq[Any]): String = {
    val (schema, cell) = LocalRows.schema(records)
    if (ArrowRows.fits(schema)) {
      val path = folder.resolve(s"${UUID.randomUUID}.arrow")
      ArrowRows.write(path, schema, records, cell)
      Json.obj(
        "t" -> Tag.Table,
        "path" -> path.toString,
        "rows" -> records.size,
        "flavor" -> "scala"
      )
    } else frame(table(records, schema), local = true)
  }

  private def frame(dataset: Dataset[_], local: Boolean): String =
    Json.obj("t" -> Tag.Frame, "key" -> keep(dataset.toDF()), "local" -> local)

  private def buffer(data: Array[Byte]): String =
    if (data.length > limit / 2) Json.obj("path" -> file(data, ".bin")).drop(1).dropRight(1)
    else Json.obj("b64" -> Base64.getEncoder.encodeToString(data)).drop(1).dropRight(1)

  private def file(data: Array[Byte], suffix: String): String =
    Files.write(folder.resolve(s"${UUID.randomUUID}$suffix"), data).toString
}

/** Why a value stays in Scala, as the end of a sentence: "a function". */
final class Unshareable(reason: String) extends Exception(reason)

object WireWriter {
  private val exact = 1L << 53
  private val binary = 1000 // numbers in a sequence above which their bytes go

  /** Why values of this sort never cross; nothing is evaluated. */
  def refusal(value: Any): Option[String] = value match {
    case _: scala.Function0[_] | _: scala.Function2[_, _, _] => Some("a function")
    case _: Map[_, _] | _: Seq[_] | _: Set[_] | _: Array[_] => None // functions too, by their class
    case _: scala.Function1[_, _] if !value.isInstanceOf[Iterable[_]] => Some("a function")
    case _: Iterator[_]       => Some("an iterator, which can be read only once; call toSeq")
    case _: java.io.Closeable => Some("an open resource")
    case _: org.apache.spark.rdd.RDD[_]             => Some("an RDD; call toDF()")
    case _: org.apache.spark.broadcast.Broadcast[_] => Some("a broadcast variable; share its value")
    case _: scala.concurrent.Future[_]              => Some("a Future; share its result")
    case ()                                         => Some("no value")
    case _                                          => None
  }

  private def finite(values: Iterable[_]): Iterable[_] = values match {
    case _: Stream[_] => throw new Unshareable("a lazy sequence, which may not end; call toVector")
    case other if other.getClass.getName.matches(".*(LazyList|View).*") =>
      throw new Unshareable("a lazy sequence, which may not end; call toVector")
    case other => other
  }

  private def isTuple(product: Product): Boolean =
    product.getClass.getName.startsWith("scala.Tuple")

  private def isRecord(value: Any): Boolean = value match {
    case row: Row                                        => row.schema != null
    case _: Option[_] | _: Iterable[_] | _: Either[_, _] => false
    case product: Product                                =>
      product.productArity > 0 && !isTuple(product) && !product.getClass.getName.startsWith(
        "scala."
      )
    case _ => false
  }

  private def int(value: Long, bits: Int): String =
    s"""{"t":"${Tag.Int}","v":${long(value)},"bits":$bits}"""
  private def long(value: Long): String =
    if (value >= -exact && value <= exact) value.toString else "\"" + value + "\""

  private def big(value: BigInteger): String =
    s"""{"t":"${Tag.Int}","v":"$value","bits":0}"""

  private def float(value: Double): Json.Raw = Json.Raw(
    if (value.isNaN) "\"nan\""
    else if (value.isInfinite) (if (value > 0) "\"inf\"" else "\"-inf\"")
    else value.toString
  )

  private def ascii(text: String): Any =
    if (text.forall(c => c < 127)) text
    else {
      val out = new StringBuilder("\"")
      text.foreach {
        case '"'                      => out ++= "\\\""
        case '\\'                     => out ++= "\\\\"
        case c if c < ' ' || c >= 127 => out ++= "\\u%04x".format(c.toInt)
        case c                        => out += c
      }
      Json.Raw((out += '"').toString)
    }

  private def stamp(time: Instant, zone: Option[String]): String = {
    val nanos = BigInt(time.getEpochSecond) * 1000000000L + time.getNano
    Json.obj("t" -> Tag.Timestamp, "v" -> nanos.toString, "zone" -> zone)
  }

  private def zone(id: String): String =
    if (id == "Z" || id == "UTC" || id == "Etc/UTC") "UTC" else id
}
