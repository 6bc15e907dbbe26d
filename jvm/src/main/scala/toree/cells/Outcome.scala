package toree.cells

import toree.text.{Json, Mime}

/** How a cell ended, as the front reads it. */
sealed trait Outcome {
  def json: String
}

object Outcome {

  /** `result` is a mime bundle, `table` a preview's JSON beside it, `definitions` the echo of what
    * was defined.
    */
  final case class Ok(
      result: Option[Map[String, String]] = None,
      definitions: Option[String] = None,
      table: Option[String] = None
  ) extends Outcome {
    def json: String = Json.obj(
      "status" -> "ok",
      "result" -> result.map(_.map { case (mime, data) => mime -> Mime.shown(mime, data) }),
      "definitions" -> definitions,
      "table" -> table.map(Json.Raw)
    )
  }

  final case class Failed(
      kind: String,
      name: String,
      message: String,
      traceback: List[String],
      detail: String = "",
      definitions: Option[String] = None
  ) extends Outcome {
    def json: String = Json.obj(
      "status" -> "error",
      "name" -> name,
      "message" -> message,
      "traceback" -> traceback,
      "detail" -> (if (detail.isEmpty) traceback.mkString("\n") else detail),
      "kind" -> kind,
      "definitions" -> definitions
    )
  }

  case object Aborted extends Outcome {
    def json: String = Json.obj("status" -> "aborted")
  }

  val interrupted: Failed =
    Failed("interrupted", "Interrupted", "the cell was interrupted", List("Interrupted"))

  /** A cell that is no code, and what to write instead. */
  def syntax(message: String): Failed = Failed("syntax", "Syntax Error.", message, List(message))

  private val stuckText =
    "The compiler is still busy with a cell that was interrupted and can't be stopped there. " +
      "'%restart scala' gives a new one; Spark's session and the other languages keep what they have."

  /** The answer to a cell that finds the compiler in a state it may never leave. */
  val stuck: Failed =
    Failed("runtime", "CompilerBusy", stuckText, List(s"CompilerBusy: $stuckText"))
}
