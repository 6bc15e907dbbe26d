package toree.repl

import java.nio.file.{Files, Path, Paths}

/** Commands of other shells at the start of a cell: what is cheap is done, of the rest is said what
  * to use here.
  */
object Commands {
  sealed trait Command
  final case class Load(file: Path) extends Command
  final case class Jar(file: Path) extends Command
  final case class Say(text: String) extends Command

  /** A sentence about what a cell cannot have. */
  final case class Refuse(text: String) extends Command

  /** The commands before a cell's code, and the code on the lines it stood on. */
  def of(cell: String): (List[Command], String) =
    if (!cell.contains(':')) (Nil, cell)
    else {
      val lines = cell.split("\n", -1).toList
      val head = lines.takeWhile(line => line.trim.isEmpty || command.pattern.matcher(line).matches)
      val found = head.collect { case command(name, rest) =>
        read(name, Option(rest).fold("")(_.trim))
      }
      if (found.isEmpty) (Nil, cell)
      else (found.flatten, (head.map(_ => "") ++ lines.drop(head.size)).mkString("\n"))
    }

  private val command = """:([a-z]+\??)(?:[ \t]+(.*?))?[ \t\r]*""".r

  private def read(name: String, rest: String): Option[Command] = name match {
    // A cell is what :paste makes of lines; -raw would want a package.
    case "paste" if rest.isEmpty           => None
    case "paste" if !rest.startsWith("-")  => Some(Load(path(rest)))
    case "load" if rest.nonEmpty           => Some(Load(path(rest)))
    case "require" | "cp" if rest.nonEmpty => Some(Jar(path(rest)))
    case "help" | "h" | "?"                => Some(Say(help))
    case other                             => Some(Refuse(instead.getOrElse(other, unknown(other))))
  }

  private def path(text: String): Path = {
    val plain = text.stripPrefix("\"").stripSuffix("\"")
    if (plain.startsWith("~/")) Paths.get(System.getProperty("user.home"), plain.drop(2))
    else Paths.get(plain)
  }

  def text(file: Path): Option[String] =
    if (Files.isRegularFile(file)) Some(new String(Files.readAllBytes(file), "UTF-8")) else None

  private val help =
    "A cell is Scala; what its last line is worth is shown. %lsmagic lists the magics, Tab completes, " +
      "Shift+Tab shows a type and its documentation.\n"

  private val instead = Map(
    "load" -> ":load wants the file: `:load FILE`.",
    "require" -> ":require wants the jar: `:require FILE`.",
    "cp" -> ":cp wants the jar: `:cp FILE`.",
    "paste" -> ":paste -raw is for packages, which a cell cannot have; a cell may hold any other code.",
    "type" -> "Use Shift+Tab on the expression: it shows the type.",
    "kind" -> "Use Shift+Tab on the name: it shows the type.",
    "t" -> "Use Shift+Tab on the expression: it shows the type.",
    "reset" -> "Use `%restart scala`: it gives a new REPL, and Spark's session stays.",
    "replay" -> "Use the notebook's Run menu: it runs all cells again.",
    "quit" -> "Use the notebook's Kernel menu to shut the kernel down.",
    "q" -> "Use the notebook's Kernel menu to shut the kernel down.",
    "history" -> "Use `%history`: it shows the cells that ran.",
    "save" -> "Save the notebook: its cells are what ran.",
    "sh" -> "Use `import scala.sys.process._` and `\"command\".!!`, or `!command` in a Python cell.",
    "imports" -> "Imports of earlier cells hold; they stand in those cells.",
    "implicits" -> "Use Shift+Tab on the call: it shows what is in use.",
    "settings" -> "The compiler's settings are fixed; Spark's are set with `spark.conf.set(name, value)`."
  )

  private def unknown(name: String): String =
    s"There is no command :$name here: a cell is Scala code, and %lsmagic lists the magics."

  /** A sentence on an import of Ammonite's and Almond's, by the text of a cell that fails. */
  def ofImports(cell: String): Option[String] =
    importIvy.findFirstMatchIn(cell).map { m =>
      s"`import $$${m.group(1)}` is Ammonite's and Almond's: " + (m.group(1) match {
        case "ivy" | "dep" => dependency(m.group(2))
        case "cp"          => "use `:cp FILE` at the start of a cell, or `%AddJar URL`."
        case _             => "use `:load FILE` at the start of a cell."
      })
    }

  /** Notes on scala-cli's directives, which are comments to the compiler. */
  def ofDirectives(cell: String): List[String] =
    if (!cell.contains("//>")) Nil
    else
      directive.findAllMatchIn(cell).toList.map { m =>
        val (kind, what) = (m.group(1), m.group(2).trim.stripPrefix("\"").stripSuffix("\""))
        s"`//> using $kind` does nothing here: " + (kind match {
          case "jar" | "jars" => s"use `:cp $what` at the start of a cell, or `%AddJar URL`."
          case "dep" | "deps" | "lib" | "libs" => dependency(what)
          case "file" | "files"                => s"use `:load $what` at the start of a cell."
          case _ => "the versions and options are those Spark was started with."
        })
      }

  private def dependency(text: String): String = {
    val parts = text.split(":+").map(_.trim).filter(_.nonEmpty)
    val line = "_" + scala.util.Properties.versionNumberString.split('.').take(2).mkString(".")
    val all =
      if (parts.length < 3) List("GROUP", "ARTIFACT", "VERSION")
      else List(parts(0), parts(1) + (if (text.contains("::")) line else ""), parts(2))
    s"use `%AddDeps ${all.mkString(" ")} --transitive`, or start Spark with `--packages ${all.mkString(":")}`."
  }

  private val importIvy = """(?m)^\s*import\s+\$(ivy|cp|file|exec|dep)\s*\.\s*`?([^`\n]*)""".r
  private val directive = """(?m)^//>\s*using\s+(\w+)\s+(.*)$""".r
}
