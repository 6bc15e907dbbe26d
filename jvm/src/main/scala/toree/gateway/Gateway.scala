package toree.gateway

import java.nio.charset.StandardCharsets
import java.nio.file.{Files, Path, StandardCopyOption}
import java.nio.file.attribute.PosixFilePermissions
import java.security.{MessageDigest, SecureRandom}
import java.util.logging.{Level, Logger}

import toree.Events
import toree.companion.Companion
import toree.text.Json

/** The one socket of this process: loopback, a port of the system's choice, a secret of ours.
  *
  * Clients are the front's calls, PySpark in the front and PySpark in R's process. What Python
  * implements is called over the connection that the calling thread serves, and else over one that
  * is dialled to PySpark's callback server (`FrontClient`).
  */
final class Gateway(companion: Companion) {
  private val secret: String = {
    val bytes = new Array[Byte](32)
    new SecureRandom().nextBytes(bytes)
    hex(bytes)
  }
  private val front = new FrontClient(Gateway.callbackSecret(secret))
  private val server = new FrontServer(new EntryPoint(companion), front, secret, companion.loader)
  front.setGateway(server.getGateway)
  front.setJavaServer(server)

  def start(): Unit = {
    Gateway.log.setLevel(Level.OFF) // its errors reach whoever called; cells are no place for a log
    server.getGateway.startup()
    // One for all clients: each process has its own object of this name.
    companion.events = server.getGateway
      .createProxy(classOf[Events].getClassLoader, Array(classOf[Events]), Gateway.events)
      .asInstanceOf[Events]
    server.start()
  }

  /** Written beside and renamed, so that whoever reads it reads all of it. */
  def publish(address: Path, more: Seq[(String, Any)] = Nil): Unit = {
    val facts = Seq(
      "port" -> server.getListeningPort,
      "secret" -> secret,
      "pid" -> Companion.pid,
      "spark" -> org.apache.spark.SPARK_VERSION
    )
    val text = Json.obj(facts ++ more: _*)
    val own = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
    val draft = Files.createTempFile(address.toAbsolutePath.getParent, ".toree", ".tmp", own)
    Files.write(draft, text.getBytes(StandardCharsets.UTF_8))
    Files.move(draft, address, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING)
    ()
  }

  private def hex(bytes: Array[Byte]): String = bytes.map(b => f"$b%02x").mkString
}

object Gateway {

  /** The id under which a client has its `Events`; no proxy of PySpark's is called so. */
  val events = "toree.events"

  private val log = Logger.getLogger("py4j") // kept: a logger nobody holds forgets its level

  /** What PySpark's callback server asks for (`toree/spark/gateway.py`). It is not the gateway's
    * secret: that would be told to whoever has taken the port of a server that is gone.
    */
  def callbackSecret(secret: String): String = {
    val digest = MessageDigest.getInstance("SHA-256")
    digest.digest(s"callback:$secret".getBytes(StandardCharsets.UTF_8)).map(b => f"$b%02x").mkString
  }
}
