package toree.spark

import java.sql.{Date, Timestamp}
import java.time.{Instant, LocalDate, ZoneId}
import java.time.format.{DateTimeFormatter, DateTimeFormatterBuilder}
import java.time.temporal.ChronoField

import org.apache.spark.sql.{DataFrame, Dataset, Row}
import org.apache.spark.sql.types.{DataType, MapType, StructType}

import toree.text.Json

/** The first rows of a table as JSON: `{"columns", "rows", "more", "note"}`, every value as text.
  */
object Preview {

  /** Takes one row more than asked for, to know whether there are more; never counts. */
  def of(dataset: Dataset[_], rows: Int): String = {
    val frame = dataset.toDF()
    if (frame.isStreaming)
      table(
        frame.schema,
        Array.empty,
        more = false,
        note = Some("streaming DataFrame"),
        ZoneId.of("UTC")
      )
    else {
      val zone =
        ZoneId.of(frame.sparkSession.conf.get("spark.sql.session.timeZone"), ZoneId.SHORT_IDS)
      val taken = rowsOf(frame, rows + 1)
      table(frame.schema, taken.take(rows), taken.length > rows, None, zone)
    }
  }

  def of(rows: Array[Row], limit: Int): Option[String] =
    rows.headOption.flatMap(r => Option(r.schema)).map { schema =>
      table(schema, rows.take(limit), rows.length > limit, None, ZoneId.systemDefault)
    }

  private def rowsOf(frame: DataFrame, count: Int): Array[Row] =
    if (!frame.schema.exists(f => isInterval(f.dataType))) frame.take(count)
    else {
      // Their Java values read as nothing an SQL user knows. Numbered, as names may come twice.
      val numbered = frame.toDF(frame.columns.indices.map(i => s"c$i"): _*)
      val columns = frame.schema.fields.zipWithIndex.map { case (field, i) =>
        val column = numbered.col(s"c$i")
        if (isInterval(field.dataType)) column.cast("string") else column
      }
      numbered.select(columns.toIndexedSeq: _*).take(count)
    }

  private def isInterval(kind: DataType): Boolean = kind.typeName.startsWith("interval")

  private def table(
      schema: StructType,
      rows: Array[Row],
      more: Boolean,
      note: Option[String],
      zone: ZoneId
  ): String = {
    val columns =
      schema.fields.map(f => Map("name" -> f.name, "type" -> f.dataType.simpleString)).toSeq
    val types = schema.fields.map(_.dataType)
    val cells = rows.map { row =>
      (0 until row.length).map(i =>
        if (row.isNullAt(i)) null else cut(text(row.get(i), types(i), zone))
      )
    }.toSeq
    Json.obj(
      Seq("columns" -> columns, "rows" -> cells, "more" -> more) ++ note.map("note" -> _): _*
    )
  }

  private def cut(text: String): String =
    if (text.length > 10000) s"${text.take(10000)}... (${text.length} characters)" else text

  private def text(value: Any, kind: DataType, zone: ZoneId): String = value match {
    case null     => "null"
    case row: Row =>
      val names = kind match {
        case struct: StructType => struct.fieldNames
        case _                  => Array.tabulate(row.length)(i => s"_${i + 1}")
      }
      val types = kind match {
        case struct: StructType => struct.fields.map(_.dataType)
        case _                  => Array.fill(row.length)(kind)
      }
      names.indices
        .map(i => s"${names(i)}: ${text(row.get(i), types(i), zone)}")
        .mkString("{", ", ", "}")
    case map: scala.collection.Map[_, _] =>
      val (k, v) = kind match {
        case MapType(key, item, _) => (key, item)
        case _                     => (kind, kind)
      }
      map.iterator
        .map { case (a, b) => s"${text(a, k, zone)} -> ${text(b, v, zone)}" }
        .mkString("{", ", ", "}")
    case bytes: Array[Byte] =>
      val hex = bytes.take(32).map(b => f"$b%02X").mkString("0x", "", "")
      if (bytes.length > 32) s"$hex... (${bytes.length} bytes)" else hex
    case values: scala.collection.Seq[_] =>
      val item = kind match {
        case org.apache.spark.sql.types.ArrayType(inner, _) => inner
        case other                                          => other
      }
      values.map(text(_, item, zone)).mkString("[", ", ", "]")
    case time: Timestamp               => clock.format(time.toInstant.atZone(zone))
    case time: Instant                 => clock.format(time.atZone(zone))
    case time: java.time.LocalDateTime => clock.format(time)
    case day: Date                     => day.toLocalDate.toString
    case day: LocalDate                => day.toString
    case number: java.math.BigDecimal  => number.toPlainString
    case words: String                 => words
    case other                         => // a matrix takes a line a row
      other.toString.linesIterator.map(_.trim.replaceAll(" +", " ")).mkString("; ")
  }

  private val clock: DateTimeFormatter = new DateTimeFormatterBuilder()
    .appendPattern("yyyy-MM-dd HH:mm:ss")
    .appendFraction(ChronoField.NANO_OF_SECOND, 0, 9, true)
    .toFormatter
}
