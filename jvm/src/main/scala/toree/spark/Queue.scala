package toree.spark

import java.util.{List => JList}

import scala.collection.JavaConverters._
import scala.util.Try

import org.apache.hadoop.conf.Configuration
import org.apache.spark.SparkConf

/** YARN's queue: an application that has to wait there is waited for without a word, and for good.
  *
  * Not every Spark has YARN's classes, so they are met by name.
  */
object Queue {
  final class Full(message: String) extends IllegalStateException(message)

  /** Makes a session. Where its application has to wait that is said after
    * `spark.toree.clusterTimeout`, and after `spark.toree.queueTimeout` (5 min) it is given up.
    */
  def watched[A](conf: SparkConf, say: String => Unit)(body: => A): A =
    if (conf.get("spark.master", "") != "yarn") body
    else {
      val watch = new Queue(conf, Thread.currentThread, say)
      try body
      catch { case error: Throwable => throw watch.givenUp.fold(error)(new Full(_)) }
      finally watch.end()
    }
}

private final class Queue(conf: SparkConf, maker: Thread, say: String => Unit) {
  import scala.language.reflectiveCalls
  private type Report = {
    def getApplicationId(): AnyRef; def getName(): String; def getQueue(): String
    def getDiagnostics(): String; def getStartTime(): Long; def getYarnApplicationState(): AnyRef
  }

  @volatile var givenUp: Option[String] = None
  private var over = false
  private val began = System.currentTimeMillis
  private val begun = System.nanoTime
  private val patience = conf.getTimeAsMs("spark.toree.clusterTimeout", "10s")
  private val limit = conf.getTimeAsMs("spark.toree.queueTimeout", "5min")
  private val thread = new Thread(
    () =>
      try follow()
      catch { case _: Exception => () }, // it is over, or YARN's classes are not there
    "toree-queue"
  )
  thread.setDaemon(true)
  thread.start()

  def end(): Unit = synchronized {
    over = true
    thread.interrupt()
    if (givenUp.isDefined) Thread.interrupted() // it may have come too late to wake anything
  }

  private def waited: Long = (System.nanoTime - begun) / 1000000

  private def follow(): Unit = {
    Thread.sleep(math.min(patience, limit))
    val yarn = new Yarn
    var told = false
    try
      while (givenUp.isEmpty) {
        val found = Try(yarn.applications.find(isOurs)).toOption.flatten
        if (waited >= limit) giveUp(yarn, found)
        else if (!told && found.exists(isQueued)) {
          told = true
          say(
            s"${sentence(found.get, "has not begun")}. After ${limit / 1000} s it is given up " +
              "(spark.toree.queueTimeout)."
          )
        } else Thread.sleep(500)
      }
    finally yarn.close()
  }

  private def giveUp(yarn: Yarn, found: Option[Report]): Unit = {
    val next =
      "spark.toree.queueTimeout is how long to wait. The next cell that needs Spark tries again"
    val what = found.fold(
      s"YARN has taken no application within ${waited / 1000} s (%logs tells more); $next"
    )(
      sentence(
        _,
        "did not begin"
      ) + s". End something there, or take another queue (--queue); $next"
    )
    synchronized {
      if (!over) {
        givenUp = Some(what)
        // Else its end wakes Spark, which then clears up.
        if (found.isEmpty) maker.interrupt()
      }
    }
    found.foreach(report => Try(yarn.kill(report.getApplicationId())))
  }

  private def isOurs(report: Report): Boolean =
    report.getYarnApplicationState().toString == "ACCEPTED" && report
      .getStartTime() >= began - 5000 &&
      report.getName() == conf.get("spark.app.name", "")

  /** Not one whose container is about to begin. */
  private def isQueued(report: Report): Boolean =
    !String.valueOf(report.getDiagnostics()).contains("container is launched")

  private def sentence(report: Report, how: String): String = {
    val why = Option(report.getDiagnostics()).fold("")(_.trim.takeWhile(_ != '\n').stripSuffix("."))
    s"YARN $how ${report.getApplicationId()} within ${waited / 1000} s: it waits in the queue " +
      s"'${report.getQueue()}'" + (if (why.isEmpty) "" else s" ($why)")
  }

  /** Its client, which does not wait for a resource manager that is away. */
  private final class Yarn {
    private val kind = Class.forName("org.apache.hadoop.yarn.client.api.YarnClient")
    private val client = kind.getMethod("createYarnClient").invoke(null)
    private val settings = Class
      .forName("org.apache.hadoop.yarn.conf.YarnConfiguration")
      .getConstructor()
      .newInstance()
      .asInstanceOf[Configuration]
    settings.set("yarn.resourcemanager.connect.max-wait.ms", "3000")
    settings.set("yarn.resourcemanager.connect.retry-interval.ms", "1000")
    kind.getMethod("init", classOf[Configuration]).invoke(client, settings)
    kind.getMethod("start").invoke(client)

    def applications: Seq[Report] =
      kind.getMethod("getApplications").invoke(client).asInstanceOf[JList[Report]].asScala.toSeq

    def kill(id: AnyRef): Unit = kind.getMethods
      .find(m => m.getName == "killApplication" && m.getParameterCount == 1)
      .foreach(_.invoke(client, id))

    def close(): Unit = kind.getMethod("stop").invoke(client)
  }
}
