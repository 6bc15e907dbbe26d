package toree.sql

import java.util.{Map => JMap}

import org.apache.spark.sql.{AnalysisException, DataFrame, SparkSession}

import toree.cells.{CellOptions, Failure, Outcome}
import toree.sharing.WireReader
import toree.spark.{LiveTable, Preview}
import toree.text.Json

/** One SQL statement: run, kept under a name if asked, previewed unless quiet. */
object SqlCell {
  final case class Options(
      params: Map[String, Any],
      rows: Int,
      output: Option[String],
      quiet: Boolean,
      fraction: Option[Double] = None,
      shared: Map[String, String] = Map.empty
  )

  def read(json: String): Options = {
    val map = Json.read(json)
    val params = map.get("params") match {
      case sent: JMap[_, _] =>
        sent.entrySet.toArray.map { case e: JMap.Entry[_, _] =>
          e.getKey.toString -> literal(e.getValue.toString)
        }.toMap
      case _ => Map.empty[String, Any]
    }
    val output = Option(map.get("output")).map(_.toString).filter(_.nonEmpty)
    Options(
      params,
      CellOptions.number(map, "rows", 20),
      output,
      CellOptions.flag(map, "quiet"),
      Option(map.get("fraction")).map(_.toString.toDouble),
      shared(map)
    )
  }

  /** Shared names the statement uses, and the keys of their values (`Sharing`). */
  private def shared(map: JMap[String, Any]): Map[String, String] = map.get("shared") match {
    case sent: JMap[_, _] =>
      sent.entrySet.toArray.map { case e: JMap.Entry[_, _] =>
        e.getKey.toString -> e.getValue.toString
      }.toMap
    case _ => Map.empty
  }

  def run(
      spark: SparkSession,
      text: String,
      options: Options,
      keep: (String, DataFrame) => Unit,
      analysed: (=> DataFrame) => DataFrame = frame => frame
  ): Outcome =
    try {
      val whole = analysed {
        if (options.params.isEmpty) spark.sql(text) else spark.sql(text, options.params)
      }
      val frame = options.fraction.filter(_ => whole.columns.nonEmpty).fold(whole)(whole.sample(_))
      options.output.foreach(keep(_, frame))
      // DDL has run by now and has nothing to show.
      if (options.quiet || frame.columns.isEmpty) Outcome.Ok()
      else if (frame.isStreaming) {
        LiveTable.show(frame, options.rows)
        Outcome.Ok()
      } else Outcome.Ok(table = Some(Preview.of(frame, options.rows)))
    } catch {
      case problem: Throwable => failed(text, problem)
    }

  /** SQL's own errors say where they are in the text; JVM frames would only bury that. */
  private def failed(text: String, problem: Throwable): Outcome = {
    val failure = Failure.outcome(problem)
    Failure.unwrapped(problem) match {
      case error: AnalysisException =>
        val isSyntax = failure.name.endsWith("ParseException")
        // Without the query plan, which the whole message of an analysis error ends in.
        val message = (if (isSyntax) error.getMessage else error.getSimpleMessage).trim
        failure.copy(
          kind = if (isSyntax) "syntax" else "compile",
          name = if (isSyntax) failure.name else classOf[AnalysisException].getName,
          message = message,
          traceback = message.linesIterator.toList ++ (if (isSyntax) Nil else caret(text, error))
        )
      case _ => failure
    }
  }

  private def caret(text: String, error: AnalysisException): List[String] = {
    val place = for (line <- error.line; column <- error.startPosition) yield (line, column)
    place.toList.flatMap { case (line, column) =>
      text.linesIterator
        .drop(line - 1)
        .take(1)
        .toList
        .flatMap(code => List(code, " " * column + "^"))
    }
  }

  /** A parameter's value, which comes in the crossing form. */
  private def literal(json: String): Any = new WireReader(_ => null).read(json)._1 match {
    case None           => null
    case number: BigInt => new java.math.BigDecimal(number.bigInteger)
    case other          => other
  }
}
