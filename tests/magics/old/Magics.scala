// Compiled against Apache Toree 0.5.0 (its assembly, from PyPI's apache-toree) with Scala 2.12:
//   scalac -cp toree-assembly-0.5.0-incubating.jar:$SPARK_HOME/jars/* -d magics.jar Magics.scala
package madefortoree

import java.io.PrintStream

import org.apache.toree.magic.{CellMagic, CellMagicOutput, LineMagic}
import org.apache.toree.magic.dependencies._
import org.apache.toree.plugins.Plugin
import org.apache.toree.plugins.annotations.Event
import org.apache.toree.utils.ArgumentParsingSupport

class HelloToree extends LineMagic with IncludeOutputStream with IncludeKernel {
  private lazy val printer = new PrintStream(outputStream)

  @Event(name = "hellotoree")
  override def execute(code: String): Unit = {
    printer.println("Hello, " + code + ", " + kernel.sparkContext.isLocal + ", " + simpleName)
    kernel.data.put("greeted", code)
    kernel.display.html("<i>" + code + "</i>")
    kernel.out.println(kernel.eval(Some("40 + 2"))._2)
    kernel.stream.sendAll("sent\n")
  }
}

class BoldToree extends CellMagic {
  @Event(name = "boldtoree")
  override def execute(code: String): CellMagicOutput =
    CellMagicOutput("text/html" -> ("<b>" + code + "</b>"))
}

class OfScala extends LineMagic with IncludeKernel {
  @Event(name = "ofscala")
  override def execute(code: String): Unit = kernel.out.println(s"<$code>")
}

class OfConfiguration extends LineMagic with IncludeKernel {
  @Event(name = "ofconfiguration")
  override def execute(code: String): Unit = kernel.out.println(kernel.config)
}

class OfInterpreter extends LineMagic with IncludeInterpreter {
  @Event(name = "ofinterpreter")
  override def execute(code: String): Unit = println(interpreter)
}

class OfArguments extends LineMagic with ArgumentParsingSupport {
  @Event(name = "ofarguments")
  override def execute(code: String): Unit = println(parseArgs(code))
}

class Listens extends Plugin {
  @Event(name = "preRunCell") def before(): Unit = println("before")
}
