package toree.repl

import scala.collection.mutable
import scala.tools.nsc.interpreter.CellMain

/** Which names Scala code has by an import, its own or an earlier cell's, or from Scala itself. */
final class Imports[M <: CellMain](val main: M) {
  import main.global._

  // What a qualifier holds does not change: by its text, each name asked for.
  private val known = mutable.HashMap.empty[(String, String), Boolean]

  /** Whether `name` is Scala's own in code of these trees. */
  def give(name: String, trees: List[Tree]): Boolean = {
    val own = trees.flatMap(_.collect { case imported: Import => imported })
    val earlier = main.prevRequestList.flatMap(_.handlers).map(_.member).collect {
      case imported: Import => imported
    }
    (own ++ earlier).exists(gives(_, name)) || always.exists(has(_, name))
  }

  private def gives(imported: Import, name: String): Boolean = {
    val named = imported.selectors.filter(_.name.decoded == name)
    imported.selectors.exists(s =>
      s.rename != null && s.name != nme.WILDCARD &&
        s.rename != nme.WILDCARD && s.rename.decoded == name
    ) ||
    // `import x.{count => _, _}` leaves one out.
    (named.isEmpty && imported.selectors.exists(_.name == nme.WILDCARD) &&
      known.getOrElseUpdate((imported.expr.toString, name), inside(imported.expr.toString, name)))
  }

  // A path that only the code around it gives a meaning tells nothing.
  private def inside(qualifier: String, name: String): Boolean = {
    val path = qualifier.stripPrefix("_root_.")
    val found = rootMirror.getModuleIfDefined(path).orElse(rootMirror.getPackageIfDefined(path))
    val tpe =
      if (found != NoSymbol) found.tpe
      else if (path.contains("(") || path.startsWith("spark."))
        NoType // the prelude's have no such names
      else main.quietTypeOf(path)
    has(tpe, name)
  }

  private def has(tpe: Type, name: String): Boolean = tpe != NoType && exitingTyper {
    tpe.member(TermName(name).encodedName).alternatives.exists { found =>
      found != NoSymbol && found.isPublic && !found.hasPackageFlag &&
      found.owner != definitions.ObjectClass && found.owner != definitions.AnyClass
    }
  }

  private lazy val always: List[Type] =
    List("scala.Predef", "scala.package").map(rootMirror.getModuleIfDefined(_).tpe)
}
