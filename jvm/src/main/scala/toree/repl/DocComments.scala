package toree.repl

import scala.collection.mutable
import scala.tools.nsc.doc.ScaladocSyntaxAnalyzer
import scala.tools.nsc.interpreter.CellMain

/** The doc comments above what cells define, which the REPL's own compiler throws away. */
final class DocComments[M <: CellMain](val main: M) {
  import main.global._

  private val syntax = new ScaladocSyntaxAnalyzer[main.global.type](main.global) {
    val runsAfter: List[String] = Nil
    val runsRightAfter: Option[String] = None
    override val initial: Boolean = true
  }
  // By the names on the way to the definition: `Greeter.hello`.
  private val texts = mutable.HashMap.empty[String, String]

  /** Keeps the comments of a cell that compiled; a definition without one loses its older one. Only
    * a cell with comments is read a second time, and its result doesn't hang on it.
    */
  def learn(code: String, trees: List[Tree]): Unit =
    if (code.contains("/**")) util.Try(commented(code)).foreach(_.foreach(visit(_, Nil)))
    else if (texts.nonEmpty) trees.foreach(visit(_, Nil))

  private def commented(code: String): List[Tree] =
    try new syntax.ScaladocUnitParser(newCompilationUnit(code, "<cell>"), Nil).parseStats()
    finally main.reporter.reset()

  def of(path: String): Option[String] = texts.get(path)

  private def visit(tree: Tree, owners: List[String], comment: Option[String] = None): Unit =
    tree match {
      case DocDef(found, documented) => visit(documented, owners, Some(found.raw))
      case PackageDef(_, stats)      => stats.foreach(visit(_, owners))
      case definition: MemberDef     =>
        val path = definition.name.decoded :: owners
        val name = path.reverse.mkString(".")
        comment.fold[Unit](texts -= name)(raw => texts(name) = DocComments.plain(raw))
        definition match {
          case outer: ImplDef => outer.impl.body.foreach(visit(_, path))
          case _              => ()
        }
      case _ => ()
    }
}

object DocComments {

  /** The text of a comment, without its stars. */
  def plain(raw: String): String =
    raw
      .stripPrefix("/**")
      .stripSuffix("*/")
      .linesIterator
      .map(_.trim.stripPrefix("*").trim)
      .mkString("\n")
      .trim
}
