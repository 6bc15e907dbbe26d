package toree.stop

/** What can be told to stop: a cell, as the checks in its code see it.
  *
  * Threads inherit it from the thread that starts them.
  */
trait Stoppable {
  @volatile var interrupted: Boolean = false
}

object Stoppable {
  private[toree] val tag = new InheritableThreadLocal[Stoppable]

  def current: Option[Stoppable] = Option(tag.get)
}

/** Thrown inside a cell that was told to stop.
  *
  * A VirtualMachineError because neither `catch { case e: Exception => }` nor `Try` may keep a cell
  * alive which its user wants gone.
  */
final class Interrupted extends VirtualMachineError("interrupted") {
  override def fillInStackTrace(): Throwable = this
}
