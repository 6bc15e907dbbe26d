package toree.sharing

import scala.collection.JavaConverters._

import com.fasterxml.jackson.databind.JsonNode

/** A Scala type, as far as values of the crossing form need one. */
private[sharing] sealed abstract class Kind(val text: String)

private[sharing] object Kind {
  import Node._

  final case class Named(name: String) extends Kind("_root_." + name)
  case object Nothing extends Kind("_root_.scala.Nothing")
  case object Anything extends Kind("_root_.scala.Any")
  case object Missing extends Kind("_root_.scala.Option[_root_.scala.Nothing]")
  final case class OptionOf(kind: Kind) extends Kind(s"_root_.scala.Option[${kind.text}]")
  final case class SeqOf(kind: Kind)
      extends Kind(s"_root_.scala.collection.immutable.Seq[${kind.text}]")
  final case class SetOf(kind: Kind)
      extends Kind(s"_root_.scala.collection.immutable.Set[${kind.text}]")
  final case class ArrayOf(kind: Kind) extends Kind(s"_root_.scala.Array[${kind.text}]")
  final case class MapOf(key: Kind, value: Kind)
      extends Kind(s"_root_.scala.collection.immutable.Map[${key.text}, ${value.text}]")
  final case class TupleOf(kinds: List[Kind])
      extends Kind(s"_root_.scala.Tuple${kinds.size}[${kinds.map(_.text).mkString(", ")}]")

  val int = Named("scala.Int")
  val long = Named("scala.Long")
  private val big = Named("scala.math.BigInt")
  val double = Named("scala.Double")
  private val numbers = List[Kind](int, long, big, double)

  private def integer(bits: Int): Kind = bits match {
    case 0  => big
    case 32 => int
    case _  => long
  }

  /** The narrowest type for both; integers among floats become Double. */
  private def join(one: Kind, other: Kind): Kind = (one, other) match {
    case (a, b) if a == b                                     => a
    case (Nothing, b)                                         => b
    case (a, Nothing)                                         => a
    case (Missing, OptionOf(b))                               => OptionOf(b)
    case (OptionOf(a), Missing)                               => OptionOf(a)
    case (Missing, b)                                         => OptionOf(b)
    case (a, Missing)                                         => OptionOf(a)
    case (OptionOf(a), OptionOf(b))                           => option(join(a, b))
    case (OptionOf(a), b)                                     => option(join(a, b))
    case (a, OptionOf(b))                                     => option(join(a, b))
    case (a, b) if numbers.contains(a) && numbers.contains(b) =>
      numbers(math.max(numbers.indexOf(a), numbers.indexOf(b)))
    case (SeqOf(a), SeqOf(b))                         => SeqOf(join(a, b))
    case (SetOf(a), SetOf(b))                         => SetOf(join(a, b))
    case (MapOf(k, v), MapOf(l, w))                   => MapOf(join(k, l), join(v, w))
    case (TupleOf(a), TupleOf(b)) if a.size == b.size =>
      TupleOf(a.zip(b).map { case (x, y) => join(x, y) })
    case _ => Anything
  }

  private def option(kind: Kind): Kind = if (kind == Anything) Anything else OptionOf(kind)

  private val elements = Map(
    "|b1" -> "scala.Boolean",
    "|i1" -> "scala.Byte",
    "<i2" -> "scala.Short",
    "<i4" -> "scala.Int",
    "<i8" -> "scala.Long",
    "<f4" -> "scala.Float",
    "<f8" -> "scala.Double"
  )

  def typeOf(node: JsonNode): Kind = tag(node) match {
    case Tag.Null      => Missing
    case Tag.Bool      => Named("scala.Boolean")
    case Tag.Int       => integer(bits(node))
    case Tag.Float     => if (bits(node) == 32) Named("scala.Float") else double
    case Tag.Text      => Named("java.lang.String")
    case Tag.Bytes     => ArrayOf(Named("scala.Byte"))
    case Tag.Date      => Named("java.time.LocalDate")
    case Tag.Timestamp =>
      Named(zoneOf(node) match {
        case None        => "java.time.LocalDateTime"
        case Some("UTC") => "java.time.Instant"
        case _           => "java.time.ZonedDateTime"
      })
    case Tag.Decimal => Named("scala.math.BigDecimal")
    case Tag.Vector  =>
      val element = node.get("of").asText match {
        case "bool"  => Named("scala.Boolean")
        case "int"   => if (bits(node) == 32) int else long
        case "float" => if (bits(node) == 32) Named("scala.Float") else double
        case _       => Named("java.lang.String")
      }
      val missing = if (node.has("v")) items(node).exists(_.isNull) else node.get("nulls").size > 0
      SeqOf(if (missing) OptionOf(element) else element)
    case Tag.List  => SeqOf(common(items(node).map(typeOf)))
    case Tag.Tuple =>
      val kinds = items(node).map(typeOf).toList
      if (kinds.isEmpty || kinds.size > 22) SeqOf(common(kinds)) else TupleOf(kinds)
    case Tag.Set => SetOf(common(items(node).map(typeOf)))
    case Tag.Map =>
      val pairs = items(node)
      MapOf(common(pairs.map(p => typeOf(p.get(0)))), common(pairs.map(p => typeOf(p.get(1)))))
    case Tag.Array =>
      val element: Kind = Named(elements(node.get("dtype").asText))
      node.get("shape").asScala.foldLeft(element)((inner, _) => ArrayOf(inner))
    case Tag.Frame => Named("org.apache.spark.sql.DataFrame")
    case other     => throw new IllegalArgumentException(s"unknown tag $other")
  }

  private def common(kinds: Iterable[Kind]): Kind = kinds.foldLeft(Nothing: Kind)(join)
}
