package scala.tools.nsc.interpreter

import java.lang.reflect.Modifier

import scala.collection.mutable
import scala.reflect.internal.util.Position
import scala.reflect.io.AbstractFile
import scala.tools.nsc.{interactive, Settings}

import toree.closures.{CellClasses, CellCode}
import toree.repl.{Messages, ReplClassLoader}
import toree.stop.Guard

/** The compiler's own REPL core, opened where a cell needs more than a console line does.
  *
  * In this package because making a `Request` is private to it. A request here is compiled without
  * the second, printing object the console wants: half the work, and the values are read by
  * reflection where they are shown. Not thread-safe: `ScalaRepl` holds the lock.
  */
final class CellMain(settings: Settings, loader: ReplClassLoader, messages: Messages)
    extends CellMainBase(settings, loader, messages) {
  import global._

  // A request whose compilation or run failed: what it defined must not be seen by later cells.
  private val forgotten = mutable.HashSet.empty[Request]
  // By a term's name the latest request that defines it.
  private val latest = mutable.HashMap.empty[String, Request]
  private var compiler: Option[interactive.Global] = None
  private val linesKnown = mutable.HashSet.empty[Int]

  override def prevRequestList: List[Request] = super.prevRequestList.filterNot(forgotten)

  /** Loads the compiler; from then on it answers at once. */
  def initialized(firstLine: Int): Unit = {
    if (global == null) throw new IllegalStateException("no compiler")
    // REPLs of one process share a folder and a class loader: their lines must not share names.
    while (naming.freshLineId() < firstLine) {}
  }

  /** Parses and compiles; what was wrong is in `messages`. */
  def compiled(text: String): Option[Request] = {
    reporter.reset()
    requestFromLine(text) match {
      case Right(request) if request != null =>
        messages.from(textStart(request))
        reporter.reset()
        if (compileUnit(request)) {
          finish(request)
          Some(known(request))
        } else None
      case _ => None
    }
  }

  /** What the console's `Request.compile` does after compiling. */
  private def known(request: Request): Request = {
    request.typeOf
    request.typesOfDefinedTerms
    request.defHandlers.foreach { handler =>
      request.definedSymbols.get(handler.member.name).foreach(handler.member.setSymbol)
    }
    request
  }

  /** Gives the classes a request defines what they need to travel, before anybody loads them. */
  private def finish(request: Request): Unit =
    folder(request).foreach { folder =>
      val files = folder.iterator.filter(_.name.endsWith(".class")).toList
      if (files.exists(file => CellMain.defined(file.name))) {
        val bytes = files.map(file => file.name -> file.toByteArray).toMap
        val made = CellClasses.rewritten(bytes)
        files.foreach(file => made.get(file.name).foreach(write(file, _)))
      }
    }

  private def write(file: AbstractFile, bytes: Array[Byte]): Unit = {
    val out = file.output
    try out.write(bytes)
    finally out.close()
  }

  private def folder(request: Request): Option[AbstractFile] =
    Option(replOutput.dir.lookupName(request.lineRep.packageName, true))

  /** Lines above the text of a request in the source its classes' line numbers refer to. */
  def linesAbove(request: Request): Int = linesBefore(request)

  /** Removes what the compiler wrote for a request that nobody shall know of. */
  def erase(request: Request): Unit =
    folder(request).foreach { folder =>
      folder.toList.foreach(_.delete())
      folder.delete()
    }

  def forget(requests: Seq[Request]): Unit = if (requests.nonEmpty) {
    forgotten ++= requests
    latest.clear()
    prevRequestList.foreach(name)
  }

  def record(request: Request): Unit = {
    silently(recordRequest(request))
    name(request)
  }

  private def name(request: Request): Unit =
    request.termNames.foreach(term => latest(term.decoded) = request)

  /** Lets go of a request that ran and that no later one can reach, and of its values. */
  def release(request: Request): Unit = {
    forgotten += request
    request.termNames.foreach { term =>
      if (latest.get(term.decoded).contains(request)) latest -= term.decoded
    }
    path(request) match {
      case CellPath(module, "INSTANCE" :: _) => empty(Class.forName(module, false, loader))
      case _                                 => ()
    }
  }

  private def empty(holder: Class[_]): Unit =
    try {
      val field = holder.getDeclaredField("INSTANCE")
      field.setAccessible(true)
      // Final where the class could not be instrumented: then its values stay, as the REPL's do.
      if (!Modifier.isFinal(field.getModifiers))
        field.set(holder.getField("MODULE$").get(null), null)
    } catch { case _: ReflectiveOperationException => () }

  /** How to reach the object that holds a request's values. Asks the compiler, so: under the lock.
    */
  def path(request: Request): CellPath =
    if (request.resultSymbol.isModule)
      CellPath(exitingFlatten(request.resultSymbol.moduleClass.javaClassName), Nil)
    else
      CellPath(
        s"${request.lineRep.packageName}.${request.lineRep.readName}$$",
        "INSTANCE" :: request.accessPath.split('.').filter(_ != "").toList
      )

  /** Runs a request's code, once: the object that holds its values. */
  def instance(path: CellPath): AnyRef =
    path.steps.foldLeft(moduleOf(path.module))((at, step) => valueIn(at, step).asInstanceOf[AnyRef])

  private def moduleOf(name: String): AnyRef =
    Class.forName(name, true, loader).getField("MODULE$").get(null)

  def valueIn(instance: AnyRef, name: String): Any = {
    val method = instance.getClass.getMethod(scala.reflect.NameTransformer.encode(name))
    method.setAccessible(true)
    method.invoke(instance)
  }

  /** The type of an expression over what cells have defined; `NoType` where it has none. */
  def quietTypeOf(expression: String): Type = silently(typeOfExpression(expression, silent = true))

  /** The latest request that defines a term of this name. */
  def requestOf(name: String): Option[Request] = latest.get(name)

  /** All values by name, each with the text of its latest type. */
  def values: List[(String, String)] = {
    val all = prevRequestList.flatMap { request =>
      request.handlers.collect { case handler: memberHandlers.ValHandler =>
        handler.name.decoded -> request.typeOf(handler.member.name)
      }
    }
    all.toMap.toList.sortBy(_._1)
  }

  def resourceOf(name: String): Option[String] = translateSimpleResource(name)

  /** The code typed by a compiler of its own, which is kept: making one takes half a second. */
  def typed(code: String, cursor: Int): Option[TypedCode] = silently {
    val result = present(code, cursor)
    reporter.reset()
    result
  }

  def release(code: TypedCode): Unit = code.compiler.unitOfFile -= code.unit.source.file

  override def newPresentationCompiler(): interactive.Global = {
    val kept = compiler.getOrElse(stoppable(super.newPresentationCompiler()))
    compiler = Some(kept)
    learnLines(kept)
    kept
  }

  /** A compiler for completion that has typed something; needs no lock, as nothing else knows it
    * yet.
    */
  def freshPresentationCompiler(): interactive.Global = {
    val fresh = stoppable(super.newPresentationCompiler())
    val unit = new fresh.RichCompilationUnit(
      fresh.newSourceFile(
        "object Warm { val x = List(1).map(_ + 1).filter(_ > 0); x.size }",
        "<warm>"
      )
    )
    fresh.unitOfFile(unit.source.file) = unit
    unit.body = fresh.newUnitParser(unit).parse()
    fresh.enteringTyper(fresh.typeCheck(unit))
    fresh.completionsAt(unit.source.position(unit.source.length - 4))
    fresh.unitOfFile -= unit.source.file
    fresh
  }

  /** Looks at every tree it types whether the question was told to stop. */
  private def stoppable(made: interactive.Global): made.type = {
    import made._
    analyzer.addAnalyzerPlugin(new analyzer.AnalyzerPlugin {
      override def pluginsPt(
          pt: Type,
          typer: analyzer.Typer,
          tree: Tree,
          mode: scala.reflect.internal.Mode
      ): Type = {
        Guard.check()
        pt
      }
    })
    made
  }

  /** Keeps it; where it comes too late its thread, which leads to all there is here, is to end. */
  def adopt(fresh: interactive.Global): Unit =
    if (compiler.isEmpty && !closed) compiler = Some(fresh) else fresh.askShutdown()
  private var closed = false

  def dropPresentationCompiler(): Unit = {
    compiler.foreach(_.askShutdown())
    compiler = None
    linesKnown.clear()
  }

  /** The kept compiler listed its packages when it started: lines compiled since are told to it. */
  private def learnLines(kept: interactive.Global): Unit =
    prevRequestList.foreach { request =>
      if (linesKnown.add(request.lineRep.lineId)) {
        val name = request.lineRep.packageName
        val root = kept.rootMirror.RootClass
        if (root.info.decl(kept.TermName(name)) == kept.NoSymbol)
          kept.loaders.enterPackage(
            root,
            name,
            new kept.loaders.PackageLoader(name, kept.platform.classPath)
          )
      }
    }

  override def close(): Unit = {
    closed = true
    dropPresentationCompiler()
    super.close()
  }
}

object CellMain {

  /** Whether a file among a request's is of a class the user has defined. */
  private def defined(file: String): Boolean =
    !CellCode.isWrapper(s"$$line/${file.stripSuffix(".class")}") && file != "$read$.class" &&
      !file.startsWith("$eval")
}

/** A piece of code typed for completion or inspection; its text begins at `start` in the unit. */
final class TypedCode(
    val compiler: interactive.Global,
    unitOfCompiler: interactive.Global#RichCompilationUnit,
    val start: Int
) {
  val unit: compiler.RichCompilationUnit = unitOfCompiler.asInstanceOf[compiler.RichCompilationUnit]

  /** The typed tree of a stretch of the text. */
  def tree(from: Int, to: Int): compiler.Tree =
    compiler.typedTreeAt(Position.range(unit.source, start + from, start + from, start + to))
}

/** The module object a request's classes begin at, and the accessors from there to its values. */
final case class CellPath(module: String, steps: List[String])
