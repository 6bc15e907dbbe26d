package toree.repl

import java.awt.image.RenderedImage
import java.util.{Map => JMap}

import scala.runtime.ScalaRunTime

import com.fasterxml.jackson.databind.JsonNode

import toree.cells.Failure
import toree.stop.Interrupted
import toree.text.{Mime, Names}

/** A value as text, and as richer mime types where it knows some. Runs on the cell's thread. */
object Rendering {
  private val elements = 1000
  private val characters = 100000

  /** Text as the Scala REPL shows it; a String as it is. `whole`: however long (`%Truncation`). */
  def text(value: Any, whole: Boolean = false): String =
    guarded(value, if (whole) Int.MaxValue else characters) {
      value match {
        case text: String   => text
        case other if whole => Names.clean(ScalaRunTime.stringOf(other, Int.MaxValue))
        case other          => Names.clean(ScalaRunTime.stringOf(other, elements)) + more(other)
      }
    }

  /** The same inside `x = ...`: what stands between is one value, whatever it says. */
  private def guarded(value: Any, limit: Int)(shown: => String): String =
    try {
      val text = shown
      if (text == null) "null"
      else if (text.length <= limit) text
      else s"${text.take(limit)}\n... (${text.length} characters in all)"
    } catch {
      case interrupted: Interrupted          => throw interrupted
      case interrupted: InterruptedException => throw interrupted
      case problem: Throwable                =>
        val why = Failure.unwrapped(problem)
        s"<toString of ${Names.clean(value.getClass.getName)} failed: ${Failure.head(why)}>"
    }

  private def more(value: Any): String = {
    val size = value match {
      case values: Array[_]                       => values.length
      case values: scala.collection.IndexedSeq[_] => values.size
      case values: scala.collection.Set[_]        => values.size
      case values: scala.collection.Map[_, _]     => values.size
      case values: List[_]                        => values.size
      case _                                      => 0
    }
    if (size > elements) s" ... ($size elements in all)" else ""
  }

  /** Mime types beside text/plain: Toree's displayers, by what a value can do. */
  def rich(value: Any): Map[String, String] = value match {
    case null               => Map.empty
    case bundle: JMap[_, _] =>
      mimes(bundle.entrySet.toArray.map { case e: JMap.Entry[_, _] =>
        (e.getKey: Any, e.getValue: Any)
      }.toMap)
    case bundle: scala.collection.Map[_, _] => mimes(bundle.iterator.toMap[Any, Any])
    case image: RenderedImage               => Map("image/png" -> Mime.png(image))
    case json: JsonNode                     => Map("application/json" -> json.toString)
    case other                              =>
      forms.flatMap { case (name, mime) => method(other, name).map(mime -> _) }.toMap
  }

  private val forms = Seq(
    "toHtml" -> "text/html",
    "toMarkdown" -> "text/markdown",
    "toLatex" -> "text/latex",
    "toSvg" -> "image/svg+xml"
  )

  private def mimes(bundle: scala.collection.Map[Any, Any]): Map[String, String] =
    if (
      bundle.nonEmpty && bundle.forall {
        case (name: String, _: String) => name.matches("[a-z]+/[-+.a-z0-9]+")
        case _                         => false
      }
    ) bundle.iterator.map { case (name, text) => name.toString -> text.toString }.toMap
    else Map.empty

  private def method(value: Any, name: String): Option[String] =
    try
      value.getClass.getMethods
        .find(m => m.getName == name && m.getParameterCount == 0)
        .flatMap { m =>
          m.setAccessible(true)
          Option(m.invoke(value)).map(_.toString)
        }
    catch {
      case problem: Throwable =>
        Failure.unwrapped(problem) match {
          case interrupted: Interrupted => throw interrupted
          case _                        => None
        }
    }
}
