package toree.repl

import scala.tools.nsc.interpreter.{CellMain, TypedCode}

import toree.stop.Interrupted
import toree.text.{Json, Names}

/** What may stand at the cursor, and what stands there. Never runs the user's code.
  *
  * Cursors count code points, as Jupyter's do.
  */
final class Completion(main: CellMain, comments: DocComments[_]) {
  import Completion._

  def complete(code: String, cursor: Int): String = {
    val end = code.offsetByCodePoints(0, math.min(cursor, code.codePointCount(0, code.length)))
    val start = nameStart(code, end)
    // What follows the cursor on other lines can only confuse the parser: `x.` before a `val`.
    val found = withTyped(visible(code, end), end)(candidates(_, end, code.substring(start, end)))
      .getOrElse(Nil)
    val items = found.map { c =>
      Json.Raw(Json.obj("text" -> c.name, "type" -> c.kind, "signature" -> c.signature))
    }
    Json.obj(
      "matches" -> found.map(_.name).distinct,
      "start" -> code.codePointCount(0, start),
      "end" -> code.codePointCount(0, end),
      "items" -> items
    )
  }

  private def visible(code: String, end: Int): String = code.substring(0, end)

  private def withTyped[T](code: String, at: Int)(use: TypedCode => T): Option[T] =
    try
      main.typed(code, at).map { typed =>
        try use(typed)
        finally main.release(typed)
      }
    catch {
      case interrupted: Interrupted =>
        main.dropPresentationCompiler()
        throw interrupted
      // The compiler asserts a lot on half-written code; nothing found is the honest answer.
      case problem: Throwable =>
        main.dropPresentationCompiler()
        None
    }

  private def candidates(typed: TypedCode, at: Int, entered: String): List[Candidate] = {
    import typed.compiler._
    val result = completionsAt(typed.unit.source.position(typed.start + at))
    val members =
      result.matchingResults().filter(m => m.sym != NoSymbol && !hidden(m.sym.name.decoded))
    val isMember = result.isInstanceOf[CompletionResult.TypeMembers]
    def signature(prefix: Type, symbol: Symbol): String =
      if (isPackage(symbol)) ""
      else
        Names.clean(
          enteringTyper(symbol.sugaredSymbolOrSelf.defStringSeenAs(prefix.memberType(symbol)))
        )
    val own = if (isMember || result == CompletionResult.NoResults) Nil else defined(entered)
    own ++ members
      .map { member =>
        val symbol = member.sym
        val name = symbol.name.dropLocal.decoded
        val isOwn = !definitions.isUniversalMember(symbol) && !symbol.isDeprecated
        val implicitly = member match {
          case m: TypeMember => m.implicitlyAdded
          case _             => false
        }
        Candidate(name, kind(symbol), signature(member.prefix, symbol), rank(isOwn, implicitly))
      }
      .filter(c => c.name.startsWith(entered) && !own.exists(_.name == c.name))
      .distinct
      .sortBy(c => (if (isMember) c.rank else 0, c.name))
      .take(limit)
  }

  /** The notebook's own values. The compiler's list lacks lazy ones, such as `spark`. */
  private def defined(entered: String): List[Candidate] =
    main.values.filter { case (name, _) => name.startsWith(entered) && !hidden(name) }.map {
      case (name, kind) =>
        Candidate(name, "instance", s"val $name: ${Names.clean(kind)}", 0)
    }

  private def rank(own: Boolean, implicitly: Boolean): Int =
    if (!own) 2 else if (implicitly) 1 else 0

