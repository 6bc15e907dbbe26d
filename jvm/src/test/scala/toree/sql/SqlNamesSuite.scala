package toree.sql

import org.apache.spark.SparkEnv

/** A cluster may let a session wait for long: what a statement names is known before. */
class SqlNamesSuite extends munit.FunSuite {
  test("names of a statement, without a session") {
    val before = SparkEnv.get
    assertEquals(
      SqlNames.early("with c as (select * from a) select * from c, B where x = :p"),
      Some((Set("a", "B"), Set("p")))
    )
    assertEquals(
      SqlNames.early("create or replace temp view v as select * from t"),
      Some((Set("t"), Set.empty[String]))
    )
    assertEquals(SqlNames.early("optimize t zorder by (x)"), None) // an extension may know it
    assertEquals(SparkEnv.get, before)
  }
}
