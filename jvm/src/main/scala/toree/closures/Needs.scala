package toree.closures

import scala.collection.mutable

/** Which values of cells some code needs: what its methods read, and all they call.
  *
  * Of the objects around a cell's code only the methods called count; of any other class of a cell
  * all of them, as nobody knows who calls them.
  */
final class Needs(code: CellCode, loader: ClassLoader) {
  private val fields = mutable.HashMap.empty[String, mutable.LinkedHashMap[String, String]]
  private val seen = mutable.HashSet.empty[(String, String)]
  private val classes = mutable.HashSet.empty[String]

  /** The fields of a wrapper that are needed, each with the method that reads it. */
  def of(wrapper: String): scala.collection.Map[String, String] =
    fields.getOrElse(wrapper, Needs.none)

  def add(owner: String, method: String, user: String = ""): Unit =
    if (!CellCode.isWrapper(owner)) add(owner)
    else if (!method.startsWith("<") && seen.add(owner -> method)) {
      val name = method.takeWhile(_ != '(')
      code.of(owner, loader).methods.get(method).foreach { found =>
        // An accessor is read on behalf of its caller; a function's own code has no name.
        val accessor = found.reads.exists(read => read._2 == name || read._2 == s"$name$$module")
        follow(found, if (accessor || name.startsWith("$anonfun$")) user else name)
      }
    }

  /** All methods of a class, also the inherited. */
  def add(owner: String): Unit =
    if (CellCode.isCell(owner) && !CellCode.isWrapper(owner) && classes.add(owner)) {
      val found = code.of(owner, loader)
      found.parents.foreach(add)
      found.methods.foreach { case (name, method) =>
        if (!name.startsWith("$deserializeLambda$")) follow(method, owner)
      }
    }

  private def follow(method: CellMethod, user: String): Unit = {
    method.reads.foreach { case (owner, name) =>
      val known = fields.getOrElseUpdate(owner, mutable.LinkedHashMap.empty)
      if (!known.contains(name)) known(name) = user
    }
    method.calls.foreach { case (owner, name) => add(owner, name, user) }
  }
}

object Needs {
  private val none = Map.empty[String, String]
}
