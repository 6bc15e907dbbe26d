package scala.tools.nsc.interpreter

import java.io.{PrintWriter, StringWriter}

import scala.reflect.internal.Reporter.Suppress
import scala.reflect.internal.util.Position
import scala.tools.nsc.Settings

import toree.repl.{Messages, ReplClassLoader}

/** What differs between the REPLs of Scala 2.12 and 2.13; the rest is in `CellMain`. */
abstract class CellMainBase(settings: Settings, loader: ReplClassLoader, messages: Messages)
    extends IMain(settings, new PrintWriter(new StringWriter)) {

  import global.Name

  override def classLoader: ReplClassLoader = loader
  override protected def parentClassLoader: ClassLoader = loader

  override lazy val reporter: ReplReporter = new ReplReporter(this) {
    override def filter(pos: Position, text: String, severity: Severity): Int = {
      val verdict = super.filter(pos, text, severity)
      if (!totalSilence && verdict != Suppress) messages.add(pos, severity.toString, text)
      verdict
    }
    override def printMessage(text: String): Unit = ()
  }

  override protected def importsCode(
      wanted: Set[Name],
      wrapper: Request#Wrapper,
      generousImports: Boolean
  ): ComputedImports = {
    val made = super.importsCode(wanted, wrapper, generousImports)
    made.copy(prepend = LineImports(made.prepend))
  }

  protected def compileUnit(request: Request): Boolean =
    request.lineRep.compile(request.ObjectSourceCode(request.handlers))

  /** Where the text of a request begins in the source its positions refer to. */
  protected def textStart(request: Request): Int =
    request.lineRep.packageDecl.length + 2 + request.ObjectSourceCode.preambleLength

  protected def linesBefore(request: Request): Int = {
    val wrapper = request.ObjectSourceCode
    2 + wrapper.preamble.take(wrapper.preambleLength).count(_ == '\n')
  }

  protected def silently[T](body: => T): T = beSilentDuring(body)

  protected def present(code: String, cursor: Int): Option[TypedCode] =
    presentationCompile(code).toOption.map { result =>
      new TypedCode(result.compiler, result.unit, result.preambleLength)
    }
}
