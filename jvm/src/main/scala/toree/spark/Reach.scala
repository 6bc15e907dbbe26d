package toree.spark

import java.net.{InetSocketAddress, Socket, URI}

import scala.collection.JavaConverters._
import scala.util.Try

import org.apache.hadoop.conf.Configuration
import org.apache.spark.SparkConf

/** Whether a cluster is there, before Spark looks for it.
  *
  * Spark tries for two minutes and then fails over something else (standalone), or for a quarter of
  * an hour (YARN).
  */
object Reach {
  final class Missing(message: String) extends IllegalStateException(message)

  /** Waits until the master answers: `spark.toree.clusterTimeout`, 10 s unless it is set.
    *
    * @throws Missing
    *   it does not; the message says where it was looked for
    */
  def check(conf: SparkConf): Unit = {
    val master = conf.get("spark.master", "local[*]")
    val inCluster = conf.get("spark.submit.deployMode", "client") == "cluster"
    val places = if (inCluster) Nil else of(master, () => hadoop)
    if (places.nonEmpty) {
      val patience = conf.getTimeAsMs("spark.toree.clusterTimeout", "10s")
      val deadline = System.nanoTime + patience * 1000000
      var failed = tried(places)
      while (failed.size == places.size && System.nanoTime < deadline) {
        Thread.sleep(200)
        failed = tried(places)
      }
      if (failed.size == places.size)
        throw new Missing(
          s"no cluster answers at ${failed.mkString(", ")} within ${patience / 1000.0} s. Is " +
            s"--master $master right, and does the cluster run? The next cell that needs Spark tries " +
            "again; spark.toree.clusterTimeout is how long"
        )
    }
    if (master == "yarn" && !inCluster) Kerberos.check()
  }

  /** Why a standalone master that answers does not take an application. Spark's own error is the
    * first that falls over the context which it has given up.
    */
  private[spark] def refused(conf: SparkConf, said: String): Option[String] = {
    val master = conf.get("spark.master", "")
    val givenUp = Seq("stopped SparkContext", "running MetricsSystem")
    if (!master.startsWith("spark://") || !givenUp.exists(String.valueOf(said).contains)) None
    else
      Some(
        silent(conf, "does not take this application") + ". The next cell that needs Spark tries " +
          "again; spark.toree.queueTimeout is how long to wait, a minute at most"
      )
  }

  /** What it can be where a master answers, and no more than that. */
  private[spark] def silent(conf: SparkConf, what: String): String =
    s"${conf.get("spark.master")} $what: it runs another version of Spark than " +
      s"${org.apache.spark.SPARK_VERSION} (use the one that the cluster has), or has another " +
      "spark.authenticate.secret; its log says which"

  /** The driver's own address, where it is no address: what it was set to, and what it is to be. */
  private[spark] def unbound(conf: SparkConf, said: String): Option[String] = {
    val host = conf.getOption("spark.driver.host")
    val bind = conf.getOption("spark.driver.bindAddress").orElse(host)
    val text = String.valueOf(said)
    val foreign = text.contains("Cannot assign requested address") && text.contains("'sparkDriver'")
    val unknown = text.contains("UnresolvedAddressException") || text.contains("Unresolved address")
    if (!foreign && !unknown) None
    else
      bind.map { address =>
        val what = if (foreign) "is no address of this machine" else "is no host that is known here"
        val which = if (host.contains(address)) "spark.driver.host" else "spark.driver.bindAddress"
        s"$which=$address $what. spark.driver.host must be an address of the driver's that executors " +
          "can reach; spark.driver.bindAddress is where it listens, where that is another (NAT, a " +
          "container)"
      }
  }

  /** Where a master is to be found; none where Spark has ways of its own. */
  private[spark] def of(master: String, hadoop: () => Configuration): Seq[(String, Int)] =
    master match {
      case s if s.startsWith("spark://") =>
        s.stripPrefix("spark://").split(',').toSeq.flatMap(address(_, 7077))
      case s if s.startsWith("k8s://") =>
        val url = s.stripPrefix("k8s://")
        val uri = Try(new URI(if (url.contains("://")) url else s"https://$url")).toOption
        val port = (u: URI) =>
          if (u.getPort > 0) u.getPort else if (u.getScheme == "http") 80 else 443
        uri.filter(_.getHost != null).map(u => u.getHost -> port(u)).toSeq
      case "yarn" => managers(hadoop())
      case _      => Nil
    }

  private def address(text: String, usual: Int): Option[(String, Int)] = text.split(':') match {
    case Array(host)       => Some(host -> usual)
    case Array(host, port) => Try(port.trim.toInt).toOption.map(host -> _)
    case _                 => None // an IPv6 address: Spark will see
  }

  private def managers(conf: Configuration): Seq[(String, Int)] = {
    def named(what: String) = conf.asScala
      .map(_.getKey)
      .filter(key => key == what || key.startsWith(s"$what."))
      .map(conf.get)
      .filter(_ != null)
      .toSeq
    val addresses = named("yarn.resourcemanager.address")
    val hosts = named("yarn.resourcemanager.hostname").filter(_ != "0.0.0.0")
    val found = if (addresses.nonEmpty) addresses else hosts
    if (found.nonEmpty) found.distinct.flatMap(address(_, 8032))
    else
      throw new Missing(
        "there is no YARN to be found: neither HADOOP_CONF_DIR nor YARN_CONF_DIR names a folder " +
          "whose yarn-site.xml says where its resource manager is"
      )
  }

  private def hadoop: Configuration = {
    val conf = new Configuration
    conf.addResource("yarn-site.xml")
    conf
  }

  /** Those that do not answer, and why. */
  private def tried(places: Seq[(String, Int)]): Seq[String] = places.flatMap { case (host, port) =>
    val socket = new Socket
    try { socket.connect(new InetSocketAddress(host, port), 2000); None }
    catch {
      case _: java.net.UnknownHostException => Some(s"$host:$port (unknown host)")
      case e: java.io.IOException           => Some(s"$host:$port (${e.getMessage})")
    } finally socket.close()
  }
}
