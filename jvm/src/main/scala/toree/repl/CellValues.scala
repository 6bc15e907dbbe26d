package toree.repl

import java.lang.reflect.{Field, Modifier}
import java.util.{LinkedHashMap, Map => JMap, WeakHashMap}

import scala.collection.mutable
import scala.tools.nsc.interpreter.CellMain

import toree.closures.CellCode
import toree.text.Names

/** The names cells define: their types, their values, what is said of them. */
final class CellValues[M <: CellMain](val main: M) {
  import main.global._

  /** What one definition or assignment of a cell is, worked out while the compiler is at hand. */
  sealed trait Line { def name: String; def kind: String }
  case class Value(name: String, kind: String, sort: String, isLazy: Boolean, isVar: Boolean)
      extends Line
  case class Assigned(name: String, kind: String, sort: String) extends Line
  case class Said(name: String, kind: String, text: String, sort: String) extends Line

  private val instances = new WeakHashMap[AnyRef, AnyRef]
  // By the cell's id, to be told once. Cells may run side by side.
  private val lines = new LinkedHashMap[String, List[(main.Request, Line)]] {
    override def removeEldestEntry(
        eldest: JMap.Entry[String, List[(main.Request, Line)]]
    ): Boolean = size > 100
  }
  private var cell = ""
  // Variables, each with the value it had after the last cell: a method may assign them unseen.
  private val variables = mutable.HashMap.empty[String, (Line, Any)]

  /** A cell begins to compile. */
  def begin(cell: String): Unit = this.cell = cell

  /** Called under the compiler's lock, for a request that compiled. */
  def lines(request: main.Request, trees: List[Tree]): List[Line] = {
    val found = trees.flatMap(line(request, _))
    lines.synchronized {
      lines.put(cell, lines.getOrDefault(cell, Nil) ++ found.map(request -> _))
    }
    found
  }

  private def line(request: main.Request, tree: Tree): Option[Line] = tree match {
    case DocDef(_, documented) => line(request, documented)
    case definition: ValDef if isSynthetic(definition) || !definition.mods.isPublic => None
    case definition: ValDef                                                         =>
      val tpe = typeOf(request, definition.name)
      Some(
        Value(
          definition.name.decoded,
          show(tpe),
          sort(tpe),
          definition.mods.isLazy,
          definition.mods.isMutable
        )
      )
    case method: DefDef if method.mods.isPublic =>
      val name = method.name.decoded
      val said = s"$name: ${signature(typeOf(request, method.name))}"
      Some(Said(name, "method", said, "function"))
    case definition: ClassDef =>
      val word = if (definition.mods.isTrait) "trait" else "class"
      val name = definition.name.decoded
      Some(Said(name, word, s"defined $word $name", "class"))
    case definition: ModuleDef =>
      val name = definition.name.decoded
      Some(Said(name, "object", s"defined object $name", "class"))
    case definition: TypeDef =>
      val name = definition.name.decoded
      Some(Said(name, "type", s"defined type alias $name", "class"))
    case Assign(Ident(name), _) =>
      main.requestOf(name.decoded).map { owner =>
        val tpe = typeOf(owner, name)
        Assigned(name.decoded, show(tpe), sort(tpe))
      }
    case _ => None
  }

  private def isSynthetic(definition: ValDef): Boolean =
    definition.name.startsWith("x$") || definition.mods.isSynthetic || definition.mods.isArtifact

  private def typeOf(request: main.Request, name: Name): Type = request.compilerTypeOf(name)

  def typeText(request: main.Request, name: String): String =
    request.typeOf.get(TermName(name)).fold("Any")(Names.clean(_))

  private def show(tpe: Type): String = Names.clean(exitingTyper(tpe.toString))

  /** `(x: Int)Int`, as the console of 2.12 has it; 2.13 would put a colon in. */
  private def signature(tpe: Type): String = exitingTyper {
    def parts(t: Type): String = t match {
      case PolyType(parameters, result) =>
        parameters.map(_.defString.replaceFirst("^type ", "")).mkString("[", ", ", "]") + parts(
          result
        )
      case MethodType(parameters, result) =>
        val mark = if (parameters.headOption.exists(_.isImplicit)) "implicit " else ""
        parameters.map(p => s"${p.name.decoded}: ${p.tpe}").mkString(s"($mark", ", ", ")") + parts(
          result
        )
      case NullaryMethodType(result) => parts(result)
      case other                     => other.toString
    }
    Names.clean(parts(tpe))
  }

  private def sort(tpe: Type): String = exitingTyper {
    val bases = tpe.dealias.widen.baseClasses.map(_.fullName).toSet
    val own = tpe.dealias.widen.typeSymbol.fullName
    val isBytes = own == "scala.Array" && tpe.dealias.typeArgs.headOption
      .exists(_.typeSymbol.fullName == "scala.Byte")
    if (bases("org.apache.spark.sql.Dataset")) "dataframe"
    else if (CellValues.scalars(own) || isBytes) "scalar"
    else if (own == "scala.Array" || bases.exists(CellValues.collections)) "collection"
    else "other"
  }

