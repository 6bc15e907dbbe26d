// A warm Scala cell in the compiler, step by step, in a REPL of its own beside the cells'. Thread
// CPU, so that other work on the machine does not count. Run by cells.py.
import java.nio.file.Files
import scala.tools.nsc.interpreter.CellMain
import toree.repl.{CellLoader, JarLoader, Messages, ReplSettings, Statements}

val clock = java.lang.management.ManagementFactory.getThreadMXBean
val folder = Files.createTempDirectory("cells")
val report = folder.resolve("phases.csv")
val classes = Files.createDirectory(folder.resolve("classes"))
val loader = new CellLoader(
  new scala.reflect.io.PlainDirectory(new scala.reflect.io.Directory(classes.toFile)),
  new JarLoader(classOf[toree.Kernel].getClassLoader)
)
val own = loader.repl(new java.util.concurrent.ConcurrentHashMap[String, Any])
val chosen = ReplSettings(classes, Nil, (text: String) => println(text))
chosen.processArguments(List("-Yprofile-enabled", "-Yprofile-destination", report.toString), true)
val messages = new Messages
val repl = new CellMain(chosen, own, messages)
repl.initialized(0)
val parser = new Statements[repl.type](repl)

val spent = scala.collection.mutable.LinkedHashMap.empty[String, Long]
def step[T](name: String)(body: => T): T = {
  val before = clock.getCurrentThreadCpuTime
  try body
  finally spent(name) = spent.getOrElse(name, 0L) + clock.getCurrentThreadCpuTime - before
}
def cell(code: String): Unit = {
  step("statements")(parser.parse(code))
  val request = step("compile")(repl.compiled(code)).get
  repl.record(request)
  val path = step("path")(repl.path(request))
  step("load and run")(repl.instance(path))
  ()
}
val cells = List(
  "val x = 1 + 1",
  "def square(n: Int) = n * n",
  "case class Point(x: Int, y: Int)",
  "val points = List(Point(1, 2), Point(3, 4)).map(p => p.copy(x = square(p.y)))"
)
val (warm, measured) = (WARM, MEASURED)
for (_ <- 1 to warm; code <- cells) cell(code)
spent.clear()
Files.write(report, Array.empty[Byte])
for (_ <- 1 to measured; code <- cells) cell(code)
val number = measured * cells.size
for ((name, nanos) <- spent) println(s"step\t$name\t${nanos / number / 1000}\t")

// The compiler's own report: a line a phase, with a line of headings before.
val lines = Files.readAllLines(report).toArray.toSeq.map(_.toString.split(",").map(_.trim))
val names = lines.find(_.contains("phaseName")).get
def column(name: String) = names.indexWhere(_.toLowerCase.startsWith(name.toLowerCase))
val (phase, cpu, bytes) = (column("phaseName"), column("cpuTimeNs"), column("allocatedByte"))
val rows = lines.filter(row => Set("main", "data")(row.head) && row.length > bytes)
for ((name, of) <- rows.groupBy(_(phase)).toSeq.sortBy(-_._2.map(_(cpu).toDouble).sum)) {
  val (nanos, size) = (of.map(_(cpu).toDouble).sum, of.map(_(bytes).toDouble).sum)
  println(s"phase\t$name\t${(nanos / number / 1000).round}\t${(size / number / 1024).round}")
}
