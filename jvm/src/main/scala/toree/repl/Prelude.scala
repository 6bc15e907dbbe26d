package toree.repl

/** The names every Scala cell finds. */
object Prelude {
  def kernel(key: String): String =
    s"""@transient implicit val kernel: _root_.toree.Kernel =
       |  _root_.toree.Shared.of(this, "$key").asInstanceOf[_root_.toree.Kernel]
       |def lastException: _root_.java.lang.Throwable = kernel.lastException""".stripMargin

  /** A value class makes the REPL wrap a request in objects instead of classes, which is where the
    * compiler allows macros.
    */
  val moduleWrapper: String = "final class `$toree$module`(val self: Any) extends AnyVal; "

  /** Lazy, so that a cell which does not touch Spark does not wait for it; stable, so that
    * `import spark.implicits._` is allowed. Compiled anew when the session was replaced.
    */
  val spark: String =
    """@transient lazy val spark: _root_.org.apache.spark.sql.SparkSession = kernel.sparkSession
      |@transient lazy val sc: _root_.org.apache.spark.SparkContext = kernel.sparkContext
      |import spark.implicits._
      |import spark.sql
      |import _root_.org.apache.spark.SparkContext._""".stripMargin
}
