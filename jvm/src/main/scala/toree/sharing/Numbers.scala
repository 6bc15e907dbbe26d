package toree.sharing

import java.nio.{ByteBuffer, ByteOrder}

import scala.collection.mutable

/** Many numbers as their bytes, as the crossing form has vectors and arrays. */
object Numbers {

  /** A vector's bytes, `width` for each, and the places of its nulls. */
  def packed(values: IndexedSeq[Any], width: Int): (Array[Byte], Seq[Int]) = {
    val bytes = ByteBuffer.allocate(values.size * width).order(ByteOrder.LITTLE_ENDIAN)
    val nulls = mutable.ArrayBuffer.empty[Int]
    var index = 0
    values.foreach { value =>
      bare(value) match {
        case null =>
          nulls += index
          if (width == 1) bytes.put(0.toByte) else bytes.putLong(0L)
        case flag: Boolean  => bytes.put((if (flag) 1 else 0).toByte)
        case number: Long   => bytes.putLong(number)
        case number: Float  => bytes.putDouble(number.toDouble)
        case number: Double => bytes.putDouble(number)
      }
      index += 1
    }
    (bytes.array, nulls.toSeq)
  }

  /** An element as JSON has it. */
  def bare(value: Any): Any = value match {
    case None          => null
    case Some(inner)   => bare(inner)
    case number: Int   => number.toLong
    case number: Short => number.toLong
    case number: Byte  => number.toLong
    case other         => other
  }

  /** The kind all values have, nulls aside, when it is one a vector can hold. */
  def kind(values: IndexedSeq[Any]): Option[(String, Int)] = {
    def one(value: Any): (String, Int) = value match {
      case _: Boolean                  => ("bool", 64)
      case _: Int | _: Short | _: Byte => ("int", 32)
      case _: Long                     => ("int", 64)
      case _: Float                    => ("float", 32)
      case _: Double                   => ("float", 64)
      case _: String                   => ("text", 64)
      case Some(inner)                 => one(inner)
      case None | null                 => ("", 64)
      case _                           => ("other", 0)
    }
    values.iterator.map(one).filter(_._1 != "").toSet.toList match {
      case List(same) if same._1 != "other" => Some(same)
      case _                                => None
    }
  }

  /** A rectangular array of primitive numbers: numpy's dtype, the shape and the bytes. */
  def of(array: Array[_]): Option[(String, List[Int], Array[Byte])] = array match {
    case a: Array[Boolean] =>
      flat("|b1", a.length, 1)(b => a.foreach(x => b.put((if (x) 1 else 0).toByte)))
    case a: Array[Short]  => flat("<i2", a.length, 2)(_.asShortBuffer.put(a))
    case a: Array[Int]    => flat("<i4", a.length, 4)(_.asIntBuffer.put(a))
    case a: Array[Long]   => flat("<i8", a.length, 8)(_.asLongBuffer.put(a))
    case a: Array[Float]  => flat("<f4", a.length, 4)(_.asFloatBuffer.put(a))
    case a: Array[Double] => flat("<f8", a.length, 8)(_.asDoubleBuffer.put(a))
    case a: Array[AnyRef] if a.nonEmpty && a.forall {
          case _: Array[Byte] => false; case inner => inner != null && inner.getClass.isArray
        } =>
      val parts = a.toList.map(inner => of(inner.asInstanceOf[Array[_]]))
      if (parts.exists(_.isEmpty) || parts.flatten.map(p => (p._1, p._2)).distinct.size != 1) None
      else {
        val (dtype, shape, _) = parts.head.get
        val all = new java.io.ByteArrayOutputStream
        parts.flatten.foreach(p => all.write(p._3))
        Some((dtype, a.length :: shape, all.toByteArray))
      }
    case _ => None
  }

  private def flat(dtype: String, count: Int, width: Int)(fill: ByteBuffer => Any) = {
    val bytes = ByteBuffer.allocate(count * width).order(ByteOrder.LITTLE_ENDIAN)
    fill(bytes)
    Some((dtype, List(count), bytes.array))
  }
}
