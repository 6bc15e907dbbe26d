package toree.repl

import toree.text.Json

/** Sequences of case classes or tuples, and maps, as tables: a preview like a DataFrame's. */
object LocalTable {

  /** The preview's JSON; nothing where the value is no table. */
  def of(value: Any, limit: Int): Option[String] = value match {
    case map: scala.collection.Map[_, _] if map.nonEmpty =>
      Some(table(Seq("key", "value"), map.iterator.map { case (k, v) => Seq(k, v) }, limit))
    case items: scala.collection.Seq[_] => rows(items, limit)
    case items: Array[_]                => rows(items.toSeq, limit)
    case _                              => None
  }

  private def rows(items: scala.collection.Seq[_], limit: Int): Option[String] =
    items.take(limit + 1).toList match {
      case taken @ (first: Product) :: _ if isRow(first) && taken.forall(like(first)) =>
        val rows = taken.iterator.map { case row: Product => row.productIterator.toSeq }
        Some(table(names(first), rows, limit))
      case _ => None
    }

  private def like(first: Product)(other: Any): Boolean =
    other != null && other.getClass == first.getClass

  private def isRow(value: Product): Boolean = value.productArity > 0 && (value match {
    case _: Option[_] | _: Either[_, _] | _: Iterable[_] => false
    case _: org.apache.spark.sql.Row                     => false
    case _                                               => true
  })

  private def names(row: Product): Seq[String] = {
    val arity = row.productArity
    // 2.12 has no productElementNames; the accessors stand first and in order in both.
    val fields =
      row.getClass.getDeclaredFields.map(_.getName).filterNot(_.contains("$")).take(arity)
    if (fields.length == arity && !row.getClass.getName.startsWith("scala.")) fields.toSeq
    else (1 to arity).map(i => s"_$i")
  }

  private def table(names: Seq[String], rows: Iterator[Seq[Any]], limit: Int): String = {
    val taken = rows.take(limit + 1).toList
    val columns = names.zipWithIndex.map { case (name, i) =>
      val kinds = taken.map(row => kind(row(i))).filter(_.nonEmpty).distinct
      Map("name" -> name, "type" -> (if (kinds.size == 1) kinds.head else ""))
    }
    val cells =
      taken.take(limit).map(_.map(item => if (item == null) null else Rendering.text(item)))
    Json.obj("columns" -> columns, "rows" -> cells, "more" -> (taken.size > limit))
  }

  private def kind(item: Any): String = item match {
    case null                   => ""
    case _: java.lang.Integer   => "Int"
    case _: java.lang.Character => "Char"
    case _: Option[_]           => "Option"
    case other                  =>
      val name = toree.text.Names.clean(other.getClass.getName)
      name.substring(name.lastIndexOf('.') + 1).replaceAll(".*\\$(?=.)", "")
  }
}