  /** The words Jupyter's clients have icons for. */
  private def kind(symbol: scala.reflect.internal.Symbols#Symbol): String =
    if (isPackage(symbol)) "module"
    else if (symbol.isModule || symbol.isClass && !symbol.isTrait) "class"
    else if (symbol.isTrait) "interface"
    else if (symbol.isType) "type"
    else if (symbol.isMethod && !symbol.isGetter) "function"
    else "instance"

  // A lazy val carries the package flag's bit too.
  private def isPackage(symbol: scala.reflect.internal.Symbols#Symbol): Boolean =
    symbol.hasPackageFlag && (symbol.isModule || symbol.isClass)

  private def hidden(name: String): Boolean = name.contains('$') || name.startsWith("<")

  def inspect(code: String, cursor: Int, detail: Int): String = {
    val at = code.offsetByCodePoints(0, math.min(cursor, code.codePointCount(0, code.length)))
    val start = nameStart(code, at)
    val end = nameEnd(code, at)
    val text =
      (if (start == end) None
       else
         withTyped(code, end)(describe(_, start, end, detail)).flatten
           // Standing alone a type's name is no expression.
           .orElse(ofType(code.substring(start, end), detail)))
        .orElse(signatures(code, end))
        .orElse(callAround(code, at).flatMap(signatures(code, _)))
    Json.obj("found" -> text.isDefined, "text/plain" -> text)
  }

  private def called(code: String, end: Int): Option[String] =
    withTyped(s"$code()", end)(describe(_, nameStart(code, end), end, 0)).flatten

  /** All methods of the name that ends there: alone, an overloaded one is no expression. */
  private def signatures(code: String, end: Int): Option[String] = {
    val name = code.substring(nameStart(code, end), end)
    val found =
      if (name.isEmpty) Nil
      else withTyped(visible(code, end), end)(candidates(_, end, name)).getOrElse(Nil)
    Some(found.filter(c => c.name == name && c.signature.nonEmpty).map(_.signature))
      .filter(_.nonEmpty)
      .map(_.distinct.mkString("\n"))
      .orElse(if (name.isEmpty) None else called(visible(code, end), end))
  }

  private def ofType(name: String, detail: Int): Option[String] = {
    val before = "val it: "
    withTyped(s"$before$name = ???", before.length)(
      describe(_, before.length, before.length + name.length, detail)
    ).flatten
  }

  private def describe(typed: TypedCode, start: Int, end: Int, detail: Int): Option[String] = {
    import typed.compiler._
    val tree = typed.tree(start, end)
    val symbol = Option(tree.symbol).filter(s => s != NoSymbol && !s.isError)
    val tpe = Option(tree.tpe).filter(t => t != NoType && !t.isError)
    enteringTyper {
      symbol.map { found =>
        val all = if (found.isOverloaded) found.alternatives else List(found)
        val prefix = tree match {
          case Select(qualifier, _) if qualifier.tpe != null => qualifier.tpe
          case _                                             => NoType
        }
        val lines = all.map { s =>
          val seen = if (prefix == NoType) s.defString else s.defStringSeenAs(prefix.memberInfo(s))
          Names.clean(seen)
        }
        val owner = found.owner.fullName
        val where =
          if (owner.contains("$line") || owner.contains("$iw")) Nil else List(s"in $owner")
        val ancestors =
          if (detail > 0 && found.isClass)
            List("extends " + found.info.parents.map(_.toString).mkString(" with "))
          else Nil
        val of = tpe
          .filter(_ => found.isTerm && !found.isMethod)
          .map(t => Names.clean(s"type: ${t.widen}"))
          .toList
        (lines ++ of ++ ancestors ++ where ++ comment(found)).mkString("\n")
      }
    }
  }

  /** What the user wrote above the definition, in whichever cell. */
  private def comment(symbol: scala.reflect.internal.Symbols#Symbol): Option[String] = {
    val owners = symbol.ownerChain.takeWhile(s => !s.hasPackageFlag && !Names.wraps(s.name.decoded))
    val path = owners.reverse.map(_.name.decoded.trim).mkString(".")
    comments.of(path).map("\n" + _)
  }
}

object Completion {
  final case class Candidate(name: String, kind: String, signature: String, rank: Int)

  private val limit = 500

  private def isNamePart(c: Char): Boolean = Character.isJavaIdentifierPart(c)

  /** Where the name that ends at `end` begins. */
  def nameStart(code: String, end: Int): Int = {
    var at = end
    while (at > 0 && isNamePart(code.charAt(at - 1))) at -= 1
    at
  }

  /** Where the name of the method ends whose arguments the cursor is among. */
  def callAround(code: String, at: Int): Option[Int] = {
    var depth = 0
    var place = at - 1
    def quoted = code.substring(code.lastIndexOf('\n', place) + 1, place).count(_ == '"') % 2 == 1
    while (place > 0) {
      code.charAt(place) match {
        case ')' | ']' | '}' if !quoted                           => depth += 1
        case '[' | '{' if !quoted && depth > 0                    => depth -= 1
        case '(' if !quoted && depth > 0                          => depth -= 1
        case '(' if !quoted && isNamePart(code.charAt(place - 1)) => return Some(place)
        case _                                                    => ()
      }
      place -= 1
    }
    None
  }

  def nameEnd(code: String, from: Int): Int = {
    var at = from
    while (at < code.length && isNamePart(code.charAt(at))) at += 1
    at
  }
}
