package toree.repl

import scala.collection.mutable
import scala.tools.nsc.interpreter.CellMain

/** The free term names of statements, from the untyped tree.
  *
  * A name bound by a parameter, a pattern, a local definition or an earlier statement of the same
  * code is not free inside its scope. Names after a dot and in strings are none.
  */
final class FreeNames[M <: CellMain](val main: M) {
  import main.global._

  def of(statements: List[Tree]): Set[String] = {
    val free = mutable.LinkedHashSet.empty[String]
    block(statements, Set.empty, free, sequential = true)
    free.toSet
  }

  /** Vals bind from where they stand on, `def`, `class` and `object` in the whole of their block.
    */
  private def block(
      statements: List[Tree],
      outer: Set[String],
      free: mutable.Set[String],
      sequential: Boolean
  ): Unit = {
    val everywhere = statements.flatMap {
      case definition: ValDef             => if (sequential) Nil else List(name(definition))
      case definition: DefTree            => List(name(definition))
      case DocDef(_, definition: DefTree) => List(name(definition))
      case Import(_, selectors)           => selectors.flatMap(s => Option(s.rename)).map(_.decoded)
      case _                              => Nil
    }
    statements.foldLeft(outer ++ everywhere) { (bound, statement) =>
      visit(statement, bound, free)
      statement match {
        case definition: ValDef => bound + name(definition)
        case _                  => bound
      }
    }
    ()
  }

  private def visit(tree: Tree, bound: Set[String], free: mutable.Set[String]): Unit = {
    def all(trees: List[Tree]): Unit = trees.foreach(visit(_, bound, free))
    tree match {
      case Ident(name) if name.isTermName =>
        val text = name.decoded
        if (!bound(text) && name != nme.WILDCARD && !text.startsWith("x$")) free += text
      case Block(statements, result)  => block(statements :+ result, bound, free, sequential = true)
      case Function(parameters, body) =>
        all(parameters.flatMap(p => List(p.tpt, p.rhs)))
        visit(body, bound ++ parameters.map(name(_)), free)
      case CaseDef(pattern, guard, body) =>
        visit(pattern, bound ++ binds(pattern), free)
        val inner = bound ++ binds(pattern)
        visit(guard, inner, free)
        visit(body, inner, free)
      case method: DefDef =>
        val parameters = method.vparamss.flatten
        val inner = bound ++ parameters.map(name(_))
        parameters.foreach(p => all(List(p.tpt, p.rhs)))
        visit(method.tpt, bound, free)
        visit(method.rhs, inner, free)
      case template: Template =>
        all(template.parents)
        val constructors = template.body.collect {
          case m: DefDef if m.name == nme.CONSTRUCTOR => m
        }
        val parameters = constructors.flatMap(_.vparamss.flatten).map(name(_))
        block(template.body, bound ++ parameters + "this", free, sequential = false)
      case NamedArg(value)      => visit(value, bound, free)
      case Import(qualifier, _) => visit(qualifier, bound, free)
      case other                => all(other.children)
    }
  }

  /** `f(name = value)`: the name belongs to `f`. The tree's class differs between 2.12 and 2.13. */
  private object NamedArg {
    def unapply(tree: Tree): Option[Tree] =
      if (tree.productPrefix.endsWith("NamedArg")) tree.children.lift(1) else None
  }

  private def binds(pattern: Tree): List[String] = pattern.collect { case bind: Bind => name(bind) }
  private def name(tree: DefTree): String = tree.name.decoded
}
