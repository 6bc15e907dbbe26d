package toree.sql

import scala.collection.mutable

import org.apache.spark.sql.{Dataset, SparkSession}
import org.apache.spark.sql.catalyst.catalog.SessionCatalog

/** Shared DataFrames as temporary views of one session, for as long as a statement is analysed.
  *
  * Statements of cells that run at the same time use one view of the same DataFrame together; one
  * that means another DataFrame by the name waits for them.
  */
final class SharedViews(val spark: SparkSession) {
  private final class Held(val frame: Dataset[_], val view: Option[AnyRef], var users: Int)
  private val held = mutable.HashMap.empty[String, Held] // by name in lower case
  private var before: Option[String] = None // what `stored` was
  private var making = 0 // statements that make views

  /** Runs `body` while these DataFrames are views of their names, where nothing else is.
    *
    * The catalog is afterwards as it was; a view the statement itself puts in the place stays.
    */
  def within[A](frames: Map[String, Dataset[_]], statement: String = "")(body: => A): A =
    if (frames.isEmpty) body
    else {
      val used = enter(frames)
      try if (statement.matches(makesView)) storing(body) else body
      finally leave(used)
    }

  /** A temporary view made of ours would keep its text and look for ours later: it is to keep its
    * plan. Spark asks the session, and only while it makes one.
    */
  private def storing[A](body: => A): A = {
    synchronized {
      if (making == 0) before = spark.conf.getOption(stored)
      making += 1
      spark.conf.set(stored, "true")
    }
    try body
    finally
      synchronized {
        making -= 1
        if (making == 0) before.fold(spark.conf.unset(stored))(spark.conf.set(stored, _))
      }
  }

  private def enter(frames: Map[String, Dataset[_]]): Set[String] = synchronized {
    while (frames.exists { case (name, frame) => of(name).exists(_.frame ne frame) }) wait()
    val (known, fresh) = frames.partition { case (name, _) => of(name).isDefined }
    known.keys.flatMap(of).foreach(_.users += 1)
    val (taken, free) = fresh.partition { case (name, _) => exists(name) }
    taken.keys.foreach { name =>
      System.err.println(
        s"`$name` is a table or view of the catalog here, not the shared DataFrame of that name."
      )
    }
    try
      free.foreach { case (name, frame) =>
        frame.createOrReplaceTempView(quoted(name))
        held(name.toLowerCase) = new Held(frame, view(name), 1)
      }
    catch {
      case problem: Throwable =>
        leave(frames.keySet -- taken.keySet)
        throw problem
    }
    frames.keySet -- taken.keySet
  }

  private def leave(names: Set[String]): Unit = synchronized {
    val done = names.flatMap(name => of(name).map(name -> _)).filter { case (_, one) =>
      one.users -= 1
      one.users == 0
    }
    held --= done.map(_._1.toLowerCase)
    notifyAll()
    done.foreach { case (name, one) =>
      if (view(name).exists(now => one.view.exists(_ eq now))) spark.catalog.dropTempView(name)
    }
  }

  private val makesView = "(?is).*\\bcreate\\b.*\\bview\\b.*"
  private val stored = "spark.sql.legacy.storeAnalyzedPlanForView"

  private def of(name: String): Option[Held] = held.get(name.toLowerCase)

  private def quoted(name: String): String = "`" + name.replace("`", "``") + "`"

  private def exists(name: String): Boolean =
    view(name).isDefined || spark.catalog.tableExists(quoted(name))

  private def view(name: String): Option[AnyRef] =
    SqlNames.part[SessionCatalog](spark, "catalog").getRawTempView(name)
}
