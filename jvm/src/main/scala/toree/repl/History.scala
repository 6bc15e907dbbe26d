package toree.repl

import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.atomic.AtomicInteger

import scala.collection.mutable
import scala.tools.nsc.interpreter.CellMain

/** Lets go of what no later cell can reach: values whose names have newer ones, results that were
  * shown, imports that came once more.
  *
  * The REPL keeps every request, and a static field its values: a cell run again and again would
  * fill the memory. What defines types stays, since Spark finds the object around a class by that
  * field; so does what a later import goes through.
  */
final class History[M <: CellMain](val main: M, forget: AnyRef => Unit) {
  import main.global._
  import main.memberHandlers._

  private val running = new AtomicInteger
  private val ended = new ConcurrentLinkedQueue[main.Request]
  private val owners = mutable.HashMap.empty[String, main.Request]
  // By which names a request can be reached; one that is to stay is not in it.
  private val names = mutable.HashMap.empty[main.Request, Set[String]]
  private val unreachable = mutable.ListBuffer.empty[main.Request]
  // Some import needs another one before it: from then on all are kept, in their order.
  private var entangled = false

  /** A cell is compiled: it counts on what it found until it has ended. Under the compiler's lock.
    */
  def begins(): Unit = { running.incrementAndGet(); () }

  /** A cell has ended, in which these requests ran. */
  def ends(requests: Seq[main.Request]): Unit = {
    requests.foreach(ended.add)
    running.decrementAndGet()
    ()
  }

  /** Under the compiler's lock. */
  def tidy(): Unit = {
    Iterator.continually(ended.poll()).takeWhile(_ != null).foreach(settle)
    if (running.get == 0) {
      unreachable.foreach { request =>
        forget(request)
        main.release(request)
      }
      unreachable.clear()
    }
  }

  private def settle(request: main.Request): Unit = {
    val imports = request.handlers.collect { case handler: ImportHandler => handler }
    imports.foreach(keepWhatItNeeds)
    val own = request.handlers.flatMap(namesOf).toSet
    val stays = request.handlers.exists {
      case _: ClassHandler | _: ModuleHandler | _: TypeAliasHandler => true
      case _                                                        => false
    }
    if (!stays) {
      names(request) = own
      if (own.isEmpty) unreachable += request
    }
    own.foreach(name => owners.put(name, request).filter(_ ne request).foreach(lose(_, name)))
  }

  private def namesOf(handler: MemberHandler): List[String] = handler match {
    case imported: ImportHandler => List(imported.member.toString)
    case other                   =>
      other.definedNames
        .map(name => if (name.isTypeName) s"type $name" else name.decoded)
        .filterNot {
          // The REPL's for an assignment, and ours for a result: no cell can name them.
          name => name.startsWith("$ires") || name.startsWith("$toree$")
        }
  }

  private def keepWhatItNeeds(imported: ImportHandler): Unit =
    imported.referencedNames.headOption.map(_.decoded).foreach { root =>
      owners.get(root) match {
        case Some(owner) => names -= owner
        case None        =>
          val stands = root == "_root_" || root == "spark" ||
            rootMirror.getPackageIfDefined(root) != NoSymbol
          if (!stands) entangled = true
      }
    }

  private def lose(request: main.Request, name: String): Unit =
    if (!(entangled && name.startsWith("import "))) names.get(request).foreach { left =>
      names(request) = left - name
      if (names(request).isEmpty) {
        names -= request
        unreachable += request
      }
    }
}
