package toree.repl

import java.util.{Map => JMap, ServiceLoader}
import java.util.concurrent.CopyOnWriteArrayList

import toree.Displayer

/** Those who know how to show a library's values: registered ones first, then those in jars. */
final class Displayers(loader: ClassLoader) {
  private val registered = new CopyOnWriteArrayList[Displayer]
  @volatile private var inJars: Option[List[Displayer]] = None

  def register(displayer: Displayer): Unit = registered.add(0, displayer)

  /** Jars came: look again. */
  def refresh(): Unit = inJars = None

  /** What the first that knows the value says, empty where none does. */
  def show(value: Any): Map[String, String] = if (value == null) Map.empty
  else
    (registered.toArray(Array.empty[Displayer]).iterator ++ found.iterator)
      .map(_.display(value))
      .collectFirst { case bundle if bundle != null && !bundle.isEmpty => Displayers.scala(bundle) }
      .getOrElse(Map.empty)

  private def found: List[Displayer] = inJars.getOrElse {
    val all = List.newBuilder[Displayer]
    val each = ServiceLoader.load(classOf[Displayer], loader).iterator
    while (
      try each.hasNext
      catch {
        case broken: java.util.ServiceConfigurationError =>
          System.err.println(s"A displayer can't be used: ${broken.getMessage}")
          true
      }
    )
      try all += each.next()
      catch {
        case broken: java.util.ServiceConfigurationError =>
          System.err.println(s"A displayer can't be used: ${broken.getMessage}")
      }
    all ++= Displayers.jvmRepr(loader)
    inJars = Some(all.result())
    inJars.get
  }
}

private object Displayers {

  def scala(bundle: JMap[String, String]): Map[String, String] =
    bundle.entrySet.toArray.collect { case e: JMap.Entry[_, _] =>
      e.getKey.toString -> String.valueOf(e.getValue)
    }.toMap

  /** jupyter/jvm-repr, by which libraries made for Apache Toree register theirs. */
  def jvmRepr(loader: ClassLoader): Option[Displayer] =
    try {
      val display = loader.loadClass("jupyter.Displayers").getMethod("display", classOf[Object])
      Some { (value: Any) =>
        val bundle = display.invoke(null, value.asInstanceOf[Object])
        val all = bundle.asInstanceOf[JMap[String, String]]
        // For what it does not know it says toString.
        if (all == null || all.keySet == java.util.Collections.singleton("text/plain")) null
        else all
      }
    } catch { case _: ReflectiveOperationException => None }
}
