package toree.gateway

import java.net.Socket

import py4j.JavaServer

/** Py4J's server, as a process wants it whose kernel can reach it by no other way.
  *
  * Its threads run JVM code for Python, SQL and R: they carry the class loader of cells.
  */
private final class FrontServer(
    entry: EntryPoint,
    front: FrontClient,
    secret: String,
    loader: ClassLoader
) extends JavaServer(entry, 0, 0, 0, Commands.own, front, secret) {

  /** Accepts connections for as long as the process lives: nothing ends that. */
  override def run(): Unit = {
    Thread.currentThread.setContextClassLoader(loader) // and so of the threads it starts
    while (true) {
      try super.run()
      catch { case problem: Throwable => say(problem) }
      Thread.sleep(100) // out of memory, threads or files: there may be some again
    }
  }

  // Its sockets send at once: a batch of output is one large write, whose tail would otherwise wait
  // 40 ms for the other side's delayed acknowledgement. Py4J's own builder gives no hand on them.
  override protected def processSocket(socket: Socket): Unit =
    try {
      socket.setTcpNoDelay(true)
      super.processSocket(socket)
    } catch {
      case problem: Throwable =>
        say(problem)
        socket.close() // the other side sees that it has not been let in
    }

  /** `shutdown()` of any client's gateway would lock all others out. */
  override def shutdown(): Unit = ()
  override def shutdown(shutdownCallbackClient: Boolean): Unit = ()

  private def say(problem: Throwable): Unit =
    try System.err.println(s"Py4J: $problem")
    catch { case _: Throwable => }
}
