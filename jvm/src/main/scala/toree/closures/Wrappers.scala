package toree.closures

import java.lang.reflect.{Field, Modifier}

/** The objects the REPL puts around a cell's code, taken apart. */
object Wrappers {

  /** One with the fields given and all its numbers; nothing of the cell's code runs. */
  def copy(wrapper: AnyRef, given: Set[String]): AnyRef = {
    val kind = wrapper.getClass
    val made = allocate(kind)
    fields(kind).foreach { field =>
      if (field.getType.isPrimitive || given(field.getName)) field.set(made, field.get(wrapper))
    }
    made
  }

  /** The value of a field that would travel; none where there is nothing. */
  def value(wrapper: AnyRef, name: String): Option[AnyRef] =
    fields(wrapper.getClass).find(_.getName == name).filterNot(_.getType.isPrimitive).flatMap {
      field => Option(field.get(wrapper))
    }

  private def fields(kind: Class[_]): Array[Field] =
    kind.getDeclaredFields
      .filterNot { field =>
        Modifier.isStatic(field.getModifiers) || Modifier.isTransient(field.getModifiers)
      }
      .map { field =>
        field.setAccessible(true)
        field
      }

  // By reflection, as Java 8's own signatures do not have it.
  private val allocate: Class[_] => AnyRef = {
    val unsafe = Class.forName("sun.misc.Unsafe")
    val field = unsafe.getDeclaredField("theUnsafe")
    field.setAccessible(true)
    val one = field.get(null)
    val method = unsafe.getMethod("allocateInstance", classOf[Class[_]])
    kind => method.invoke(one, kind)
  }
}
