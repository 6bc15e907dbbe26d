package toree

import java.nio.file.Paths

import org.apache.spark.sql.Dataset

/** Values between a workspace's REPL and the front, in the crossing form.
  *
  * A value that waits for a cell, and a DataFrame handed to another language, is under a key among
  * the loader's shared values; whoever put it there takes it away.
  */
final class Sharing(loader: ReplClassLoader, repl: () => ScalaRepl, spark: SparkAccess) {

  /** The value of a name, as JSON; a DataFrame is kept under `key`. */
  def take(name: String, key: String, folder: String, limit: Int): String = {
    val writer = new WireWriter(
      keep = dataset => { loader.shared.put(key, dataset); key },
      table = rows => LocalRows.frame(spark.session(), rows),
      folder = Paths.get(folder),
      limit = limit
    )
    try repl().value(name).fold("")(writer.write)
    catch {
      case problem: Unshareable => Json.obj("t" -> "refused", "reason" -> problem.getMessage)
    }
  }

  /** Puts a value under a key; its Scala type. */
  def give(key: String, json: String): String = {
    val (value, kind) = new WireReader(loader.shared.get(_)).read(json)
    loader.shared.put(key, value)
    kind
  }

  /** What is sure not to cross, by name: nothing is converted. */
  def refusals: Map[String, String] = {
    val names = repl().assigned.filter(line => line("kind") == "other" && line("lazy") != "true").map(_("name"))
    names.flatMap(name => repl().value(name).flatMap(WireWriter.refusal).map(name -> _)).toMap
  }

  def drop(key: String): Unit = { loader.shared.remove(key); () }

  def frame(key: String): Option[Dataset[_]] = loader.shared.get(key) match {
    case dataset: Dataset[_] => Some(dataset)
    case _ => None
  }
}
