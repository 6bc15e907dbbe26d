package toree.companion

import java.io.{FileInputStream, IOException}
import java.nio.file.{Files, Path, Paths}
import java.util.{Map => JMap}

import toree.text.Json

/** What a spare hangs on: on any kernel that could want it, and from then on on the one that has it
  * (`toree/companion/spare.py`).
  *
  * Kernels hold pipes open for that, which the system closes whatever becomes of them.
  */
final class Waiting(address: Path, facts: JMap[String, Any], patience: Double = 8.0) {
  // A kernel that is restarted ends before the new one begins.
  private val grace = (patience * 1e9).toLong
  private val idle = (facts.get("seconds").asInstanceOf[Number].doubleValue * 1e9).toLong
  private val told = facts.get("told").asInstanceOf[JMap[String, Any]]
  @volatile private var published = false
  @volatile private var taken = false
  @volatile private var heard = System.nanoTime // a kernel's cells run
  @volatile private var alone = System.nanoTime // since no kernel is there; 0: there is one

  /** What its address says besides. */
  def publish(write: Seq[(String, Any)] => Unit): Unit = {
    write(Seq("spare" -> told))
    published = true
    Files.deleteIfExists(address.resolveSibling("making"))
    ()
  }

  /** Returns when the kernel that has it is gone. */
  def follow(): Unit = reading(Paths.get(told.get("lifeline").toString)) { in =>
    taken = true
    while (in.read() >= 0) {}
  }

  /** Notes which kernels there are; for ever. */
  def listen(): Unit = while (true) reading(address.resolveSibling("living")) { in =>
    val bytes = new Array[Byte](1024)
    alone = 0
    while (in.read(bytes) >= 0) heard = System.nanoTime
    alone = System.nanoTime
  }

  /** Returns when nobody will want it. */
  def watch(): Unit = {
    var missing = 0L
    var over = false
    while (!over && !taken) {
      Thread.sleep(500)
      val now = System.nanoTime
      if (published && !Files.exists(address)) {
        // Whoever has renamed it is about to open the lifeline.
        if (missing == 0) missing = now
        over = now - missing > grace
      } else {
        val since = alone
        over = (since != 0 && now - since > grace || now - heard > idle) && withdrawn()
      }
    }
    if (taken) Thread.sleep(Long.MaxValue)
  }

  private def withdrawn(): Boolean = !published || Files.deleteIfExists(address)

  /** Opening waits for the other end. */
  private def reading(pipe: Path)(body: FileInputStream => Unit): Unit =
    try {
      val in = new FileInputStream(pipe.toFile)
      try body(in)
      finally in.close()
    } catch { case _: IOException => Thread.sleep(1000) }
}

object Waiting {
  def of(address: Path): Waiting = new Waiting(address, Json.read(sys.env("TOREE_SPARE")))
}
