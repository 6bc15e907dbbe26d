package toree.sql

import scala.collection.mutable

import org.apache.spark.sql.{Dataset, SparkSession}
import org.apache.spark.sql.catalyst.analysis.{NamedParameter, UnresolvedRelation}
import org.apache.spark.sql.catalyst.expressions.SubqueryExpression
import org.apache.spark.sql.catalyst.catalog.SessionCatalog
import org.apache.spark.sql.catalyst.parser.ParserInterface
import org.apache.spark.sql.catalyst.plans.logical.{LogicalPlan, UnresolvedWith}

/** Names in a SQL statement, by Spark's own parser, and shared DataFrames as tables of it. */
object SqlNames {

  /** Tables (one-part names only) and `:parameters` of a statement; none when it does not parse. */
  def of(spark: SparkSession, text: String): (Set[String], Set[String]) =
    try {
      val tables, parameters, own = mutable.LinkedHashSet.empty[String]
      def visit(plan: LogicalPlan): Unit = {
        plan match {
          case relation: UnresolvedRelation if relation.multipartIdentifier.size == 1 =>
            tables += relation.multipartIdentifier.head
          case _ => ()
        }
        // By name: what else it holds differs between versions of Spark.
        if (plan.isInstanceOf[UnresolvedWith])
          plan.productIterator.foreach {
            case relations: Iterable[_] =>
              relations.foreach {
                case relation: Product =>
                  relation.productElement(0) match {
                    case name: String =>
                      own += name.toLowerCase
                      relation.productElement(1) match {
                        case inner: LogicalPlan => visit(inner); case _ => ()
                      }
                    case _ => ()
                  }
                case _ => ()
              }
            case _ => ()
          }
        plan.expressions.foreach(_.foreach {
          case parameter: NamedParameter    => parameters += parameter.name
          case subquery: SubqueryExpression => visit(subquery.plan)
          case _                            => ()
        })
        (plan.children ++ plan.innerChildren.collect { case inner: LogicalPlan => inner }).distinct
          .foreach(visit)
      }
      visit(part[ParserInterface](spark, "sqlParser").parsePlan(text))
      (tables.toSet.filterNot(t => own(t.toLowerCase)), parameters.toSet)
    } catch {
      case _: Exception => (Set.empty, Set.empty)
    }

  /** Runs `body` while these DataFrames are temporary views of their names, where nothing else is.
    *
    * The catalog is afterwards as it was; a view the statement itself puts in the place stays.
    */
  def within[A](spark: SparkSession, frames: Map[String, Dataset[_]])(body: => A): A = {
    val (taken, free) = frames.partition { case (name, _) => exists(spark, name) }
    taken.keys.foreach { name =>
      System.err.println(
        s"`$name` is a table or view of the catalog here, not the shared DataFrame of that name."
      )
    }
    if (free.isEmpty) body
    else {
      val stored = "spark.sql.legacy.storeAnalyzedPlanForView"
      val before = spark.conf.getOption(stored)
      free.foreach { case (name, frame) => frame.createOrReplaceTempView(quoted(name)) }
      val ours = free.keys.map(name => name -> view(spark, name)).toMap
      // A temporary view made of ours would otherwise keep its text and look for ours later.
      spark.conf.set(stored, "true")
      try body
      finally {
        before.fold(spark.conf.unset(stored))(spark.conf.set(stored, _))
        ours.foreach { case (name, made) =>
          if (view(spark, name).exists(now => made.exists(_ eq now)))
            spark.catalog.dropTempView(name)
        }
      }
    }
  }

  private def quoted(name: String): String = "`" + name.replace("`", "``") + "`"

  private def exists(spark: SparkSession, name: String): Boolean =
    view(spark, name).isDefined || spark.catalog.tableExists(quoted(name))

  private def view(spark: SparkSession, name: String): Option[AnyRef] =
    part[SessionCatalog](spark, "catalog").getRawTempView(name)

  // The session's state is private to Spark's packages in 4, and its class has moved.
  private def part[A](spark: SparkSession, name: String): A = {
    val state = spark.getClass.getMethod("sessionState").invoke(spark)
    state.getClass.getMethod(name).invoke(state).asInstanceOf[A]
  }
}
