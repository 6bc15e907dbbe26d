package toree.sql

import scala.collection.mutable
import scala.util.Try

import org.apache.spark.SparkConf
import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.catalyst.analysis.{NamedParameter, UnresolvedRelation}
import org.apache.spark.sql.catalyst.expressions.SubqueryExpression
import org.apache.spark.sql.catalyst.parser.ParserInterface
import org.apache.spark.sql.catalyst.plans.logical.{LogicalPlan, UnresolvedWith}
import org.apache.spark.sql.execution.SparkSqlParser
import org.apache.spark.sql.internal.SQLConf

/** Names in a SQL statement, by Spark's own parser. */
object SqlNames {

  /** Tables (one-part names only) and `:parameters` of a statement; none when it does not parse. */
  def of(spark: SparkSession, text: String): (Set[String], Set[String]) =
    try in(part[ParserInterface](spark, "sqlParser").parsePlan(text))
    catch { case _: Exception => (Set.empty, Set.empty) }

  /** The same before there is a session, which a cluster may let wait for long; None where the
    * statement may be one that only an extension of the session's understands.
    */
  def early(text: String): Option[(Set[String], Set[String])] = Try {
    val conf = new SQLConf
    new SparkConf().getAll.foreach { case (name, value) =>
      if (name.startsWith("spark.sql.")) Try(conf.setConfString(name, value))
    }
    SQLConf.withExistingConf(conf)(in(new SparkSqlParser().parsePlan(text)))
  }.toOption

  private def in(parsed: LogicalPlan): (Set[String], Set[String]) = {
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
    visit(parsed)
    (tables.toSet.filterNot(t => own(t.toLowerCase)), parameters.toSet)
  }

  // The session's state is private to Spark's packages in 4, and its class has moved.
  private[sql] def part[A](spark: SparkSession, name: String): A = {
    val state = spark.getClass.getMethod("sessionState").invoke(spark)
    state.getClass.getMethod(name).invoke(state).asInstanceOf[A]
  }
}
