package toree.text

import java.util.{List => JList, Map => JMap}

import com.fasterxml.jackson.databind.ObjectMapper

/** The few JSON texts that cross the gateway: written by hand, read with the Jackson Spark carries.
  */
object Json {

  /** A value already rendered as JSON, to be put in unchanged. */
  final case class Raw(text: String)

  def obj(fields: (String, Any)*): String = {
    val out = new StringBuilder
    writeFields(out, fields.iterator)
    out.toString
  }

  /** An object's text with another field. */
  def added(text: String, field: (String, Any)): String =
    s"${text.dropRight(1)},${obj(field).drop(1)}"

  def array(values: Iterable[Any]): String = {
    val out = new StringBuilder
    write(out, values)
    out.toString
  }

  /** Options sent by the front. Nothing, or an empty text, is an empty map. */
  def read(text: String): JMap[String, Any] =
    if (text == null || text.trim.isEmpty) new java.util.HashMap
    else mapper.readValue(text, classOf[JMap[String, Any]])

  /** A text that is JSON already.
    *
    * Throws IllegalArgumentException where it is none.
    */
  def checked(text: String): Raw =
    try { mapper.readTree(text); Raw(text) }
    catch {
      case problem: com.fasterxml.jackson.core.JsonProcessingException =>
        throw new IllegalArgumentException(s"This is no JSON: ${problem.getOriginalMessage}")
    }

  private lazy val mapper = new ObjectMapper

  private def write(out: StringBuilder, value: Any): Unit = value match {
    case null | None                                         => out ++= "null"
    case Some(inner)                                         => write(out, inner)
    case Raw(text)                                           => out ++= text
    case text: String                                        => quote(out, text)
    case flag: Boolean                                       => out ++= flag.toString
    case number: Double if number.isNaN || number.isInfinite => quote(out, number.toString)
    case number: Number                                      => out ++= number.toString
    case map: scala.collection.Map[_, _]                     =>
      writeFields(out, map.iterator.map { case (k, v) => (String.valueOf(k), v) })
    case map: JMap[_, _] =>
      val entries = map.entrySet.iterator
      writeFields(
        out,
        new Iterator[(String, Any)] {
          def hasNext: Boolean = entries.hasNext
          def next(): (String, Any) = {
            val entry = entries.next()
            (String.valueOf(entry.getKey), entry.getValue)
          }
        }
      )
    case list: JList[_]      => writeValues(out, list.toArray.iterator)
    case values: Iterable[_] => writeValues(out, values.iterator)
    case values: Array[_]    => writeValues(out, values.iterator)
    case other               => quote(out, other.toString)
  }

  private def writeFields(out: StringBuilder, fields: Iterator[(String, Any)]): Unit = {
    out += '{'
    var first = true
    fields.foreach { case (name, value) =>
      if (first) first = false else out += ','
      quote(out, name)
      out += ':'
      write(out, value)
    }
    out += '}'
  }

  private def writeValues(out: StringBuilder, values: Iterator[Any]): Unit = {
    out += '['
    var first = true
    values.foreach { value =>
      if (first) first = false else out += ','
      write(out, value)
    }
    out += ']'
  }

  private def quote(out: StringBuilder, text: String): Unit = {
    out += '"'
    var i = 0
    while (i < text.length) {
      text.charAt(i) match {
        case '"'  => out ++= "\\\""
        case '\\' => out ++= "\\\\"
        case '\n' => out ++= "\\n"
        case '\r' => out ++= "\\r"
        case '\t' => out ++= "\\t"
        // A lone surrogate is no text in UTF-8: escaped, it reaches the front intact.
        case c if c < ' ' || c == '\u007f' || Character.isSurrogate(c) =>
          out ++= "\\u%04x".format(c.toInt)
        case c => out += c
      }
      i += 1
    }
    out += '"'
  }
}
