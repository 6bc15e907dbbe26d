package scala.tools.nsc.interpreter

import java.io.{PrintWriter, Writer}

import scala.reflect.internal.Reporter.Suppress
import scala.reflect.internal.util.Position
import scala.tools.nsc.Settings
import scala.tools.nsc.interpreter.shell.{ReplReporterImpl, ShellConfig}

import toree.repl.{Messages, ReplClassLoader}

/** What differs between the REPLs of Scala 2.12 and 2.13; the rest is in `CellMain`. */
abstract class CellMainBase(settings: Settings, loader: ReplClassLoader, messages: Messages)
    extends IMain(settings, Some(loader), settings, new CellReporter(settings, messages)) {

  import global.Name

  override def classLoader: ReplClassLoader = loader

  override protected def importsCode(
      wanted: Set[Name],
      request: Request,
      generousImports: Boolean
  ): ComputedImports = {
    val made = super.importsCode(wanted, request, generousImports)
    made.copy(prepend = LineImports(made.prepend))
  }

  protected def compileUnit(request: Request): Boolean = {
    val unit = request.mkUnit
    try request.lineRep.compile(unit)
    // Requests are kept, and every cell's lowered tree would be with them.
    finally unit.body = global.EmptyTree
  }

  /** Where the text of a request begins in the source its positions refer to. */
  protected def textStart(request: Request): Int = 0

  protected def linesBefore(request: Request): Int = 0

  protected def silently[T](body: => T): T = reporter.suppressOutput(body)

  protected def present(code: String, cursor: Int): Option[TypedCode] =
    presentationCompile(cursor, code).toOption.collect { case result: PresentationCompileResult =>
      new TypedCode(result.compiler, result.unit, 0)
    }
}

private final class CellReporter(settings: Settings, messages: Messages)
    extends ReplReporterImpl(ShellConfig(settings), settings, new PrintWriter(Nowhere)) {
  override def filter(pos: Position, text: String, severity: Severity): Int = {
    val verdict = super.filter(pos, text, severity)
    if (!totalSilence && verdict != Suppress) messages.add(pos, severity.toString, text)
    verdict
  }
}

/** Java 8 has no `Writer.nullWriter`. */
private object Nowhere extends Writer {
  def write(text: Array[Char], from: Int, length: Int): Unit = ()
  def flush(): Unit = ()
  def close(): Unit = ()
}
