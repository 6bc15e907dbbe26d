package toree

/** What the front implements, in Python: where a cell's output goes.
  *
  * Called only from the thread that serves `EntryPoint.execute` (a running cell's events) or
  * `EntryPoint.pump` (everything else), so the front sees a cell's events in order and before its
  * outcome. Only plain Java types: Py4J implements this as an interface.
  */
trait Events {

  /** Text for `stdout` or `stderr`, already batched. */
  def stream(cell: String, name: String, text: String): Unit

  /** JSON: `{"data": {mime: text}, "metadata": {}, "display_id": null, "update": false}`. */
  def display(cell: String, json: String): Unit

  def clear(cell: String, wait: Boolean): Unit

  /** How far a cell's Spark jobs are, as JSON (`toree.spark.Progress`); false: no more of it. */
  def progress(cell: String, json: String): Boolean = false

  /** A line the user typed, "=" before it; null at the end of input, "" when nobody can be asked.
    */
  def ask(cell: String, prompt: String, password: Boolean): String

  /** A shared name's value in its crossing form, "own" where it is Scala's, "" where there is none.
    */
  def shared(cell: String, name: String): String = ""

  /** Runs a magic in a cell; "" or why it failed. */
  def magic(cell: String, name: String, line: String, body: String): String = ""

  /** Does what `Comms` asks, as JSON; the id of a comm that it opens. */
  def comm(cell: String, json: String): String = ""

  /** Something happened beside the cells: `sparkReady`, `sessionEnded`. */
  def happened(event: String): Unit = ()

  /** A message for SparkMonitor's extension, as JSON (`toree.spark.Monitor`). */
  def monitored(json: String): Unit = ()

  /** The shared names, one a line. */
  def sharedNames(cell: String): String = ""
}
