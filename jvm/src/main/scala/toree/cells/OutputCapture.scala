package toree.cells

import java.io.{InputStream, OutputStream, PrintStream}
import java.nio.{ByteBuffer, CharBuffer}
import java.nio.charset.{CodingErrorAction, StandardCharsets}
import java.util.concurrent.ConcurrentHashMap

import org.apache.spark.TaskContext

/** System.out, System.err and System.in, sent to and asked of the cell whose thread uses them.
  *
  * Installed before anything touches `scala.Console`, which keeps the streams it first saw. Output
  * of threads that belong to no running cell goes to `background`: that of tasks to the cell whose
  * they are, else to the newest cell of the workspace that has started the thread.
  */
final class OutputCapture {
  private val keyboard = System.in
  private val newest = new ConcurrentHashMap[String, String] // by workspace
  private val running = ConcurrentHashMap.newKeySet[String]()

  val background = new Outbox(() => "", blocking = false)

  val out: PrintStream = new CellStream("stdout", printed)
  val err: PrintStream = new CellStream("stderr", printed)
  val in: InputStream = new AskingInput

  /** Replaces the process's streams; the front's pipe, the former System.in, is the answer. */
  def install(): InputStream = {
    System.setOut(out)
    System.setErr(err)
    System.setIn(in)
    keyboard
  }

  def started(cell: Cell): Unit = {
    newest.put(cell.workspace, cell.id)
    running.add(cell.id)
    ()
  }

  def ended(cell: Cell): Unit = { running.remove(cell.id); () }

  /** A workspace is gone. */
  def closed(workspace: String): Unit = { newest.remove(workspace); () }

  private def owner(cell: Option[Cell]): String = {
    val task = Option(TaskContext.get()).flatMap(task => Cell.ofJob(task.getLocalProperty))
    task.filter(running.contains).getOrElse {
      newest.getOrDefault(cell.fold(Cell.main)(_.workspace), "")
    }
  }

  // Whether the thread has printed for a cell it does not know.
  private val owing = ThreadLocal.withInitial[Boolean](() => false)

  /** Before the answer to a call that this thread serves: what the call has printed. */
  def answer(): Unit = Guest.current match {
    case Some(guest)       => guest.answer()
    case None if owing.get => owing.remove(); background.settle()
    case None              => ()
  }

  private def printed(stream: String, text: String): Unit = Cell.current match {
    case Some(cell) if cell.running => cell.print(stream, text)
    case cell                       =>
      background.write(stream, text, 0, text.length, owner(cell))
      owing.set(true)
  }
}

/** A PrintStream that appends text straight to an outbox: no charset and no lock on the way. */
private final class CellStream(name: String, printed: (String, String) => Unit)
    extends PrintStream(CellStream.nowhere, false, "UTF-8") {
  // Bytes written by Java libraries; a character may arrive in pieces.
  private val decoder = StandardCharsets.UTF_8.newDecoder
    .onMalformedInput(CodingErrorAction.REPLACE)
    .onUnmappableCharacter(CodingErrorAction.REPLACE)
  private var rest = new Array[Byte](0)

  private def put(text: String): Unit = printed(name, if (text == null) "null" else text)
  private def line(text: String): Unit = put(text + "\n")

  override def print(x: String): Unit = put(x)
  override def print(x: Any): Unit = put(String.valueOf(x))
  override def print(x: Array[Char]): Unit = put(new String(x))
  override def print(x: Boolean): Unit = put(String.valueOf(x))
  override def print(x: Char): Unit = put(String.valueOf(x))
  override def print(x: Int): Unit = put(String.valueOf(x))
  override def print(x: Long): Unit = put(String.valueOf(x))
  override def print(x: Float): Unit = put(String.valueOf(x))
  override def print(x: Double): Unit = put(String.valueOf(x))
  override def println(): Unit = put("\n")
  override def println(x: String): Unit = line(x)
  override def println(x: Any): Unit = line(String.valueOf(x))
  override def println(x: Array[Char]): Unit = line(new String(x))
  override def println(x: Boolean): Unit = line(String.valueOf(x))
  override def println(x: Char): Unit = line(String.valueOf(x))
  override def println(x: Int): Unit = line(String.valueOf(x))
  override def println(x: Long): Unit = line(String.valueOf(x))
  override def println(x: Float): Unit = line(String.valueOf(x))
  override def println(x: Double): Unit = line(String.valueOf(x))
  override def write(byte: Int): Unit = write(Array(byte.toByte), 0, 1)
  override def write(bytes: Array[Byte]): Unit = write(bytes, 0, bytes.length)
  override def write(bytes: Array[Byte], offset: Int, length: Int): Unit = put(
    decode(bytes, offset, length)
  )
  override def flush(): Unit = ()
  override def close(): Unit = ()
  override def checkError(): Boolean = false

  private def decode(bytes: Array[Byte], offset: Int, length: Int): String = synchronized {
    val input = ByteBuffer.allocate(rest.length + length)
    input.put(rest).put(bytes, offset, length).flip()
    val output = CharBuffer.allocate(input.remaining + 1)
    decoder.reset().decode(input, output, false)
    rest = new Array[Byte](input.remaining)
    input.get(rest)
    output.flip()
    output.toString
  }
}

private object CellStream {
  val nowhere: OutputStream = new OutputStream {
    override def write(byte: Int): Unit = ()
  }
}

/** System.in for cells: asks the front for a line each time the last one is used up. */
private final class AskingInput extends InputStream {
  private var line = new Array[Byte](0)
  private var next = 0

  override def read(): Int = {
    val one = new Array[Byte](1)
    if (read(one, 0, 1) < 0) -1 else one(0) & 0xff
  }

  override def read(bytes: Array[Byte], offset: Int, length: Int): Int =
    if (length == 0) 0
    else if (synchronized(next >= line.length) && !refill()) -1
    else
      synchronized {
        val count = math.min(length, line.length - next)
        System.arraycopy(line, next, bytes, offset, count)
        next += count
        count
      }

  override def available(): Int = synchronized(line.length - next)

  private def refill(): Boolean =
    Cell.current.filter(_.running).flatMap(_.ask("", password = false)) match {
      case None       => false
      case Some(text) =>
        synchronized {
          line = (text + "\n").getBytes(StandardCharsets.UTF_8)
          next = 0
        }
        true
    }
}