  def ran(request: main.Request, instance: AnyRef): Unit = instances.put(request, instance)

  /** No name leads to the request's values any more. */
  def forget(request: AnyRef): Unit = { instances.remove(request); () }

  /** Lets go of all values. What held them stays: Spark's tasks may know its class for ever, and a
    * class needs the object around it.
    */
  def clear(): Unit = {
    for (instance <- instances.values.toArray; field <- instance.getClass.getDeclaredFields)
      if (holdsValue(field)) {
        field.setAccessible(true)
        field.set(instance, null)
      }
    instances.clear()
  }

  private def holdsValue(field: Field): Boolean =
    !Modifier.isStatic(field.getModifiers) && !field.getType.isPrimitive &&
      !CellCode.isWrapper(field.getType.getName.replace('.', '/')) &&
      field.getName != "$outer" && !field.getName.endsWith("$module")

  def echo(line: Line, instance: AnyRef, types: Boolean): Option[String] = line match {
    case Said(_, _, text, _)              => Some(text)
    case Value(name, kind, _, true, _)    => Some(s"${named(name, kind, types)} = <lazy>")
    case Value(name, "Unit", _, false, _) => Some(s"${named(name, "Unit", types)} = ()")
    case Value(name, kind, _, false, _)   =>
      Some(s"${named(name, kind, types)} = ${Rendering.text(main.valueIn(instance, name))}")
    case Assigned(name, kind, _) =>
      current(name).map(value => s"${named(name, kind, types)} = ${Rendering.text(value)}")
  }

  private def named(name: String, kind: String, types: Boolean) =
    if (types) s"$name: $kind" else name

  def lastValue(line: Line, instance: AnyRef): Option[(Line, Any)] = line match {
    case Value(name, kind, _, false, _) if kind != "Unit" =>
      Some((line, main.valueIn(instance, name)))
    case _ => None
  }

  /** The value a name has now. */
  def current(name: String): Option[Any] =
    main.requestOf(name).flatMap(r => Option(instances.get(r))).map(main.valueIn(_, name))

  def assigned(cell: String): List[Map[String, String]] = synchronized {
    val all = lines.synchronized(lines.remove(cell))
    // Of a cell that failed on the way, only what has run.
    val ran = Option(all).getOrElse(Nil).filter(line => instances.containsKey(line._1)).map(_._2)
    val found = (ran ++ changed(ran)).collect {
      case Value(name, kind, sort, isLazy, _) =>
        Map("name" -> name, "type" -> kind, "kind" -> sort, "lazy" -> isLazy.toString)
      case Assigned(name, kind, sort) =>
        Map("name" -> name, "type" -> kind, "kind" -> sort, "lazy" -> "false")
      case Said(name, kind, _, sort) =>
        Map("name" -> name, "type" -> kind, "kind" -> sort, "lazy" -> "false")
    }
    found.reverse.foldLeft(List.empty[Map[String, String]]) { (kept, line) =>
      if (kept.exists(_("name") == line("name"))) kept else line :: kept
    }
  }

  /** Variables the cell has not assigned itself and which have another value since. */
  private def changed(ran: List[Line]): List[Line] = {
    ran.foreach {
      case line: Value if line.isVar => variables(line.name) = (line, null)
      case line: Value               => variables -= line.name
      case _                         => ()
    }
    val now = variables.toList.flatMap { case (name, (line, before)) =>
      current(name).map(value => (name, line, before, value))
    }
    now.foreach { case (name, line, _, value) => variables(name) = (line, value) }
    val told = ran.map(_.name).toSet
    now.collect {
      case (name, line, before, value) if !told(name) && !CellValues.same(value, before) => line
    }
  }
}

object CellValues {

  /** Whether nobody can tell the two apart: the same object, or boxes of the same number. */
  private[toree] def same(one: Any, other: Any): Boolean = (one, other) match {
    case (_: Number | _: Boolean | _: Char, _) => one.asInstanceOf[AnyRef].equals(other)
    case _ => one.asInstanceOf[AnyRef] eq other.asInstanceOf[AnyRef]
  }

  private val scalars = Set(
    "scala.Boolean",
    "scala.Byte",
    "scala.Short",
    "scala.Int",
    "scala.Long",
    "scala.Float",
    "scala.Double",
    "scala.Char",
    "java.lang.String",
    "scala.math.BigDecimal",
    "scala.math.BigInt",
    "java.math.BigDecimal",
    "java.math.BigInteger",
    "java.sql.Date",
    "java.sql.Timestamp",
    "java.time.LocalDate",
    "java.time.Instant",
    "java.time.LocalDateTime",
    "scala.Null",
    "java.lang.Integer",
    "java.lang.Long",
    "java.lang.Double",
    "java.lang.Boolean",
    "java.lang.Float"
  )
  private val collections =
    Set(
      "scala.collection.Iterable",
      "java.lang.Iterable",
      "java.util.Map",
      "scala.Option",
      "scala.Product2",
      "scala.Product3"
    )
}
