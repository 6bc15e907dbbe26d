package toree.sharing

import java.nio.file.Paths

import org.apache.spark.sql.{functions, DataFrame, Dataset, SparkSession}

import toree.cells.Outcome
import toree.repl.ScalaRepl
import toree.spark.WorkspaceSpark
import toree.sql.{SharedViews, SqlCell}
import toree.text.Json

/** Values between a workspace's REPL and the front, in the crossing form.
  *
  * A value that waits for a cell, and a DataFrame handed to another language, is under a key among
  * the loader's shared values; whoever put it there takes it away.
  */
final class Sharing(
    shared: java.util.Map[String, Any],
    repl: () => ScalaRepl,
    started: => Option[ScalaRepl],
    spark: WorkspaceSpark
) {

  /** `kernel.data` of this workspace's cells. */
  val data = new SharedData(read, name => started.flatMap(_.value(name)))

  private def read(json: String): Any = {
    // A DataFrame's key was made for this one call, but for those `%%sql -o` keeps.
    def frame(key: String) =
      if (key.startsWith("sql:")) shared.get(key) else shared.remove(key)
    new WireReader(frame).read(json)._1 match {
      case None  => null
      case other => other
    }
  }

  /** What a cell assigned, in code and through `kernel.data`; with the reason where it is sure not
    * to cross. Nothing is converted.
    */
  def assigned(cell: String): List[Map[String, String]] = {
    val inCode = repl().assigned(cell)
    inCode.foreach(line => data.forget(line("name")))
    inCode.map(line => line ++ refusal(line).map("reason" -> _)) ++ data.changes().map {
      case (name, None)        => Map("name" -> name, "type" -> "", "kind" -> "gone")
      case (name, Some(value)) =>
        val told = Map("name" -> name, "type" -> value.getClass.getSimpleName)
        told ++ Map("kind" -> kind(value), "common" -> "true")
    }
  }

  private def refusal(line: Map[String, String]): Option[String] =
    if (line("kind") == "other" && line("lazy") != "true")
      repl().value(line("name")).flatMap(WireWriter.refusal)
    else None

  private def kind(value: Any): String = value match {
    case _: Dataset[_] => "dataframe"
    case _: Iterable[_] | _: java.util.Collection[_] | _: java.util.Map[_, _] | _: Array[_] =>
      "collection"
    case _ => "scalar"
  }

  /** The value of a name, as JSON; a DataFrame is kept under `key`. */
  def take(name: String, key: String, folder: String, limit: Int): String = {
    val writer = new WireWriter(
      keep = dataset => { shared.put(key, dataset); key },
      table = (rows, schema) => LocalRows.frame(spark.session(), rows, schema),
      folder = Paths.get(folder),
      limit = limit
    )
    def waiting = Option(shared.get(name))
    try
      data.value(name).orElse(started.flatMap(_.value(name))).orElse(waiting).fold("")(writer.write)
    catch {
      case problem: Unshareable => Json.obj("t" -> Tag.Refused, "reason" -> problem.getMessage)
    }
  }

  /** Puts a value under a key; its Scala type. */
  def give(key: String, json: String): String = {
    val (value, kind) = new WireReader(k => shared.get(k)).read(json)
    shared.put(key, value)
    kind
  }

  /** A DataFrame that SQL can name: Scala's, one that `-o` keeps, or that under a key. */
  def frame(name: String): Option[Dataset[_]] =
    started
      .flatMap(_.value(name))
      .orElse(Option(shared.get(s"sql:$name")))
      .orElse(Option(shared.get(name)))
      .collect { case frame: Dataset[_] => frame }

  def drop(key: String): Unit = { shared.remove(key); () }

  /** Runs a SQL statement with the shared values it names: DataFrames as tables, others as
    * parameters.
    */
  def sql(text: String, options: SqlCell.Options, keep: (String, DataFrame) => Unit): Outcome = {
    val values = options.shared.map { case (name, key) => name -> shared.get(key) }
    val (tables, others) = values.partition(_._2.isInstanceOf[Dataset[_]])
    val frames = tables.map { case (name, table) => (name, table.asInstanceOf[Dataset[Any]]) }
    val params = others.map { case (name, value) => name -> parameter(value) }
    val session = spark.session()
    val all = options.copy(params = params ++ options.params)
    SqlCell.run(session, text, all, keep, frame => views(session).within(frames, text)(frame))
  }

  // Of the session there is: the views of one that has ended are gone with it.
  private def views(session: SparkSession): SharedViews = synchronized {
    viewing.filter(_.spark eq session).getOrElse {
      val made = new SharedViews(session)
      viewing = Some(made)
      made
    }
  }
  private var viewing: Option[SharedViews] = None

  /** A shared value as `spark.sql` takes parameters. */
  private def parameter(value: Any): Any = value match {
    case None                          => null
    case Some(inner)                   => parameter(inner)
    case time: java.time.ZonedDateTime => time.toInstant
    case values: Seq[_]                => array(values.map(parameter))
    case tuple: Product if tuple.getClass.getName.startsWith("scala.Tuple") =>
      functions.struct(tuple.productIterator.map(v => functions.lit(parameter(v))).toSeq: _*)
    case values: Set[_]    => array(values.toSeq.map(parameter))
    case number: BigInt    => new java.math.BigDecimal(number.bigInteger)
    case values: Map[_, _] =>
      functions.map(
        values.toSeq.flatMap { case (k, v) => Seq(k, v) }.map(v => functions.lit(parameter(v))): _*
      )
    case other => other
  }

  /** As a literal where it can be: Spark 3.5 takes nothing else. */
  private def array(values: Seq[Any]): Any =
    values.filter(_ != null).map(_.getClass).distinct match {
      case Seq(one) if literals(one) => // boxed, so that there can be nulls
        val made = java.lang.reflect.Array.newInstance(one, values.size)
        values.zipWithIndex.foreach { case (v, i) => java.lang.reflect.Array.set(made, i, v) }
        made
      case _ => functions.array(values.map(functions.lit): _*)
    }

  private val literals = Set[Class[_]](
    classOf[java.lang.Integer],
    classOf[java.lang.Long],
    classOf[java.lang.Double],
    classOf[java.lang.Boolean],
    classOf[String]
  )
}
