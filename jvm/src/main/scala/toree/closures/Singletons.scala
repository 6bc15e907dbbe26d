package toree.closures

import java.util.concurrent.ConcurrentHashMap

/** What the objects of cells call so that there is one of each in a process: a task makes or reads
  * another, but means the same. Executors get this class with the classes of cells.
  */
object Singletons {
  private val known = new ConcurrentHashMap[Class[_], AnyRef]

  /** The one of this class that came first. */
  def unique(made: AnyRef): AnyRef = {
    val first = known.putIfAbsent(made.getClass, made)
    if (first == null) made else first
  }

  def same(one: AnyRef, other: AnyRef): Boolean = other != null && (one.getClass eq other.getClass)
}
