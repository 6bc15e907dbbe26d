package toree.magic

import java.util.Collections

import toree.Kernel

/** A magic in a jar, found by `ServiceLoader` (`META-INF/services/toree.magic.LineMagic`).
  *
  * A class with a constructor without arguments. Implement `LineMagic` or `CellMagic`. Called on
  * the thread of the cell; what it prints is the cell's, what it throws ends the cell.
  */
trait Magic {

  /** What is written after the `%`, in any case. */
  def name: String

  /** One line for `%LsMagic`, more for `%NAME?`. */
  def description: String = ""

  /** What may follow the name. */
  def usage: String = ""
}

/** A magic of one line. */
trait LineMagic extends Magic {

  /** @param arguments
    *   the rest of the line
    * @return
    *   a bundle of MIME types to show; empty or null for nothing
    */
  def execute(arguments: String, kernel: Kernel): java.util.Map[String, String] =
    Collections.emptyMap()
}

/** A magic that takes a whole cell. */
trait CellMagic extends Magic {

  /** @param arguments
    *   the rest of the first line
    * @param body
    *   the lines below it
    */
  def execute(arguments: String, body: String, kernel: Kernel): java.util.Map[String, String] =
    Collections.emptyMap()
}

/** Told what happens; found by `ServiceLoader` too. What it throws is logged and harms nobody. */
trait Listener {

  /** A session is there: the first, and each that takes its place. */
  def sparkReady(kernel: Kernel): Unit = ()

  /** The session has ended. */
  def sessionEnded(): Unit = ()

  /** Before and after the code of a Scala or SQL cell. */
  def preRunCell(code: String): Unit = ()
  def postRunCell(code: String, succeeded: Boolean): Unit = ()
}
