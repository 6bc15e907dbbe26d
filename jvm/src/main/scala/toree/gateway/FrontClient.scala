package toree.gateway

import java.io.IOException
import java.net.{InetAddress, InetSocketAddress, Socket}
import java.util.concurrent.TimeUnit

import javax.net.SocketFactory

import py4j.{Py4JPythonClient, PythonClient}

/** Calls what Python implements: over the calling thread's own connection, else by dialling.
  *
  * Py4J keeps one client for a gateway, and PySpark replaces it (`resetCallbackClient`) when its
  * callback server opens. A replaced one would have lost which thread serves which connection, and
  * so have sent the front's events to PySpark's server: this one only learns where to dial.
  */
private final class FrontClient(secret: String)
    extends PythonClient(
      null,
      Commands.own,
      0,
      InetAddress.getLoopbackAddress,
      0L,
      TimeUnit.MILLISECONDS,
      SocketFactory.getDefault,
      null,
      true,
      0,
      secret
    ) {
  @volatile private var server = new InetSocketAddress(InetAddress.getLoopbackAddress, 0)

  override def copyWith(address: InetAddress, port: Int): Py4JPythonClient = {
    server = new InetSocketAddress(address, port)
    this
  }

  // Asked for before a client is replaced: its connections are those of running cells.
  override def shutdown(): Unit = ()

  override def getAddress: InetAddress = server.getAddress
  override def getPort: Int = server.getPort

  override protected def startClientSocket(): Socket = {
    val to = server
    if (to.getPort == 0)
      throw new IOException(
        "Python has no callback server: ensure_callback_server_started opens it"
      )
    val socket = new Socket(to.getAddress, to.getPort)
    socket.setTcpNoDelay(true)
    socket
  }
}
