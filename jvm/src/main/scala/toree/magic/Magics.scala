package toree.magic

import java.util.ServiceLoader
import java.util.concurrent.CopyOnWriteArrayList

import scala.collection.mutable
import scala.collection.JavaConverters._

import toree.Kernel
import toree.cells.Outcome
import toree.repl.CellLoader
import toree.text.Json

/** The magics and listeners that jars bring. */
final class Magics(loader: CellLoader) {
  private val known = mutable.LinkedHashMap.empty[(String, String), Magic]
  private val scanned = mutable.Set.empty[java.net.URL]
  private val listeners = new CopyOnWriteArrayList[Listener]

  /** Looks through the class path again; JSON of the magics it has, and of what can't be loaded. */
  def look(): String = synchronized {
    val faults = mutable.ListBuffer.empty[String]
    loader.added
      .filter(scanned.add)
      .foreach(jar =>
        Old.magics(jar, loader, faults += _).foreach {
          case magic: LineMagic => add("line", magic)
          case magic            => add("cell", magic)
        }
      )
    each(classOf[LineMagic], faults)(add("line", _))
    each(classOf[CellMagic], faults)(add("cell", _))
    each(classOf[Listener], faults) { one =>
      if (!listeners.asScala.exists(_.getClass == one.getClass)) listeners.add(one)
    }
    val rows = known.map { case ((kind, name), magic) =>
      Map(
        "kind" -> kind,
        "name" -> name,
        "usage" -> magic.usage,
        "description" -> magic.description
      )
    }
    Json.obj("magics" -> rows.toList, "faults" -> faults.toList)
  }

  private def add(kind: String, magic: Magic): Unit =
    known.getOrElseUpdate((kind, magic.name), magic)

  /** One service at fault costs only itself. */
  private def each[T](kind: Class[T], faults: mutable.ListBuffer[String])(body: T => Unit): Unit = {
    val found = ServiceLoader.load(kind, loader).iterator
    var more = true
    while (more)
      try {
        more = found.hasNext
        if (more) body(found.next())
      } catch {
        case error @ (_: java.util.ServiceConfigurationError | _: LinkageError |
            _: RuntimeException) =>
          faults += Option(error.getCause).fold(error.toString)(cause =>
            s"${error.getMessage}: $cause"
          )
      }
  }

  def run(kind: String, name: String, arguments: String, body: String, kernel: Kernel): Outcome = {
    val shown = known.get((kind, name)) match {
      case Some(magic: LineMagic) => magic.execute(arguments, kernel)
      case Some(magic: CellMagic) => magic.execute(arguments, body, kernel)
      case _ => throw new IllegalArgumentException(s"there is no $kind magic $name")
    }
    Outcome.Ok(result = Option(shown).map(_.asScala.toMap).filter(_.nonEmpty))
  }

  def tell(event: Listener => Unit): Unit = listeners.forEach { listener =>
    try event(listener)
    catch {
      case problem @ (_: Exception | _: LinkageError) =>
        System.err.println(s"${listener.getClass.getName} failed: $problem")
    }
  }
}
