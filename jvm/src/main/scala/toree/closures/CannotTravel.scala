package toree.closures

import java.io.NotSerializableException

import org.apache.spark.SparkContext
import org.apache.spark.rdd.RDD
import org.apache.spark.sql.{Dataset, SparkSession}

import toree.text.Names

/** A value of a cell that a function uses and that cannot go to the executors. */
final class CannotTravel(field: String, value: AnyRef, user: String, unserializable: String)
    extends NotSerializableException(CannotTravel.text(field, value, user, unserializable))

object CannotTravel {
  private def text(field: String, value: AnyRef, user: String, unserializable: String): String = {
    val kind = Names.clean(value.getClass.getName)
    val inside = Names.clean(unserializable)
    val what = if (field.endsWith("$module")) s"object ${field.stripSuffix("$module")}" else field
    val holds =
      if (inside != kind) s"$what, which holds a value of $inside"
      else if (isOfCell(unserializable) && what == field) s"$what, an instance of class $inside"
      else if (isOfCell(unserializable)) what
      else s"$what ($kind)"
    val through =
      if (user.isEmpty || user == field) ""
      else if (isOfCell(user)) s" (in class ${Names.clean(user.replace('/', '.'))})"
      else s" (in method $user)"
    s"The function uses $holds$through. It cannot travel to the executors. " +
      advice(value, inside, unserializable)
  }

  private def advice(value: AnyRef, inside: String, unserializable: String): String = value match {
    case _: SparkContext | _: SparkSession | _: Dataset[_] | _: RDD[_] =>
      "Sessions, RDDs and DataFrames exist on the driver only: use values you have collected, a " +
        "broadcast or a join."
    case _ if isOfCell(unserializable) && unserializable.endsWith("$") =>
      s"Declare it as: object ${inside.stripSuffix("$")} extends Serializable"
    case _ if isOfCell(unserializable) => s"Declare it as: class $inside extends Serializable"
    case _                             =>
      "Make it inside the function (once a partition: mapPartitions), or declare it @transient " +
        "lazy val, so that every executor makes its own."
  }

  private def isOfCell(name: String): Boolean = CellCode.isCell(name)
}
