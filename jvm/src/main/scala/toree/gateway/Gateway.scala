package toree.gateway

import java.net.{InetAddress, Socket}
import java.nio.charset.StandardCharsets
import java.nio.file.{Files, Path, StandardCopyOption}
import java.nio.file.attribute.PosixFilePermissions
import java.security.SecureRandom
import java.util.concurrent.TimeUnit

import javax.net.SocketFactory

import py4j.{JavaServer, PythonClient}

import toree.companion.Companion
import toree.text.Json

/** The one socket of this process: loopback, a port of the system's choice, a secret of ours. */
final class Gateway(entry: EntryPoint) {
  private val secret: String = {
    val bytes = new Array[Byte](32)
    new SecureRandom().nextBytes(bytes)
    bytes.map(b => f"$b%02x").mkString
  }

  // The front's port is never dialled: its calls are answered, and called back, on their own connection.
  private val front = new PythonClient(
    null,
    null,
    0,
    InetAddress.getLoopbackAddress,
    0L,
    TimeUnit.MILLISECONDS,
    SocketFactory.getDefault,
    null,
    true,
    0,
    secret
  )
  private val server = new PromptServer(entry, front, secret)
  front.setGateway(server.getGateway)
  front.setJavaServer(server)

  def start(): Unit = {
    server.getGateway.startup()
    server.start()
  }

  /** Written beside and renamed, so that whoever reads it reads all of it. */
  def publish(address: Path): Unit = {
    val text =
      Json.obj("port" -> server.getListeningPort, "secret" -> secret, "pid" -> Companion.pid)
    val own = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
    val draft = Files.createTempFile(address.toAbsolutePath.getParent, ".toree", ".tmp", own)
    Files.write(draft, text.getBytes(StandardCharsets.UTF_8))
    Files.move(draft, address, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING)
    ()
  }

  def close(): Unit = server.shutdown()
}

/** Its sockets send at once: a batch of output is one large write, whose tail would otherwise wait
  * 40 ms for the other side's delayed acknowledgement. Py4J's own builder gives no hand on them.
  */
private final class PromptServer(entry: EntryPoint, front: PythonClient, secret: String)
    extends JavaServer(entry, 0, 0, 0, null, front, secret) {
  override protected def processSocket(socket: Socket): Unit = {
    socket.setTcpNoDelay(true)
    super.processSocket(socket)
  }
}
