package toree.sharing

import java.nio.channels.Channels
import java.nio.charset.StandardCharsets.UTF_8
import java.nio.file.{Files, Path}
import java.sql.{Date, Timestamp}
import java.time.{Instant, LocalDate, LocalDateTime, ZoneOffset}
import java.util.concurrent.TimeUnit

import scala.collection.JavaConverters._

import org.apache.arrow.memory.RootAllocator
import org.apache.arrow.vector._
import org.apache.arrow.vector.ipc.ArrowStreamWriter
import org.apache.arrow.vector.types.{DateUnit, FloatingPointPrecision, TimeUnit => Unit_}
import org.apache.arrow.vector.types.pojo.{ArrowType, Field, FieldType, Schema}
import org.apache.spark.sql.types._

/** Records in the driver straight into an Arrow stream: no job, no session, no row of Spark's. */
object ArrowRows {
  private val batch = 65536

  /** Whether every column is of a plain type; the others go through Spark. */
  def fits(schema: StructType): Boolean = schema.forall(f => arrow(f.dataType).isDefined)

  /** Writes the records; `cell` is the value of a column of one of them. */
  def write(
      path: Path,
      schema: StructType,
      records: IndexedSeq[Any],
      cell: (Any, Int) => Any
  ): scala.Unit = {
    val fields = schema.fields.map(f =>
      new Field(f.name, new FieldType(f.nullable, arrow(f.dataType).get, null), null)
    )
    val allocator = new RootAllocator(Long.MaxValue)
    val root = VectorSchemaRoot.create(new Schema(fields.toSeq.asJava), allocator)
    val out =
      Channels.newChannel(new java.io.BufferedOutputStream(Files.newOutputStream(path), 1 << 20))
    val writer = new ArrowStreamWriter(root, null, out)
    try {
      writer.start()
      var from = 0
      while (from < records.size) {
        val count = math.min(batch, records.size - from)
        schema.indices.foreach { column =>
          val vector = root.getVector(column)
          vector.setInitialCapacity(count)
          vector.allocateNew()
          fill(vector, count, index => plain(cell(records(from + index), column)))
        }
        root.setRowCount(count)
        writer.writeBatch()
        from += count
      }
      writer.end()
    } finally {
      writer.close()
      out.close()
      root.close()
      allocator.close()
    }
  }

  private def plain(value: Any): Any = value match {
    case None        => null
    case Some(inner) => plain(inner)
    case other       => other
  }

  private def fill(vector: FieldVector, count: Int, value: Int => Any): scala.Unit = {
    def each[A](set: (Int, A) => scala.Unit): scala.Unit = {
      var index = 0
      while (index < count) {
        val item = value(index)
        if (item == null) vector.setNull(index) else set(index, item.asInstanceOf[A])
        index += 1
      }
    }
    vector match {
      case v: BitVector       => each[Boolean]((i, x) => v.setSafe(i, if (x) 1 else 0))
      case v: TinyIntVector   => each[Byte]((i, x) => v.setSafe(i, x))
      case v: SmallIntVector  => each[Short]((i, x) => v.setSafe(i, x))
      case v: IntVector       => each[Int]((i, x) => v.setSafe(i, x))
      case v: BigIntVector    => each[Long]((i, x) => v.setSafe(i, x))
      case v: Float4Vector    => each[Float]((i, x) => v.setSafe(i, x))
      case v: Float8Vector    => each[Double]((i, x) => v.setSafe(i, x))
      case v: VarCharVector   => each[Any]((i, x) => v.setSafe(i, x.toString.getBytes(UTF_8)))
      case v: VarBinaryVector => each[Array[Byte]]((i, x) => v.setSafe(i, x))
      case v: DateDayVector   => each[Any]((i, x) => v.setSafe(i, days(x)))
      case v: TimeStampMicroTZVector => each[Any]((i, x) => v.setSafe(i, micros(x)))
      case v: TimeStampMicroVector   =>
        each[LocalDateTime]((i, x) => v.setSafe(i, micros(x.toInstant(ZoneOffset.UTC))))
    }
  }

  private def days(value: Any): Int = value match {
    case day: LocalDate => day.toEpochDay.toInt
    case day: Date      => day.toLocalDate.toEpochDay.toInt
  }

  private def micros(value: Any): Long = {
    val time = value match {
      case instant: Instant => instant
      case stamp: Timestamp => stamp.toInstant
    }
    TimeUnit.SECONDS.toMicros(time.getEpochSecond) + time.getNano / 1000
  }

  private def arrow(kind: DataType): Option[ArrowType] = kind match {
    case BooleanType      => Some(new ArrowType.Bool)
    case ByteType         => Some(new ArrowType.Int(8, true))
    case ShortType        => Some(new ArrowType.Int(16, true))
    case IntegerType      => Some(new ArrowType.Int(32, true))
    case LongType         => Some(new ArrowType.Int(64, true))
    case FloatType        => Some(new ArrowType.FloatingPoint(FloatingPointPrecision.SINGLE))
    case DoubleType       => Some(new ArrowType.FloatingPoint(FloatingPointPrecision.DOUBLE))
    case StringType       => Some(new ArrowType.Utf8)
    case BinaryType       => Some(new ArrowType.Binary)
    case DateType         => Some(new ArrowType.Date(DateUnit.DAY))
    case TimestampType    => Some(new ArrowType.Timestamp(Unit_.MICROSECOND, "UTC"))
    case TimestampNTZType => Some(new ArrowType.Timestamp(Unit_.MICROSECOND, null))
    case _                => None
  }
}
