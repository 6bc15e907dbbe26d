package toree.repl

import scala.collection.mutable
import scala.collection.mutable.ListBuffer
import scala.tools.nsc.interpreter.CellMain

/** A cell's top-level statements and the few requests they are compiled as.
  *
  * One request for the whole cell is the rule. A second one begins where one would go wrong: after
  * type definitions once something is evaluated (Spark's encoders need the object around a class,
  * which is not complete while that object still initializes), at a name defined a second time, and
  * when a method would get too large for the JVM.
  */
final class Statements[M <: CellMain](val main: M) {
  import main.global._
  import Statements._

  case class Statement(start: Int, end: Int, trees: List[Tree]) {

    /** Value or effect of its own when the cell runs. */
    val evaluates: Boolean = trees.exists {
      case definition: ValDef                             => !definition.mods.isLazy
      case _: DefTree | _: Import | _: DocDef | EmptyTree => false
      case _                                              => true
    }
    val definesType: Boolean = trees.map(plain).exists {
      case _: ClassDef | _: ModuleDef => true
      case _                          => false
    }

    val definesMacro: Boolean = trees.exists(_.exists {
      case method: DefDef => method.mods.isMacro
      case _              => false
    })

    /** Definitions of names; methods may be overloaded, so those carry their parameters. */
    val definitions: List[String] = trees.map(plain).collect {
      case method: DefDef => s"${method.name}${method.vparamss.map(_.map(_.tpt))}"
      case definition: DefTree if definition.name.isTypeName => s"type ${definition.name}"
      case definition: DefTree                               => definition.name.toString
    }

    /** The expression whose value the user sees when it comes last. */
    val isExpression: Boolean = trees match {
      case List(_: Assign | _: DefTree | _: Import | _: DocDef | EmptyTree) => false
      case List(_)                                                          => true
      case _                                                                => false
    }
  }

  private def plain(tree: Tree): Tree = tree match {
    case DocDef(_, documented) => plain(documented)
    case other                 => other
  }

  /** The statements of a cell, or nothing when it does not parse: the compiler says why. */
  def parse(code: String): Parsed = {
    var incomplete = false
    val found = ListBuffer.empty[Statement]
    main.reporter.reset()
    currentRun.parsing.withIncompleteHandler((_, _) => incomplete = true) {
      val unit = newCompilationUnit(code, "<cell>")
      val parser = new syntaxAnalyzer.UnitParser(unit) {
        private var depth = 0
        override def templateStat: PartialFunction[Int, List[Tree]] = {
          val inner = super.templateStat
          new PartialFunction[Int, List[Tree]] {
            def isDefinedAt(token: Int): Boolean = inner.isDefinedAt(token)
            def apply(token: Int): List[Tree] = {
              val start = in.offset
              depth += 1
              try {
                val trees = inner(token)
                if (depth == 1) found += Statement(start, math.max(start, in.lastOffset), trees)
                trees
              } finally depth -= 1
            }
          }
        }
      }
      parser.parseStats()
    }
    val failed = main.reporter.hasErrors
    main.reporter.reset()
    if (failed) Invalid
    else if (incomplete) Incomplete
    else Complete(found.toList.filter(_.trees.nonEmpty))
  }

  sealed trait Parsed
  case object Invalid extends Parsed
  case object Incomplete extends Parsed
  case class Complete(statements: List[Statement]) extends Parsed

  /** The requests, `limit` evaluating statements at most in each; `bound` is defined before the
    * first.
    */
  def groups(
      statements: List[Statement],
      limit: Int,
      bound: Set[String] = Set.empty
  ): List[List[Statement]] = {
    val groups = ListBuffer.empty[List[Statement]]
    val group = ListBuffer.empty[Statement]
    val names = mutable.HashSet.empty[String] ++ bound
    var types = false
    var evaluating = 0
    var size = 0
    statements.foreach { statement =>
      val again = statement.definitions.exists(names)
      val tooLarge = evaluating >= limit || size > largest
      if (group.nonEmpty && (again || tooLarge || (types && statement.evaluates))) {
        groups += group.toList
        group.clear()
        names.clear()
        types = false
        evaluating = 0
        size = 0
      }
      group += statement
      names ++= statement.definitions
      types ||= statement.definesType
      if (statement.evaluates) evaluating += 1
      size += statement.end - statement.start
    }
    if (group.nonEmpty) groups += group.toList
    groups.toList
  }

  def repeatsName(statements: List[Statement]): Boolean = {
    val names = statements.flatMap(_.definitions)
    names.distinct.size < names.size
  }

  // What a method, lazy value, class or object of an earlier cell takes from outside itself.
  private val uses = mutable.HashMap.empty[String, Set[String]]

  /** Keeps what the definitions of a cell that compiled use once they are called. */
  def learn(statements: List[Statement]): Unit =
    statements.flatMap(_.trees).map(plain).foreach {
      case value: ValDef if !value.mods.isLazy => uses -= value.name.decoded
      case definition: DefTree => uses(definition.name.decoded) = free(List(definition))
      case _                   => ()
    }

  /** Every name a piece of code may take from outside it: free identifiers, by the parser's tree,
    * and those of the definitions of earlier cells that it names.
    */
  def references(statements: List[Statement]): Set[String] = {
    val found = mutable.HashSet.empty[String]
    def visit(names: Set[String]): Unit = names.foreach { name =>
      if (found.add(name)) uses.get(name).foreach(visit)
    }
    visit(free(statements.flatMap(_.trees)))
    found.toSet
  }

  private def free(trees: List[Tree]): Set[String] = new FreeNames[main.type](main).of(trees)
}

object Statements {
  val usualLimit = 250
  private val largest = 24000
}
