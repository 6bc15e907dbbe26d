package toree.sql

import org.apache.spark.sql.{Dataset, SparkSession}
import org.apache.spark.sql.catalyst.parser.SqlBaseLexer

import toree.spark.WorkspaceSpark
import toree.text.Json

/** Completes a word of a SQL cell from the keywords and the catalog; runs no job, starts no Spark.
  */
final class SqlCompletion(spark: WorkspaceSpark, shared: String => Option[Dataset[_]]) {
  import SqlCompletion._

  // Spark's own lexer knows them all, also before there is a session.
  private lazy val keywords: Seq[String] = {
    val vocabulary = SqlBaseLexer.VOCABULARY
    (1 to vocabulary.getMaxTokenType)
      .flatMap(i => Option(vocabulary.getLiteralName(i)))
      .map(_.stripPrefix("'").stripSuffix("'"))
      .filter(isWord)
  }

  // Fixed for a session, and slow enough to be asked once.
  private lazy val builtIns: Seq[String] = column("show system functions").filter(isWord)

  /** JSON as [[Completion]] gives it: matches, start and end in code points.
    *
    * @param tables
    *   the keys of other languages' DataFrames, by name
    */
  def complete(code: String, codePoints: Int, tables: Map[String, String]): String = {
    val shared = (name: String) =>
      tables
        .collectFirst { case (table, key) if table.equalsIgnoreCase(name) => key }
        .flatMap(this.shared)
        .orElse(this.shared(name))
    val cursor = code.offsetByCodePoints(0, codePoints.min(code.codePointCount(0, code.length)))
    val before = code.substring(0, cursor)
    val path = before.reverse
      .takeWhile(c => Character.isLetterOrDigit(c) || "_.`".indexOf(c.toInt) >= 0)
      .reverse
    val word = path.substring(path.lastIndexOf('.') + 1).stripPrefix("`")
    val qualifier = path.substring(0, (path.lastIndexOf('.') max 0)).replace("`", "")
    val known = spark.peek.fold(Seq.empty[Item])(candidates(_, code, qualifier, shared))
    val lower = word.nonEmpty && word.forall(c => !c.isUpper)
    val words = if (qualifier.isEmpty) keywords else Nil
    val found = known ++ words.map(w => Item(if (lower) w.toLowerCase else w, "keyword"))
    val matching = found.filter(_.text.toLowerCase.startsWith(word.toLowerCase)).distinct
    val start = code.codePointCount(0, cursor - word.length)
    Json.obj(
      "matches" -> matching.map(_.text),
      "start" -> start,
      "end" -> codePoints,
      "items" -> matching.map(m =>
        Map("text" -> m.text, "type" -> m.kind, "signature" -> m.signature)
      )
    )
  }

  /** JSON as [[Completion]] gives it: what Spark says of the table, view or function at the cursor.
    */
  def inspect(code: String, codePoints: Int): String = {
    val cursor = code.offsetByCodePoints(0, codePoints.min(code.codePointCount(0, code.length)))
    val (before, after) = code.splitAt(cursor)
    val name = before.reverse.takeWhile(isNamePart).reverse + after.takeWhile(isNamePart)
    val text = spark.peek.filter(_ => name.exists(Character.isLetterOrDigit)).flatMap { session =>
      columns(session, name, shared) match {
        case Nil   => described(name)
        case found =>
          Some((s"$name: a table or view" +: found.map("  " + _.signature)).mkString("\n"))
      }
    }
    Json.obj("found" -> text.isDefined, "text/plain" -> text)
  }

  private def described(function: String): Option[String] =
    Some(column(s"describe function extended `$function`").map(_.trim).mkString("\n"))
      .filter(_.contains("Usage:")) // else: no such function

  private def candidates(
      session: SparkSession,
      code: String,
      qualifier: String,
      shared: String => Option[Dataset[_]]
  ): Seq[Item] = {
    def columns(table: String) = this.columns(session, table, shared)
    val tables = column("show tables", "tableName") ++ column("show views", "viewName")
    val named = (tables ++ words(code, shared)).distinct.filter(table => mentions(code, table))
    if (qualifier.isEmpty) {
      named.flatMap(columns) ++
        tables.distinct.map(Item(_, "class")) ++
        (builtIns ++ column("show user functions").filter(isWord)).map(Item(_, "function"))
    } else {
      val alias = s"(?i)\\b(\\w+)\\s+(?:as\\s+)?${java.util.regex.Pattern.quote(qualifier)}\\b".r
      val table = alias
        .findAllMatchIn(code)
        .map(_.group(1))
        .find(name => columns(name).nonEmpty)
        .orElse(Some(qualifier))
      table.toSeq.flatMap(columns) ++
        column(s"show tables in `$qualifier`", "tableName").map(Item(_, "class"))
    }
  }

  private def columns(
      session: SparkSession,
      table: String,
      shared: String => Option[Dataset[_]]
  ): Seq[Item] =
    quietly {
      val frame = shared(table).filterNot(_ => exists(session, table))
      frame.getOrElse(session.table(s"`$table`")).schema.fields.toSeq.map { field =>
        Item(field.name, "instance", s"${field.name}: ${field.dataType.simpleString}")
      }
    }

  private def exists(session: SparkSession, table: String): Boolean =
    session.catalog.tableExists(s"`$table`")

  private def words(code: String, shared: String => Option[Dataset[_]]): Seq[String] =
    "\\w+".r.findAllIn(code).toSeq.distinct.filter(shared(_).isDefined)

  private def column(query: String, name: String = ""): Seq[String] = quietly {
    spark.peek.toSeq.flatMap { session =>
      val rows = session.sql(query)
      val at = if (name.isEmpty) rows.columns.head else name
      rows.select(s"`$at`").collect().toSeq.map(_.getString(0))
    }
  }
}

object SqlCompletion {
  final case class Item(text: String, kind: String, signature: String = "")

  private def isNamePart(c: Char): Boolean = Character.isLetterOrDigit(c) || c == '_'

  private def isWord(name: String): Boolean = name.matches("\\w+")

  private def mentions(code: String, table: String): Boolean =
    s"(?i)(?<![\\w`])`?${java.util.regex.Pattern.quote(table)}`?(?![\\w`])".r
      .findFirstIn(code)
      .isDefined

  /** A catalog that can't be asked (a table that is gone, a database without rights) has no names.
    */
  private def quietly[A](ask: => Seq[A]): Seq[A] =
    try ask
    catch { case problem: Exception => Nil }
}
