package toree.cells

import scala.util.Try

import org.apache.logging.log4j.LogManager
import org.apache.logging.log4j.core.{LogEvent, LoggerContext}
import org.apache.logging.log4j.core.appender.AbstractAppender
import org.apache.logging.log4j.core.config.Property
import org.apache.spark.SparkConf

/** What Kubernetes' API server refuses: Spark asks it for executors again and again, and each
  * refusal stands in its log alone.
  */
object Refusals {
  private val kind = "io.fabric8.kubernetes.client.KubernetesClientException"
  private val fresh = 60000000000L // ns: Spark looks every half minute at least
  @volatile private var last: Option[(Long, String)] = None

  /** What was refused just now, and what to do. */
  def sentence: Option[String] =
    last.collect { case (when, said) if System.nanoTime - when < fresh => said }

  /** A session is about to be made: what was refused before is not its own. */
  def begin(conf: SparkConf): Unit = {
    last = None
    if (conf.get("spark.master", "").startsWith("k8s://")) Try(listen())
  }

  /** The sentence for an error, where Kubernetes' refusal is among its causes. */
  def of(error: Throwable): Option[String] =
    Iterator.iterate(error)(_.getCause).take(30).takeWhile(_ != null).collectFirst {
      case refusal if refusal.getClass.getName == kind =>
        told(code(refusal), String.valueOf(refusal.getMessage), Option(refusal.getCause))
    }

  private[toree] def told(code: Int, text: String, cause: Option[Throwable]): String = {
    val said = """(?s).*Message: (.*?)\.?(?: Received status: .*)?$""".r
    val message = text match { case said(inner) => inner; case other => other.stripSuffix(".") }
    val quota = """exceeded quota: ([^,\s]+)""".r.findFirstMatchIn(message).map(_.group(1))
    (code, quota) match {
      case (_, Some(name)) =>
        s"Kubernetes' quota '$name' is full ($message). End something that counts in it, ask for " +
          "less (spark.executor.instances, .cores, .memory), or use another spark.kubernetes.namespace"
      case (401, _) =>
        "Kubernetes does not take this session's token: it has expired, or was revoked. Log in again, " +
          "so that KUBECONFIG or spark.kubernetes.authenticate.oauthTokenFile has a new one, then " +
          "restart the kernel"
      case (403, _) =>
        s"Kubernetes refuses: $message. Its account needs that right (docs/clusters.md names them)"
      case (0, _) =>
        s"Kubernetes' API server can't be asked: ${cause.fold(message)(c => s"$message, $c")}"
      case _ => s"Kubernetes refuses: $message"
    }
  }

  private def code(refusal: Throwable): Int =
    Try(refusal.getClass.getMethod("getCode").invoke(refusal).asInstanceOf[Int]).getOrElse(0)

  /** Whatever logger of Spark's writes it: that is another one in each version. */
  private def listen(): Unit = LogManager.getContext(false) match {
    case context: LoggerContext =>
      val root = context.getConfiguration.getRootLogger
      if (!root.getAppenders.containsKey(Ear.getName)) {
        if (!Ear.isStarted) Ear.start()
        root.addAppender(Ear, null, null)
        context.updateLoggers()
      }
    case _ => ()
  }

  private object Ear
      extends AbstractAppender("toree-refusals", null, null, true, Property.EMPTY_ARRAY) {
    def append(event: LogEvent): Unit =
      Option(event.getThrown).flatMap(of).foreach(said => last = Some(System.nanoTime -> said))
  }
}
