package toree.cells

import java.io.{PrintWriter, StringWriter}
import java.lang.reflect.InvocationTargetException

import scala.annotation.tailrec
import scala.util.control.ControlThrowable

import org.apache.spark.sql.AnalysisException
import org.apache.spark.sql.streaming.StreamingQueryException

import toree.closures.CannotTravel
import toree.stop.Interrupted
import toree.text.Names

/** A throwable of the user's code, told the way the user wants to read it. */
object Failure {

  /** Where in a cell a line of a compiled request is, as text; by the request's package. */
  type Places = (String, Int) => Option[String]
  val nowhere: Places = (_, _) => None

  def outcome(thrown: Throwable, places: Places = nowhere): Outcome.Failed = {
    val error = unwrapped(thrown)
    if (isInterrupt(error)) Outcome.interrupted
    else {
      val help = hint(error)
      val told = lines(error, places)
      Outcome.Failed(
        kind = "runtime",
        name = Names.clean(error.getClass.getName),
        message = help.fold(message(error))(h => s"${message(error)}\n$h"),
        traceback = told ++ help.filterNot(h => told.exists(_.contains(h))),
        detail = detail(error)
      )
    }
  }

  /** The user's exception, without what reflection and class initialization put around it. */
  @tailrec
  def unwrapped(thrown: Throwable): Throwable = thrown match {
    case wrapper: InvocationTargetException if wrapper.getCause != null =>
      unwrapped(wrapper.getCause)
    case wrapper: ExceptionInInitializerError if wrapper.getCause != null =>
      unwrapped(wrapper.getCause)
    case other => other
  }

  def isInterrupt(error: Throwable): Boolean =
    causes(error).exists(e => e.isInstanceOf[Interrupted] || e.isInstanceOf[InterruptedException])

  private def causes(error: Throwable): List[Throwable] = {
    val seen = java.util.Collections.newSetFromMap(
      new java.util.IdentityHashMap[Throwable, java.lang.Boolean]
    )
    Iterator
      .iterate(error)(_.getCause)
      .takeWhile(e => e != null && seen.size < 30 && seen.add(e))
      .toList
  }

  private def message(error: Throwable): String = Names.clean(
    error match {
      case _: StackOverflowError if safe(error.getMessage).isEmpty => "the recursion is too deep"
      case _: ControlThrowable if safe(error.getMessage).isEmpty   => "control left the cell"
      case analysis: AnalysisException    => safe(Refusal.message(analysis))
      case query: StreamingQueryException =>
        val own = safe(query.getMessage).split("\n=== Streaming Query ===").head // its plan follows
        Option(query.getCause).fold(own) { cause =>
          s"${message(cause)}\n${without(own, safe(cause.getMessage))}"
        }
      case _ => folded(safe(error.getMessage))
    }
  )

  /** A failed job: its root cause first, then which task, without the stack traces in the text. */
  private val job =
    """(?s)(Job aborted due to stage failure: .*?), most recent failure: .*?\(TID \d+\) \(.*?\): (.*)""".r

  private def folded(text: String): String = text match {
    case job(what, cause) =>
      val root = cause.linesIterator
        .takeWhile(l => !l.startsWith("\tat ") && l != "Driver stacktrace:")
        .mkString("\n")
      s"$root\n$what"
    case _ => text
  }

  /** One line of help where the bare message leaves a user alone. */
  private def hint(error: Throwable): Option[String] = error match {
    case _ if outOfMemory(error) =>
      Some(
        "The driver's memory is used up: raise spark.driver.memory, or bring less to the driver."
      )
    case _
        if causes(error).exists(e => safe(e.getMessage).endsWith("SparkContext was shut down")) =>
      Some(
        "Spark stopped meanwhile. Unless code has stopped it, the driver's memory was used up (%logs " +
          "tells): raise spark.driver.memory. The next use of Spark starts a fresh session."
      )
    case _ if causes(error).exists(e => isOld(safe(e.getMessage))) =>
      Some(
        "It belongs to a Spark session that has ended. Variables stay; make DataFrames, RDDs and " +
          "views anew from `spark`."
      )
    case _ if safe(error.getMessage).contains("Task not serializable") =>
      causes(error).collectFirst { case value: CannotTravel => value.getMessage }.orElse {
        causes(error).map(e => safe(e.getMessage)).find(_.contains("object not serializable")).map {
          text => unserializable(text)
        }
      }
    case _ => None
  }

