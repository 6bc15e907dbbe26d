package toree.gateway

import java.util.{Arrays, List => JList}

import py4j.{Gateway => Py4J, ReturnObject}
import py4j.commands.{CallCommand, Command, ConstructorCommand}

import toree.cells.Guest

/** Py4J's calls, with one thing before the answer: what the call has printed. */
private final class PrintingCall extends CallCommand {
  override protected def invokeMethod(
      method: String,
      target: String,
      arguments: JList[Object]
  ): ReturnObject =
    try Guest.serving(super.invokeMethod(method, target, arguments))
    finally Commands.answer(gateway)
}

private final class PrintingConstructor extends ConstructorCommand {
  override protected def invokeConstructor(name: String, arguments: JList[Object]): ReturnObject =
    try Guest.serving(super.invokeConstructor(name, arguments))
    finally Commands.answer(gateway)
}

private object Commands {
  val own: JList[Class[_ <: Command]] =
    Arrays.asList(classOf[PrintingCall], classOf[PrintingConstructor])

  def answer(gateway: Py4J): Unit = gateway.getEntryPoint match {
    case entry: EntryPoint => entry.answer()
    case _                 => ()
  }
}
