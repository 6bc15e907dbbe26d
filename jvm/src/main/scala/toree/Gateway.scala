package toree

import java.net.InetAddress
import java.nio.charset.StandardCharsets
import java.nio.file.{Files, Path, StandardCopyOption}
import java.nio.file.attribute.PosixFilePermissions
import java.security.SecureRandom

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
