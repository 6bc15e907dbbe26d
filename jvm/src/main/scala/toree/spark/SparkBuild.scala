package toree.spark

import java.net.URI
import java.nio.file.Path

import scala.collection.mutable

import org.apache.spark.{SparkConf, SparkEnv}
import org.apache.spark.network.util.JavaUtils

/** What every Spark application of this process is made with, whoever builds it: we, a builder in a
  * Scala cell (`Instrument` sends it here first), PySpark's.
  */
object SparkBuild {

  /** Defaults where every `SparkConf` finds them. */
  def install(classes: Path): Unit = {
    // Whoever makes the SparkContext, it has to serve the classes of cells.
    System.setProperty("spark.repl.class.outputDir", classes.toString)
    // spark-submit names an application without a name after its main class.
    if (sys.props.get("spark.app.name").forall(_ == "toree.Main"))
      System.setProperty("spark.app.name", "Toree")
    val defaults = Seq(
      "spark.master" -> "local[*]",
      // One pool holds all jobs in their order, as without this; each private session has another.
      "spark.scheduler.mode" -> "FAIR",
      // Spark's own 48 MB: rows of 40 MB then take 160 MB of the driver's heap and ten times as long,
      // and each query sends them all to its tasks anew.
      "spark.sql.execution.arrow.localRelationThreshold" -> "1MB",
      // Else a UDF looks for the files of `addFile` where only `addArtifact` puts any (SPARK-53478).
      "spark.sql.artifact.isolation.enabled" -> "false"
    )
    defaults.foreach { case (key, value) => sys.props.getOrElseUpdate(key, value) }
    launched = sys.props.toMap.filter(_._1.startsWith("spark."))
  }

  @volatile private var launched = Map.empty[String, String]

  /** With what holds where no executor is elsewhere. */
  def completed(conf: SparkConf): SparkConf =
    missing(conf.getOption).foldLeft(conf.clone) { case (full, (k, v)) => full.set(k, v) }

  /** What a cell makes a context of. */
  def conf(given: SparkConf): SparkConf =
    if (SparkEnv.get != null) given
    else {
      refused(given).foreach(System.err.println)
      completed(given)
    }

  /** What a cell makes a session of; the builder is changed in place. */
  def builder(builder: AnyRef): AnyRef = {
    if (SparkEnv.get == null) options(builder).foreach { given =>
      val conf = new SparkConf()
      given.foreach { case (key, value) => conf.set(key, value) }
      given ++= missing(conf.getOption)
      refused(conf).foreach(System.err.println)
    }
    builder
  }

  private def missing(value: String => Option[String]): Seq[(String, String)] = {
    val isLocal = value("spark.master").forall(_.matches("local(\\[.*\\])?"))
    val local = Seq(
      // Its ports then want a secret, which Spark makes for itself where it runs in one process.
      "spark.authenticate" -> "true",
      // An executor ends its process when a task throws what is fatal: here that would be us.
      "spark.executor.killOnFatalError.depth" -> "0"
    )
    val kubernetes = Seq(
      // Else Spark ends this process, and all the values of cells, when a quota is full for seconds.
      "spark.executor.maxNumFailures" -> Int.MaxValue.toString
    )
    val wanted =
      if (isLocal) local
      else if (value("spark.master").exists(_.startsWith("k8s://"))) kubernetes
      else Nil
    wanted.filter { case (key, _) => value(key).isEmpty }
  }

  // Spark has no door to what a builder was told: the field is the same in all its versions.
  private def options(builder: AnyRef): Option[mutable.Map[String, String]] =
    Iterator
      .iterate[Class[_]](builder.getClass)(_.getSuperclass)
      .takeWhile(_ != null)
      .flatMap(_.getDeclaredFields)
      .find(_.getName == "options")
      .map { field =>
        field.setAccessible(true)
        field.get(builder).asInstanceOf[mutable.Map[String, String]]
      }

  /** Jars an application was given beside those this process was started with. */
  def jars(conf: SparkConf): Seq[URI] = {
    def of(text: String) = text.split(',').map(_.trim).filter(_.nonEmpty).toSeq
    of(conf.get("spark.jars", "")).diff(of(launched.getOrElse("spark.jars", ""))).map { jar =>
      if (jar.matches("[a-zA-Z][-+.\\w]+:.*")) new URI(jar)
      else new java.io.File(jar).getAbsoluteFile.toURI
    }
  }

  /** A sentence for each setting that a process which runs already can't take on. */
  def refused(conf: SparkConf): Seq[String] = {
    val given = fixed.flatMap { case (key, usual) =>
      val now = launched.getOrElse(key, usual)
      conf.getOption(key).filterNot(same(key, now, _)).map(wanted => (key, wanted, now))
    }
    given.map { case (key, wanted, now) =>
      val is = if (now.isEmpty) "is not set" else s"stays $now"
      s"$key=$wanted comes too late: the driver's JVM runs already, and it $is. " +
        "Give it before the start, in SPARK_OPTS or spark-defaults.conf."
    }
  }

  private def same(key: String, now: String, wanted: String): Boolean =
    now == wanted || (key == "spark.driver.memory" && bytes(now) == bytes(wanted))

  private def bytes(size: String): Option[Long] =
    try Some(JavaUtils.byteStringAsMb(size))
    catch { case _: NumberFormatException => None }

  private val fixed = Seq(
    "spark.driver.memory" -> "1g",
    "spark.driver.extraJavaOptions" -> "",
    "spark.driver.defaultJavaOptions" -> "",
    "spark.driver.extraClassPath" -> "",
    "spark.driver.extraLibraryPath" -> "",
    "spark.driver.userClassPathFirst" -> "false",
    "spark.submit.deployMode" -> "client",
    "spark.jars.packages" -> ""
  )
}
