package toree.cells

import org.apache.spark.sql.AnalysisException
import org.apache.spark.sql.catalyst.trees.SQLQueryContext

/** A query that Spark does not take: why, and the SQL with the place marked, without the plan. */
private object Refusal {
  def message(error: AnalysisException): String =
    // A syntax error's whole message shows the SQL; the whole of another ends in the plan.
    if (error.getClass.getName.endsWith("ParseException")) String.valueOf(error.getMessage).trim
    else
      place(error).fold(error.getSimpleMessage) { sql =>
        s"${error.getSimpleMessage.replaceFirst(""";? line \d+ pos \d+$""", "")}\n$sql"
      }

  private def place(error: AnalysisException): Option[String] =
    Option(error.getQueryContext).toSeq.flatten
      .collectFirst { case context: SQLQueryContext => context.summary.trim }
      .filter(_.nonEmpty)
}
