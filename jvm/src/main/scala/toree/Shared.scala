package toree

import toree.repl.ReplClassLoader

/** How generated code in a cell reaches a value that was made outside it. */
object Shared {

  /** The value under `key`, or null where there is none: on executors these have no meaning. */
  def of(self: AnyRef, key: String): Any = self.getClass.getClassLoader match {
    case loader: ReplClassLoader => loader.shared.get(key)
    case _                       => null
  }
}
