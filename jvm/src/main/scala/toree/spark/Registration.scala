package toree.spark

import scala.util.Try

import org.apache.spark.{SparkConf, SparkContext}

/** A standalone master that answers and takes no application: one of another Spark, or with another
  * secret, says nothing to who asks it, and Spark asks for a minute.
  */
object Registration {

  /** Makes a session. That the master is silent is said after `spark.toree.clusterTimeout`; with
    * `spark.toree.queueTimeout` set it is given up after that time, as Spark itself would.
    */
  def watched[A](conf: SparkConf, say: String => Unit)(body: => A): A =
    if (!conf.get("spark.master", "").startsWith("spark://")) body
    else {
      val watch = new Registration(conf, Thread.currentThread, say)
      try body
      finally watch.end()
    }
}

private final class Registration(conf: SparkConf, maker: Thread, say: String => Unit) {
  private val patience = conf.getTimeAsMs("spark.toree.clusterTimeout", "10s")
  private val limit = conf.getTimeAsMs("spark.toree.queueTimeout", "60s")
  private val thread = new Thread(
    () =>
      try follow()
      catch { case _: Exception => () }, // it is over, or this Spark's parts have other names
    "toree-registration"
  )
  thread.setDaemon(true)
  thread.start()

  def end(): Unit = thread.interrupt()

  private def follow(): Unit = {
    // A context has much to do before; it is the asking that has its time.
    while (!isAsking) Thread.sleep(100)
    val begun = System.nanoTime
    def sleepUntil(waited: Long): Unit =
      Thread.sleep(math.max(0, waited - (System.nanoTime - begun) / 1000000))
    sleepUntil(math.min(patience, limit))
    if (limit > patience && isAsking)
      say(
        Reach.silent(conf, s"has not taken this application within ${patience / 1000.0} s") +
          s". After ${math.min(limit, 60000) / 1000} s it is given up (spark.toree.queueTimeout)."
      )
    sleepUntil(limit)
    while (isAsking) {
      giveUp()
      Thread.sleep(1000)
    }
  }

  /** Not where it waits for executors. */
  private def isAsking: Boolean =
    maker.getStackTrace.exists(_.getMethodName == "waitForRegistration")

  /** What Spark's own client says when it has asked often enough: the context then clears up. */
  private def giveUp(): Unit = {
    val field = SparkContext.getClass.getDeclaredField("contextBeingConstructed")
    field.setAccessible(true)
    field.get(SparkContext).asInstanceOf[Option[SparkContext]].foreach { context =>
      val backend = context.getClass.getMethod("schedulerBackend").invoke(context)
      Try(backend.getClass.getMethod("dead", classOf[String]).invoke(backend, "It is silent."))
    }
  }
}