  /** What is said of a stopped session's parts: in words, or by what Spark does not find in it. */
  private def isOld(text: String): Boolean =
    text.contains("stopped SparkContext") || text == "SparkContext has been shutdown" ||
      """org\.apache\.spark\.(SparkContext|SparkEnv)\.\w+\(\)" is null""".r
        .findFirstIn(text)
        .isDefined

  /** Of what a function holds itself: a local value, or the object whose method it is in. */
  private def unserializable(text: String): String = {
    val value = """class: ([^,]+), value: ([^)\n]*)""".r.findFirstMatchIn(text)
    value.fold("") { m =>
      val kind = Names.clean(m.group(1))
      val what =
        s"The function takes along a value of $kind (${Names.clean(m.group(2)).take(80)}). "
      if (m.group(1).startsWith("$line") && !kind.startsWith("anon$"))
        what + s"Declare it as: class $kind extends Serializable, or copy what the function needs of " +
          "it into a local val."
      else
        what + "Copy what the function needs of it into a local val, or make it inside the function."
    }
  }

  /** In a task it reaches the driver as a text. */
  private def outOfMemory(error: Throwable): Boolean = causes(error).exists { cause =>
    cause.isInstanceOf[OutOfMemoryError] || safe(cause.getMessage).contains("OutOfMemoryError")
  }

  private def safe(text: => String): String =
    try Option(text).getOrElse("")
    catch {
      case interrupted: Interrupted => throw interrupted
      case problem: Throwable       => s"<getMessage failed: ${problem.getClass.getName}>"
    }

  /** The class and the message, without what its causes have said already. */
  def head(error: Throwable, causes: Seq[Throwable] = Nil): String = {
    val said = causes.flatMap(cause =>
      List(message(cause), safe(cause.getMessage)).flatMap(text =>
        List(s"${cause.getClass.getName}: $text", text)
      )
    )
    val text = said.foldLeft(message(error))(without)
    val name = Names.clean(error.getClass.getName)
    if (text.isEmpty) name else s"$name: ${cut(text)}"
  }

  /** Only where it stands as a sentence: short messages are parts of others by chance. */
  private def without(text: String, said: String): String = {
    Iterator
      .iterate(text.indexOf(said))(at => text.indexOf(said, at + 1))
      .takeWhile(at => at >= 0 && said.nonEmpty)
      .find { at =>
        val (before, after) = (text.take(at), text.drop(at + said.length))
        (before.isEmpty || before.endsWith(": ") || before.endsWith("\n")) &&
        (after.isEmpty || after.startsWith("\n") || after.startsWith(" SQLSTATE: "))
      }
      .fold(text) { at =>
        val before = text.take(at).trim.stripSuffix(":")
        if (before.nonEmpty) before else text.drop(at + said.length).trim
      }
  }

  private def cut(text: String): String = if (text.length > 8000) text.take(8000) + " ..." else text

  private def lines(error: Throwable, places: Places): List[String] = {
    // What it says stands in the message already.
    val chain = causes(error).filterNot(_.isInstanceOf[CannotTravel])
    // What Spark makes of an error of the user's comes after it.
    val (told, link) =
      if (error.getClass.getName.startsWith(spark)) (chain.reverse, "which led to ")
      else (chain, caused)
    told.zipWithIndex.flatMap { case (cause, depth) =>
      val frames = condensed(user(cause.getStackTrace), places)
      // A trace of Spark's own threads names nothing the user knows; %tb has the whole of it.
      val own = cause.getStackTrace.exists(isCell)
      val shown = frames.take(if (depth == 0 && own) 40 else if (own) 12 else 6)
      val rest = frames.size - shown.size
      val above = if (depth > 0 && link != caused) told.take(depth).reverse else Nil
      (if (depth == 0) head(cause) else s"$link${head(cause, above)}") +:
        (shown ++ (if (rest > 0) List(s"  ... $rest more") else Nil))
    }
  }

