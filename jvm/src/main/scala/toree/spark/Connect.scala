package toree.spark

import org.apache.spark.{SparkContext, SparkEnv}
import org.apache.spark.scheduler.{SparkListener, SparkListenerApplicationEnd}

import toree.text.Json

/** Spark Connect over the context of this process: a port on loopback, for who has the token.
  *
  * Its classes come with Spark or not at all, and are another library's for the compiler: they are
  * known by name. It ends with the context.
  */
final class Connect(spark: SparkAccess, loader: ClassLoader) {
  private var opened: Option[(SparkContext, String)] = None // and its token

  /** Where it is and the token that counts; the first who opens it gives that. `refused` says why
    * there is none.
    */
  def open(token: String): String = synchronized {
    val context = spark.session().sparkContext
    val before = opened.collect { case (of, given) if (of eq context) && runs => given }
    try {
      if (before.isEmpty) start(context, token)
      Json.obj("port" -> called("localPort"), "token" -> before.getOrElse(token))
    } catch {
      case refusal: Connect.Refused => Json.obj("refused" -> refusal.getMessage)
    }
  }

  /** Ends it, with the sessions of its clients; whether there was one. */
  def close(): Boolean = synchronized {
    val ours = opened.isDefined && runs
    opened = None
    if (ours) called("stop", None, None)
    ours
  }

  private def start(context: SparkContext, token: String): Unit = {
    if (!has(Connect.lock)) throw new Connect.Refused(missing)
    if (runs)
      throw new Connect.Refused(
        "Spark was started with a Spark Connect server (spark.plugins), which is not the notebook's."
      )
    val conf = SparkEnv.get.conf
    Seq(
      "spark.connect.grpc.binding.address" -> "127.0.0.1",
      "spark.connect.authenticate.token" -> token
    ).foreach { case (key, value) => conf.set(key, value) }
    conf.setIfMissing("spark.connect.grpc.binding.port", "0")
    context.addSparkListener(new SparkListener {
      override def onApplicationEnd(end: SparkListenerApplicationEnd): Unit = {
        close()
        ()
      }
    })
    apart(called("start", context))
    opened = Some((context, token))
  }

  private def missing: String = {
    val version = org.apache.spark.SPARK_VERSION
    if (version.startsWith("3."))
      s"Spark $version's Connect server knows no token: whoever is on this machine could use it. " +
        "%spark connect needs Spark 4."
    else {
      val line = scala.util.Properties.versionNumberString.split('.').take(2).mkString(".")
      s"This Spark has no Connect server: give org.apache.spark:spark-connect_$line:$version " +
        "with --packages in SPARK_OPTS and restart the kernel."
    }
  }

  private def has(name: String): Boolean =
    try {
      Class.forName(name, false, loader)
      true
    } catch { case _: ClassNotFoundException => false }

  private def runs: Boolean = has(Connect.service) && called("started") == true

  private def called(name: String, arguments: AnyRef*): Any = {
    val service = Class.forName(Connect.service, true, loader)
    val method = service.getMethods
      .find(m => m.getName == name && m.getParameterCount == arguments.size)
      .getOrElse(throw new NoSuchMethodException(s"${Connect.service}.$name"))
    try method.invoke(service.getField("MODULE$").get(null), arguments: _*)
    catch { case error: java.lang.reflect.InvocationTargetException => throw error.getCause }
  }

  /** On a thread of its own: the session that it makes there is active in no other. */
  private def apart(body: => Any): Unit = {
    var problem: Option[Throwable] = None
    val thread = new Thread(() =>
      try { body; () }
      catch { case error: Throwable => problem = Some(error) }
    )
    thread.setContextClassLoader(loader)
    thread.start()
    thread.join()
    problem.foreach(throw _)
  }
}

object Connect {
  private final class Refused(message: String) extends Exception(message)

  private val service = "org.apache.spark.sql.connect.service.SparkConnectService$"
  private val lock = "org.apache.spark.sql.connect.service.PreSharedKeyAuthenticationInterceptor"
}
