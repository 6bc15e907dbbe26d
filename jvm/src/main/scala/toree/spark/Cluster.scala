package toree.spark

import org.apache.spark.SparkContext

import toree.cells.Refusals

/** What a session has of its cluster, and where its history will be, in words for `%info`. */
object Cluster {
  def facts(context: SparkContext): Seq[Seq[String]] =
    (if (context.isLocal) Nil else onCluster(context)) ++ history(context)

  private def onCluster(context: SparkContext): Seq[Seq[String]] = {
    val conf = context.getConf
    val all = executors(context)
    val cores = conf.getOption("spark.executor.cores").fold("") { n =>
      if (n == "1") "1 core and " else s"$n cores and "
    }
    val memory = conf.get("spark.executor.memory", "1g")
    val dynamic = conf.getBoolean("spark.dynamicAllocation.enabled", defaultValue = false)
    val most = conf.getOption("spark.dynamicAllocation.maxExecutors").fold("")(n => s" to $n")
    val how = if (dynamic) s"; as many as are needed, ${least(context)}$most" else ""
    val queue = if (context.master == "yarn") Seq(conf.get("spark.yarn.queue", "default")) else Nil
    Seq("Executors", s"$all, with $cores$memory each$how") +:
      queue.map(Seq("Queue", _))
  }

  def hasExecutors(context: SparkContext): Boolean = context.isLocal || executors(context) > 0

  /** Why a job waits that has had no executor for so many seconds; None while that is not long. */
  def starved(context: SparkContext, seconds: Double): Option[String] =
    if (seconds < context.getConf.getTimeAsMs("spark.toree.clusterTimeout", "10s") / 1000.0) None
    else waits(context, seconds)

  /** Why such a job is given up after `spark.toree.queueTimeout`. That is 5 min where the cluster
    * has refused, where it may yet give something as long as the user says.
    */
  def givenUp(context: SparkContext, seconds: Double): Option[String] = {
    val (conf, limit) = (context.getConf, "spark.toree.queueTimeout")
    val isLimited = Refusals.sentence.isDefined || conf.contains(limit)
    if (!isLimited || seconds < conf.getTimeAsMs(limit, "5min") / 1000.0) None
    else waits(context, seconds).map(why => s"because there was $why. $limit is how long to wait")
  }

  private def waits(context: SparkContext, seconds: Double): Option[String] =
    if (hasExecutors(context)) None
    else {
      val conf = context.getConf
      val driver = s"${conf.get("spark.driver.host")}:${conf.get("spark.driver.port")}"
      val why = Refusals.sentence.getOrElse(
        s"${context.master} is full, or executors can't start there, or can't reach the driver at " +
          s"$driver (spark.driver.host)"
      )
      Some(f"no executor for $seconds%.0f s: $why")
    }

  // The driver is among them.
  private def executors(context: SparkContext): Int =
    context.statusTracker.getExecutorInfos.length - 1

  private def least(context: SparkContext): String =
    s"from ${context.getConf.get("spark.dynamicAllocation.minExecutors", "0")}"

  /** A notebook keeps this when the kernel has gone, and with it the UI. */
  private def history(context: SparkContext): Seq[Seq[String]] = {
    val conf = context.getConf
    if (!conf.getBoolean("spark.eventLog.enabled", defaultValue = false)) Nil
    else {
      val server = conf.getOption("spark.yarn.historyServer.address").filterNot(_.contains("$"))
      val place =
        server.fold(s"event log in ${conf.get("spark.eventLog.dir", "/tmp/spark-events")}") {
          address =>
            val url = if (address.contains("://")) address else s"http://$address"
            s"${url.stripSuffix("/")}/history/${context.applicationId}"
        }
      Seq(Seq("History", place))
    }
  }
}
