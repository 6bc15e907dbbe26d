package toree

import java.util.concurrent.{ConcurrentHashMap, CopyOnWriteArrayList}

import scala.collection.JavaConverters._

import toree.cells.{Cell, Outbox}
import toree.text.Json

/** `kernel.comm`: channels between the cells and what runs in the front end, as Apache Toree's.
  *
  * The front end opens one for a registered target, or a cell does. What comes is answered by the
  * handlers, each on the thread of a cell of its own, so they may print and use Spark.
  */
final class Comms private[toree] (workspace: String) {
  private val targets = new ConcurrentHashMap[String, CommTarget]
  private val writers = new ConcurrentHashMap[String, (CommWriter, CommTarget)]

  /** A target by its name, to which handlers are added. */
  def register(target: String): CommTarget = {
    val made = targets.computeIfAbsent(target, new CommTarget(_))
    ask("register", target, "", Map.empty)
    made
  }

  def withTarget(target: String): CommTarget = register(target)
  def isRegistered(target: String): Boolean = targets.containsKey(target)

  /** What was registered; the front end opens none any more. */
  def unregister(target: String): Option[CommTarget] = {
    val found = Option(targets.remove(target))
    found.foreach(_ => ask("unregister", target, "", Map.empty))
    found
  }

  /** Opens one from here. */
  def open(target: String, data: Map[String, Any] = Map.empty): CommWriter = {
    val id = ask("open", target, "", data)
    writer(id, target)._1
  }

  private[toree] def ask(
      kind: String,
      target: String,
      id: String,
      data: Map[String, Any]
  ): String = {
    val json = Json.obj(
      "kind" -> kind,
      "workspace" -> workspace,
      "target" -> target,
      "id" -> id,
      "data" -> data
    )
    val cell = Cell.current.getOrElse(
      throw new IllegalStateException("comms speak in cells and in their handlers")
    )
    val request = new Outbox.Request(_.comm(_, json))
    cell.tell(request)
    request.await()
  }

  private def writer(id: String, target: String): (CommWriter, CommTarget) =
    writers.computeIfAbsent(
      id,
      _ => (new CommWriter(this, id, target), targets.computeIfAbsent(target, new CommTarget(_)))
    )

  /** Answers the front: something has come by a comm. */
  private[toree] def come(json: String): Unit = {
    val message = Json.read(json)
    def text(name: String): String = String.valueOf(message.get(name))
    val data = message.get("data") match {
      case map: java.util.Map[_, _] =>
        map.asInstanceOf[java.util.Map[String, Any]].asScala.toMap
      case _ => Map.empty[String, Any]
    }
    val (channel, target) = writer(text("id"), text("target"))
    text("kind") match {
      case "open"  => target.opening.forEach(_(channel, channel.id, channel.target, data))
      case "close" =>
        writers.remove(channel.id)
        target.closing.forEach(_(channel, channel.id, data))
      case _ => target.messages.forEach(_(channel, channel.id, data))
    }
  }
}

/** Who answers the comms of one name; handlers are called in the order in which they came. */
final class CommTarget private[toree] (val name: String) {
  private[toree] val opening =
    new CopyOnWriteArrayList[(CommWriter, String, String, Map[String, Any]) => Unit]
  private[toree] val messages =
    new CopyOnWriteArrayList[(CommWriter, String, Map[String, Any]) => Unit]
  private[toree] val closing =
    new CopyOnWriteArrayList[(CommWriter, String, Map[String, Any]) => Unit]

  def addOpenHandler(
      handler: (CommWriter, String, String, Map[String, Any]) => Unit
  ): CommTarget = { opening.add(handler); this }

  def addMsgHandler(handler: (CommWriter, String, Map[String, Any]) => Unit): CommTarget = {
    messages.add(handler)
    this
  }

  def addCloseHandler(handler: (CommWriter, String, Map[String, Any]) => Unit): CommTarget = {
    closing.add(handler)
    this
  }
}

/** The kernel's end of a comm. Objects and arrays of JSON are Java's maps and lists. */
final class CommWriter private[toree] (comms: Comms, val id: String, val target: String) {
  def writeMsg(data: Map[String, Any]): Unit = { comms.ask("msg", target, id, data); () }
  def writeClose(data: Map[String, Any] = Map.empty): Unit = {
    comms.ask("close", target, id, data)
    ()
  }
  def close(): Unit = writeClose()
}
