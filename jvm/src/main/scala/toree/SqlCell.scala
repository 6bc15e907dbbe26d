package toree

import java.util.{List => JList, Map => JMap}

import org.apache.spark.sql.{DataFrame, Dataset, SparkSession}

/** One SQL statement: run, kept under a name if asked, previewed unless quiet. */
object SqlCell {
  final case class Options(
      params: Map[String, Any],
      rows: Int,
      output: Option[String],
      quiet: Boolean,
      tables: Map[String, String] = Map.empty, // shared DataFrames: name and key
      shared: Map[String, String] = Map.empty // shared values for parameters: name and key
  )

  def read(json: String): Options = {
    val map = Json.read(json)
    val params = map.get("params") match {
      case sent: JMap[_, _] =>
        sent.entrySet.toArray.map { case e: JMap.Entry[_, _] => e.getKey.toString -> value(e.getValue) }.toMap
      case _ => Map.empty[String, Any]
    }
    val output = Option(map.get("output")).map(_.toString).filter(_.nonEmpty)
    Options(
      params,
      CellOptions.number(map, "rows", 20),
      output,
      CellOptions.flag(map, "quiet"),
      texts(map.get("tables")),
      texts(map.get("shared"))
    )
  }

  private def texts(sent: Any): Map[String, String] = sent match {
    case map: JMap[_, _] =>
      map.entrySet.toArray.map { case e: JMap.Entry[_, _] => e.getKey.toString -> e.getValue.toString }.toMap
    case _ => Map.empty
  }

  def run(
      spark: SparkSession,
      text: String,
      options: Options,
      keep: (String, DataFrame) => Unit,
      shared: String => Any = _ => null
  ): Outcome =
    try {
      val frames = options.tables.toSeq.flatMap { case (name, key) =>
        shared(key) match { case frame: Dataset[_] => Some(name -> frame); case _ => None }
      }.toMap
      val params = options.shared.map { case (name, key) => name -> parameter(shared(key)) } ++ options.params
      SqlNames.within(spark, frames)(ran(spark, text, params, options, keep))
    } catch {
      case problem: Throwable => failed(problem)
    }

  /** A shared value as `spark.sql` takes parameters. */
  private def parameter(value: Any): Any = value match {
    case None => null
    case Some(inner) => parameter(inner)
    case time: java.time.ZonedDateTime => time.toInstant
    case values: Seq[_] => values.map(parameter).toArray[Any]
    case other => other
  }

  private def ran(
      spark: SparkSession,
      text: String,
      params: Map[String, Any],
      options: Options,
      keep: (String, DataFrame) => Unit
  ): Outcome = {
      val frame = if (params.isEmpty) spark.sql(text) else spark.sql(text, params)
      options.output.foreach(keep(_, frame))
      // DDL has run by now and has nothing to show.
      if (options.quiet || frame.columns.isEmpty) Outcome.Ok()
      else Outcome.Ok(table = Some(Preview.of(frame, options.rows)))
  }

  /** SQL's own errors say where they are in the text; JVM frames would only bury that. */
  private def failed(problem: Throwable): Outcome = {
    val failure = Failure.outcome(problem)
    val sql = Failure.unwrapped(problem).isInstanceOf[org.apache.spark.sql.AnalysisException]
    if (!sql) failure
    else {
      val kind = if (failure.name.endsWith("ParseException")) "syntax" else "compile"
      failure.copy(kind = kind, traceback = failure.message.trim.linesIterator.toList)
    }
  }

  /** A parameter: a JSON value as it is, or `{"type": ..., "value": ...}` for what JSON lacks. */
  private def value(sent: Any): Any = sent match {
    case tagged: JMap[_, _] if tagged.containsKey("type") =>
      val text = CellOptions.text(tagged, "value")
      CellOptions.text(tagged, "type") match {
        case _ if tagged.get("value") == null => null
        case "date" => java.time.LocalDate.parse(text)
        case "timestamp" => java.time.OffsetDateTime.parse(text).toInstant
        case "timestamp_ntz" => java.time.LocalDateTime.parse(text)
        case "decimal" => new java.math.BigDecimal(text)
        case "binary" => java.util.Base64.getDecoder.decode(text)
        case "int" => text.toInt
        case "long" | "bigint" => text.toLong
        case "float" | "double" => text.toDouble
        case "bool" | "boolean" => text.toBoolean
        case "list" | "array" => value(tagged.get("value"))
        case _ => text
      }
    case list: JList[_] => list.toArray.map(value)
    case other => other
  }
}
