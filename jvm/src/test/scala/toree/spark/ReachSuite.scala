package toree.spark

import java.net.{InetAddress, ServerSocket}

import org.apache.hadoop.conf.Configuration
import org.apache.spark.SparkConf

/** Whether a cluster is there. */
class ReachSuite extends munit.FunSuite {
  private def of(master: String, settings: (String, String)*) = Reach.of(
    master,
    () => {
      val conf = new Configuration(false)
      settings.foreach { case (key, value) => conf.set(key, value) }
      conf
    }
  )

  private def conf(master: String) = new SparkConf(false)
    .set("spark.master", master)
    .set("spark.toree.clusterTimeout", "300ms")

  test("where a master is") {
    assertEquals(of("spark://a:7078,b"), Seq("a" -> 7078, "b" -> 7077))
    assertEquals(of("k8s://https://api:6443"), Seq("api" -> 6443))
    assertEquals(of("k8s://api"), Seq("api" -> 443))
    assertEquals(of("yarn", "yarn.resourcemanager.hostname" -> "rm"), Seq("rm" -> 8032))
    assertEquals(of("yarn", "yarn.resourcemanager.address.rm1" -> "rm:1"), Seq("rm" -> 1))
    assertEquals(of("local[*]"), Nil)
    assertEquals(of("local-cluster[1,1,1024]"), Nil)
    intercept[Reach.Missing](of("yarn"))
  }

  test("a standalone master that answers and takes no application") {
    val stopped = "Cannot call methods on a stopped SparkContext.\nThis stopped ..."
    val said = Reach.refused(conf("spark://a:7077"), stopped).getOrElse("")
    assert(said.startsWith("spark://a:7077 does not take this application"), said)
    assertEquals(Reach.refused(conf("local[*]"), stopped), None)
    assertEquals(Reach.refused(conf("spark://a:7077"), "no such class"), None)
    assertEquals(Reach.refused(conf("spark://a:7077"), null), None)
  }

  test("a driver's address that is none") {
    val text = "bind(..) failed with error(-99): Cannot assign requested address: Service " +
      "'sparkDriver' failed after 16 retries"
    val given = conf("spark://a:7077").set("spark.driver.host", "203.0.113.7")
    val said = Reach.unbound(given, text).getOrElse("")
    assert(said.startsWith("spark.driver.host=203.0.113.7 is no address of this machine"), said)
    val bound = Reach.unbound(given.clone.set("spark.driver.bindAddress", "203.0.113.8"), text)
    assert(bound.exists(_.startsWith("spark.driver.bindAddress=203.0.113.8 is no")), bound)
    val unknown = Reach.unbound(given, "java.nio.channels.UnresolvedAddressException")
    assert(unknown.exists(_.startsWith("spark.driver.host=203.0.113.7 is no host")), unknown)
    assertEquals(Reach.unbound(given, "Address already in use: Service 'sparkDriver'"), None)
    assertEquals(Reach.unbound(conf("local"), text), None)
  }

  test("one that answers is enough; none is said in time") {
    val server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress)
    val master = s"spark://127.0.0.1:${server.getLocalPort}"
    Reach.check(conf(s"$master,127.0.0.1:1"))
    server.close()
    val said = intercept[Reach.Missing](Reach.check(conf(master))).getMessage
    assert(said.contains(s"127.0.0.1:${server.getLocalPort} (Connection refused"), said)
    Reach.check(conf(master).set("spark.submit.deployMode", "cluster"))
  }
}