  /** Of a library's frames above the user's: who threw, and what the user called. Spark's own say
    * nothing to the user; `%tb` has them.
    */
  private def condensed(frames: List[StackTraceElement], places: Places): List[String] = {
    def at(f: StackTraceElement) = s"  at ${frame(f, places)}"
    val (cells, rest) = frames.span(isCell)
    val (foreign, below) = rest.span(!isCell(_))
    val told =
      if (foreign.exists(f => f.getClassName.startsWith(spark) || isOurs(f))) {
        val others = foreign.filterNot(f => inner.exists(f.getClassName.startsWith))
        val called = if (below.isEmpty) Nil else foreign.lastOption.filterNot(isOurs).toList
        (others.take(5) ++ called).distinct.map(at)
      } else if (below.isEmpty || foreign.size <= 5) foreign.map(at)
      else List(at(foreign.head), s"  ... ${foreign.size - 2} more", at(foreign.last))
    cells.map(at) ++ told ++ (if (below.isEmpty) Nil else condensed(below, places))
  }

  private val spark = "org.apache.spark."
  private val caused = "Caused by: "
  private val inner = List(spark, "scala.", "java.", "javax.", "jdk.", "sun.", "py4j.", "toree.")

  private def isOurs(f: StackTraceElement): Boolean = f.getClassName.startsWith("toree.")

  private def isCell(f: StackTraceElement): Boolean = f.getClassName.startsWith("$line")

  /** Frames down to the user's own: below lies only how the REPL called them. */
  private def user(trace: Array[StackTraceElement]): List[StackTraceElement] = {
    val frames = trace.toList.filterNot(f =>
      f.getClassName.startsWith("toree.stop.Guard") || f.getClassName == "toree.$Gate"
    )
    val last = frames.lastIndexWhere(isCell(_))
    if (last < 0) frames.takeWhile(f => !f.getClassName.startsWith("toree."))
    else
      frames.take(last + 1).filterNot { f =>
        // The wrappers' own constructors, save the innermost: that is the cell's top level.
        isCell(f) && f.getMethodName.matches("<init>|<clinit>") &&
        (f.getClassName.endsWith("$read") || f.getClassName.endsWith("$read$") ||
          f.getLineNumber < 0)
      } match {
        case Nil  => frames.take(1)
        case kept => dropOuter(kept)
      }
  }

  private def dropOuter(frames: List[StackTraceElement]): List[StackTraceElement] = {
    val wrapper = (f: StackTraceElement) =>
      f.getMethodName == "<init>" && f.getClassName.matches("\\$line\\d+\\.\\$read(\\$\\$iw\\$?)+")
    val (user, wrappers) = frames.span(f => !wrapper(f))
    user ++ wrappers.headOption
  }

  private def frame(f: StackTraceElement, places: Places): String =
    if (f.getClassName.startsWith("$line")) {
      val owner = Names.clean(f.getClassName).stripSuffix("$")
      val method =
        if (f.getMethodName.startsWith("<")) ""
        else f.getMethodName.replaceFirst("^\\$anonfun\\$", "")
      val name = List(owner, Names.clean(method)).filter(_.nonEmpty).mkString(".")
      val place = places(f.getClassName.takeWhile(_ != '.'), f.getLineNumber).getOrElse("<cell>")
      if (name.isEmpty) place else s"$name($place)"
    } else f.toString

  private def detail(error: Throwable): String = {
    val text = new StringWriter
    try error.printStackTrace(new PrintWriter(text, true))
    catch {
      case interrupted: Interrupted => throw interrupted
      case problem: Throwable       =>
        text.write(s"<printStackTrace failed: ${problem.getClass.getName}>")
    }
    val whole = text.toString
    if (whole.length > 200000) whole.take(200000) + "\n..." else whole
  }
}
