package toree.sharing

import java.util.{AbstractMap, AbstractSet, LinkedHashMap, Map => JMap, Set => JSet}
import java.util.concurrent.ConcurrentHashMap

import scala.collection.JavaConverters._

import toree.Events
import toree.cells.{Cell, Outbox}

/** `kernel.data`: the shared names of all languages as a map.
  *
  * What Scala puts in stays here; for anything else the front is asked, in the cell that asks, and
  * hands over a copy. Outside a cell there is only what Scala has put in.
  */
final class SharedData(decode: String => Any, named: String => Option[Any])
    extends AbstractMap[String, Any] {
  private val own = new ConcurrentHashMap[String, Any]
  private val changed =
    new LinkedHashMap[String, Boolean] // put (true) or removed since the last look

  override def get(key: Any): Any = {
    val name = String.valueOf(key)
    if (isChanged(name)) own.get(name)
    else
      asked(_.shared(_, name)) match {
        case None | Some("") => own.get(name)
        case Some("own")     => Option(own.get(name)).orElse(named(name)).orNull
        case Some(json)      => decode(json)
      }
  }

  override def put(key: String, value: Any): Any = {
    val before = get(key)
    if (value == null) own.remove(key) else own.put(key, value)
    changed.synchronized(changed.put(key, value != null))
    before
  }

  override def remove(key: Any): Any = {
    val before = get(key)
    own.remove(key)
    changed.synchronized(changed.put(String.valueOf(key), false))
    before
  }

  override def containsKey(key: Any): Boolean = names.contains(String.valueOf(key))
  override def size: Int = names.size
  override def keySet: JSet[String] = names.asJava

  override def entrySet: JSet[JMap.Entry[String, Any]] = new AbstractSet[JMap.Entry[String, Any]] {
    private val keys = names.toList
    def size: Int = keys.size
    def iterator: java.util.Iterator[JMap.Entry[String, Any]] =
      keys.iterator.map { name =>
        new AbstractMap.SimpleEntry[String, Any](name, SharedData.this.get(name)): JMap.Entry[
          String,
          Any
        ]
      }.asJava
  }

  override def toString: String = names.mkString("kernel.data(", ", ", ")")

  /** A value Scala has put in under this name. */
  private[toree] def value(name: String): Option[Any] = Option(own.get(name))

  /** The REPL has the name now. */
  private[toree] def forget(name: String): Unit =
    if (!changed.synchronized(changed.containsKey(name))) own.remove(name)

  /** Names put or removed since the last call. */
  private[toree] def changes(): List[(String, Option[Any])] = changed.synchronized {
    val found = changed.keySet.asScala.toList.map(name => name -> Option(own.get(name)))
    changed.clear()
    found
  }

  private def isChanged(name: String): Boolean = changed.synchronized(changed.containsKey(name))

  private def names: Set[String] = {
    val elsewhere = asked(_.sharedNames(_)).filter(_.nonEmpty).toList.flatMap(_.split("\n"))
    val removed = changed.synchronized(changed.asScala.filterNot(_._2).keySet.toSet)
    elsewhere.toSet ++ own.keySet.asScala -- removed
  }

  private def asked(call: (Events, String) => String): Option[String] =
    Cell.current.filter(_.running).map { cell =>
      val request = new Outbox.Request(call)
      cell.tell(request)
      request.await()
    }
}
