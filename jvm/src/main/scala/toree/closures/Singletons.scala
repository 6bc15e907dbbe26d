package toree.closures

import java.lang.ref.WeakReference
import java.util.WeakHashMap

/** What the objects of cells call so that there is one of each in a process: a task makes or reads
  * another, but means the same. Executors get this class with the classes of cells, and no other.
  */
object Singletons {
  private val known = new WeakHashMap[Class[_], WeakReference[AnyRef]]

  /** The one of this class that came first, of those that somebody still has. */
  def unique(made: AnyRef): AnyRef = known.synchronized {
    val first = known.get(made.getClass)
    val there = if (first == null) null else first.get
    if (there == null) known.put(made.getClass, new WeakReference(made))
    if (there == null) made else there
  }

  def same(one: AnyRef, other: AnyRef): Boolean = other != null && (one.getClass eq other.getClass)
}
