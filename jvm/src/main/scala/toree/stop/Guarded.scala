package toree.stop

import java.io.InputStream
import java.net.{Socket, SocketTimeoutException}

/** Text for a regular expression, which looks at every character whether its cell is to stop. */
private final class GuardedChars(text: CharSequence) extends CharSequence {
  def charAt(index: Int): Char = {
    Guard.check()
    text.charAt(index)
  }
  def length: Int = text.length
  def subSequence(start: Int, end: Int): CharSequence = text.subSequence(start, end)
  override def toString: String = text.toString
}

/** A socket's input that can be left while nothing comes. */
private final class GuardedInput(socket: Socket, in: InputStream) extends InputStream {
  private def sliced[T](read: => T): T = Slices(socket.getSoTimeout, socket.setSoTimeout(_))(read)

  override def read(): Int = sliced(in.read())
  override def read(bytes: Array[Byte], offset: Int, length: Int): Int = sliced(
    in.read(bytes, offset, length)
  )
  override def available(): Int = in.available()
  override def close(): Unit = in.close()
}

/** A blocking call made in slices of its socket's time limit, the cell's check between two. */
private object Slices {
  private val slice = 200

  def apply[T](limit: Int, set: Int => Unit)(call: => T): T = {
    val end = System.nanoTime + limit * 1000000L
    def left: Long = if (limit == 0) Long.MaxValue else (end - System.nanoTime) / 1000000
    def once(): Option[T] =
      try {
        set(math.max(1L, math.min(slice.toLong, left)).toInt)
        Some(call)
      } catch { case late: SocketTimeoutException if left > 0 => None }
      finally set(limit)
    Iterator.continually { Guard.check(); once() }.flatten.next()
  }
}
