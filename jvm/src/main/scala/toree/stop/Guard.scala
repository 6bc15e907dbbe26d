package toree.stop

import java.io.InputStream
import java.lang.invoke.{CallSite, MethodHandle, MethodHandles, MethodType, MutableCallSite}
import java.net.{ServerSocket, Socket}

import org.apache.spark.{TaskContext, TaskKilledException}

import toree.ExitRefused

/** What instrumented cell code calls: the check that ends an interrupted cell, and stand-ins for
  * the few library calls which a cell must not make itself.
  *
  * The check is a call site that does nothing, which the JIT compiles to nothing at all; while some
  * cell is to be stopped it leads to `stopIfTold`. A flag read instead would cost a memory read in
  * every turn of every loop and keep the JIT from unrolling it.
  */
object Guard {
  private val stopping = java.util.concurrent.ConcurrentHashMap.newKeySet[Stoppable]()

  private val unit = MethodType.methodType(java.lang.Void.TYPE)
  private val idle: MethodHandle = handle("pass")
  private val halt: MethodHandle = handle("stopIfTold")
  private val gate = new MutableCallSite(idle)

  /** Links the check in a class loader's gate class, see `Instrument.gate`. */
  def link(lookup: MethodHandles.Lookup, name: String, shape: MethodType): CallSite = gate

  def pass(): Unit = ()

  /** The check for our own loops that run on a cell's behalf. */
  def check(): Unit = if (!stopping.isEmpty) stopIfTold()

  def stopIfTold(): Unit = {
    val task = TaskContext.get()
    // In local mode tasks run cell classes too. Their thread belongs to Spark: it gets Spark's own
    // exception, and only when Spark has cancelled the task.
    if (task != null) {
      if (task.isInterrupted()) throw new TaskKilledException("cell interrupted")
    } else if (Stoppable.current.exists(_.interrupted)) throw new Interrupted
  }

  def shut(cell: Stoppable): Unit = synchronized {
    cell.interrupted = true
    if (stopping.add(cell) && stopping.size == 1) turn(halt)
  }

  def open(cell: Stoppable): Unit = synchronized {
    if (stopping.remove(cell) && stopping.isEmpty) turn(idle)
  }

  private def turn(target: MethodHandle): Unit = {
    gate.setTarget(target)
    MutableCallSite.syncAll(Array(gate))
  }

  private def handle(name: String): MethodHandle =
    MethodHandles.lookup.findStatic(Class.forName("toree.stop.Guard"), name, unit)

  // From here on the stand-ins of `Instrument.replaced`, each with the receiver as first argument.

  def exit(status: Int): Unit = throw new ExitRefused(status)
  def exit(runtime: Runtime, status: Int): Unit = throw new ExitRefused(status)
  def exit(sys: scala.sys.`package`.type, status: Int): Nothing = throw new ExitRefused(status)
  def exit(sys: scala.sys.`package`.type): Nothing = throw new ExitRefused(0)

  /** Text for a regular expression: a pattern that backtracks for ever reads it for ever. */
  def chars(text: CharSequence): CharSequence = text match {
    case null | _: GuardedChars => text
    case _                      => new GuardedChars(text)
  }
  def matches(text: String, regex: String): Boolean =
    java.util.regex.Pattern.matches(regex, chars(text))
  def replaceAll(text: String, regex: String, by: String): String =
    java.util.regex.Pattern.compile(regex).matcher(chars(text)).replaceAll(by)
  def replaceFirst(text: String, regex: String, by: String): String =
    java.util.regex.Pattern.compile(regex).matcher(chars(text)).replaceFirst(by)

  /** Reads and accepts of a blocked socket hear no interrupt: they are done in slices. */
  def getInputStream(socket: Socket): InputStream = new GuardedInput(socket, socket.getInputStream)
  def accept(server: ServerSocket): Socket =
    Slices(server.getSoTimeout, server.setSoTimeout(_))(server.accept())
}
