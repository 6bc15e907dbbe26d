package scala.tools.nsc.interpreter

import scala.collection.mutable

/** The imports a request begins with, so that all of them lead through an object the request holds.
  *
  * The REPL imports a class by the static path of its line. Code that makes an instance in a task
  * would then run that line's code again on the executor, side effects and all; through a value of
  * the request the line's object comes along with the function.
  */
private[interpreter] object LineImports {
  private val byPath = """import (\$line\d+)\.(\$read)\.INSTANCE(\S*)""".r
  private val holder = """val (\$line\d+\$read): [^;\n]*(?:; |\n)""".r

  def apply(code: String): String = {
    val held = mutable.HashSet.empty[String]
    val lines = code.split("(?<=\n)").map { line =>
      // The REPL's own holders may come after ours, and one is enough.
      val own = holder.findPrefixMatchOf(line)
      val rest = own.filterNot(m => held.add(m.group(1))).fold(line)(m => line.substring(m.end))
      byPath.findPrefixMatchOf(rest).fold(rest) { m =>
        val (pack, read, path) = (m.group(1), m.group(2), m.group(3))
        val made = s"val $pack$read: $pack.$read.INSTANCE.type = $pack.$read.INSTANCE; "
        (if (held.add(pack + read)) made else "") + s"import $pack$read$path" + rest.substring(
          m.end
        )
      }
    }
    lines.mkString
  }
}
