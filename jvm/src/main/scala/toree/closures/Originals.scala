package toree.closures

import java.lang.ref.WeakReference
import java.util.{Collections, WeakHashMap}

/** The objects around cells' code that were made by running it; their constructors tell, as
  * `Instrument` makes them. Spark clones such an object for a function, tasks send back others.
  */
object Originals {
  private val known =
    Collections.synchronizedMap(new WeakHashMap[Class[_], WeakReference[AnyRef]])

  def add(made: AnyRef): Unit = {
    known.put(made.getClass, new WeakReference(made))
    ()
  }

  /** The one a copy comes from. */
  def of(copy: AnyRef): AnyRef =
    Option(known.get(copy.getClass)).flatMap(found => Option(found.get)).getOrElse(copy)
}
