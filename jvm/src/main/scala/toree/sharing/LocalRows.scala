package toree.sharing

import java.sql.{Date, Timestamp}
import java.time.{Instant, LocalDate, LocalDateTime}

import scala.collection.JavaConverters._

import org.apache.spark.sql.{Dataset, Row, SparkSession}
import org.apache.spark.sql.types._

import toree.text.Names

/** Rows that live in the driver, `Array[Row]` or a `Seq` of case classes, as a DataFrame.
  *
  * No encoder is asked: those want the static type, and there is none here. A column's type is that
  * of the field where it says enough, else that of the values.
  */
object LocalRows {

  /** The schema of records that are all of one kind, and how to get at their columns. */
  def schema(records: IndexedSeq[Any]): (StructType, (Any, Int) => Any) = records.head match {
    case row: Row       => (row.schema, (r, column) => r.asInstanceOf[Row].get(column))
    case first: Product =>
      val products = records.map(_.asInstanceOf[Product])
      (schemaOf(products, first), (r, column) => r.asInstanceOf[Product].productElement(column))
  }

  def frame(spark: SparkSession, records: Seq[Any], schema: StructType): Dataset[Row] = {
    val rows = records.map {
      case inner: Row      => inner
      case record: Product => row(record)
    }
    spark.createDataFrame(rows.asJava, schema)
  }

  /** The names of a case class's fields: its first ones, in order. */
  def names(record: Product): Seq[String] =
    record.getClass.getDeclaredFields.toSeq
      .map(_.getName)
      .filterNot(_.contains("$"))
      .map(scala.reflect.NameTransformer.decode)
      .take(record.productArity)

  private def schemaOf(records: Seq[Product], first: Product): StructType = {
    val fields = names(first)
    if (fields.size != first.productArity || records.exists(_.getClass != first.getClass))
      throw new Unshareable("records of different classes")
    StructType(fields.zipWithIndex.map { case (name, index) =>
      val declared =
        first.getClass.getDeclaredField(scala.reflect.NameTransformer.encode(name)).getType
      val kind = simple.getOrElse(declared, ofValues(records.map(_.productElement(index))))
      StructField(name, kind, nullable = !declared.isPrimitive)
    })
  }

  private def row(record: Product): Row = Row.fromSeq(record.productIterator.map(plain).toSeq)

  private def plain(value: Any): Any = value match {
    case None                            => null
    case Some(inner)                     => plain(inner)
    case letter: Char                    => letter.toString
    case map: scala.collection.Map[_, _] => map.map { case (k, v) => plain(k) -> plain(v) }.toMap
    case bytes: Array[Byte]              => bytes
    case array: Array[_]                 => array.toSeq.map(plain)
    case values: Iterable[_]             => values.map(plain).toSeq
    case inner: Row                      => inner
    case record: Product                 => row(record)
    case other                           => other
  }

  private def ofValues(values: Seq[Any]): DataType = {
    val present = values.flatMap {
      case null | None => None
      case Some(inner) => Some(inner)
      case other       => Some(other)
    }
    present.headOption match {
      case None        => StringType
      case Some(first) =>
        simple.getOrElse(
          boxed(first),
          first match {
            case _: scala.collection.Map[_, _] =>
              val maps = present.map(_.asInstanceOf[scala.collection.Map[Any, Any]])
              MapType(ofValues(maps.flatMap(_.keys)), ofValues(maps.flatMap(_.values)))
            case _: Array[_] => ArrayType(ofValues(present.flatMap { case a: Array[_] => a.toSeq }))
            case _: Iterable[_] =>
              ArrayType(ofValues(present.flatMap { case i: Iterable[_] => i.toSeq }))
            case inner: Row if inner.schema != null => inner.schema
            case record: Product => schemaOf(present.map(_.asInstanceOf[Product]), record)
            case other           =>
              throw new Unshareable(s"a field of ${Names.clean(other.getClass.getName)}")
          }
        )
    }
  }

  private def boxed(value: Any): Class[_] = value.asInstanceOf[AnyRef].getClass

  private val decimal = DecimalType(38, 18)
  private val simple: Map[Class[_], DataType] = Map(
    classOf[Boolean] -> BooleanType,
    classOf[java.lang.Boolean] -> BooleanType,
    classOf[Byte] -> ByteType,
    classOf[java.lang.Byte] -> ByteType,
    classOf[Short] -> ShortType,
    classOf[java.lang.Short] -> ShortType,
    classOf[Int] -> IntegerType,
    classOf[java.lang.Integer] -> IntegerType,
    classOf[Long] -> LongType,
    classOf[java.lang.Long] -> LongType,
    classOf[Float] -> FloatType,
    classOf[java.lang.Float] -> FloatType,
    classOf[Double] -> DoubleType,
    classOf[java.lang.Double] -> DoubleType,
    classOf[Char] -> StringType,
    classOf[java.lang.Character] -> StringType,
    classOf[String] -> StringType,
    classOf[Array[Byte]] -> BinaryType,
    classOf[BigDecimal] -> decimal,
    classOf[java.math.BigDecimal] -> decimal,
    classOf[Date] -> DateType,
    classOf[LocalDate] -> DateType,
    classOf[Timestamp] -> TimestampType,
    classOf[Instant] -> TimestampType,
    classOf[LocalDateTime] -> TimestampNTZType
  )
}
