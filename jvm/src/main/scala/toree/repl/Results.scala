package toree.repl

import org.apache.spark.SparkContext
import org.apache.spark.sql.{Dataset, Row, SparkSession}

import toree.Shown
import toree.cells.{CellOptions, Outcome}
import toree.spark.{LiveTable, Preview}

/** The value of a cell's last statement as its result. */
final class Results(displayers: Displayers) {

  /** An expression's value: richly, where there is something to show. */
  def of(value: Any, kind: String, options: CellOptions): Outcome.Ok =
    value match {
      case ()       => Outcome.Ok()
      case _: Shown => Outcome.Ok() // it stands there already
      case _        =>
        displayers.show(value) match {
          case known if known.nonEmpty => plain(kind, value, options, known)
          case _                       => ours(value, kind, options)
        }
    }

  private def ours(value: Any, kind: String, options: CellOptions): Outcome.Ok =
    value match {
      case stream: Dataset[_] if stream.isStreaming && !options.showTypes =>
        LiveTable.show(stream, options.rows)
        Outcome.Ok()
      case dataset: Dataset[_] if !options.showTypes =>
        Outcome.Ok(table = Some(Preview.of(dataset, options.rows)))
      case rows: Array[Row] if !options.showTypes && rows.nonEmpty =>
        Preview
          .of(rows, options.rows)
          .fold(plain(kind, value, options))(t => Outcome.Ok(table = Some(t)))
      case session: SparkSession => link(session.sparkContext, kind, value, options)
      case context: SparkContext => link(context, kind, value, options)
      case Some(inner)           => plain(kind, value, options, Rendering.rich(inner))
      case other                 =>
        val rich = Rendering.rich(other)
        val table =
          if (rich.isEmpty && !options.showTypes) LocalTable.of(other, options.rows) else None
        plain(kind, other, options, rich).copy(table = table)
    }

  def plain(
      kind: String,
      value: Any,
      options: CellOptions,
      rich: Map[String, String] = Map.empty
  ): Outcome.Ok = {
    val text = Rendering.text(value, options.whole)
    val shown = if (options.showTypes) s"$kind = $text\n" else text
    Outcome.Ok(result = Some(Map("text/plain" -> shown) ++ rich))
  }

  private def link(
      context: SparkContext,
      kind: String,
      value: Any,
      options: CellOptions
  ): Outcome.Ok =
    context.uiWebUrl match {
      case Some(url) if !context.isStopped =>
        val html =
          s"""<a href="$url" target="_blank">Spark UI: ${context.applicationId}</a><br>""" +
            s"<small>Spark ${context.version}, ${escaped(context.master)}, " +
            s"${escaped(context.appName)}</small>"
        plain(kind, value, options, Map("text/html" -> html))
      case _ => plain(kind, value, options)
    }

  private def escaped(text: String): String =
    text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
}
