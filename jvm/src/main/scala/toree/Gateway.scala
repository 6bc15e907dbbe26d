package toree

import java.net.{InetAddress, ServerSocket, Socket}
import java.nio.charset.StandardCharsets
import java.nio.file.{Files, Path, StandardCopyOption}
import java.nio.file.attribute.PosixFilePermissions
import java.security.SecureRandom

import javax.net.ServerSocketFactory

import py4j.ClientServer.ClientServerBuilder

/** The one socket of this process: loopback, a port of the system's choice, a secret of ours. */
final class Gateway(entry: EntryPoint) {
  private val secret: String = {
    val bytes = new Array[Byte](32)
    new SecureRandom().nextBytes(bytes)
    bytes.map(b => f"$b%02x").mkString
  }

  // The front's port is never dialled: its calls are answered, and called back, on their own connection.
  private val server = new ClientServerBuilder(entry)
    .javaAddress(InetAddress.getLoopbackAddress)
    .javaPort(0)
    .serverSocketFactory(PromptSockets)
    .authToken(secret)
    .build()

  def start(): Unit = server.startServer(true)

  /** Written beside and renamed, so that whoever reads it reads all of it. */
  def publish(address: Path): Unit = {
    val text = Json.obj("port" -> server.getJavaServer.getListeningPort, "secret" -> secret, "pid" -> Companion.pid)
    val own = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
    val draft = Files.createTempFile(address.toAbsolutePath.getParent, ".toree", ".tmp", own)
    Files.write(draft, text.getBytes(StandardCharsets.UTF_8))
    Files.move(draft, address, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING)
    ()
  }

  def close(): Unit = server.shutdown()
}

/** Sockets that send at once: a batch of output is one large write, whose tail would otherwise wait
  * 40 ms for the other side's delayed acknowledgement.
  */
private object PromptSockets extends ServerSocketFactory {
  def createServerSocket(port: Int): ServerSocket = createServerSocket(port, 50)
  def createServerSocket(port: Int, backlog: Int): ServerSocket =
    createServerSocket(port, backlog, InetAddress.getLoopbackAddress)
  def createServerSocket(port: Int, backlog: Int, address: InetAddress): ServerSocket =
    new ServerSocket(port, backlog, address) {
      override def accept(): Socket = {
        val socket = super.accept()
        socket.setTcpNoDelay(true)
        socket
      }
    }
}
