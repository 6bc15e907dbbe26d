// Loops as a user writes them in a cell, timed as the kernel loads them (with the checks that let
// the stop button work) and as the compiler made them. Run by instrumentation.py.
class Loops extends Serializable {
  def integers(n: Int): Long = {
    var sum = 0L
    var i = 0
    while (i < n) { sum += i ^ (sum >> 3); i += 1 }
    sum
  }
  private val numbers: Array[Double] = null
  def array(n: Int): Double = {
    val values = new Array[Double](1000)
    var sum = 0.0
    var round = 0
    while (round < n / 1000) {
      var i = 0
      while (i < values.length) { values(i) += i; sum += values(i); i += 1 }
      round += 1
    }
    sum
  }
  def range(n: Int): Long = {
    var sum = 0L
    for (i <- 0 until n) sum += i & 0xff
    sum
  }
  def step(x: Long): Long = x * 31 + 7
  def calls(n: Int): Long = {
    var x = 1L
    var i = 0
    while (i < n) { x = step(x); i += 1 }
    x
  }
  def text(n: Int): Int = {
    val builder = new StringBuilder
    var i = 0
    while (i < n / 10) { builder.append(i); if (builder.length > 10000) builder.clear(); i += 1 }
    builder.length
  }
}

def timed(loops: AnyRef, name: String, n: Int): Double = {
  val method = loops.getClass.getMethod(name, classOf[Int])
  val before = System.nanoTime
  method.invoke(loops, Int.box(n))
  (System.nanoTime - before) / 1e6
}

val unsafe = { // the plain class has an outer object that it never uses
  val field = classOf[sun.misc.Unsafe].getDeclaredField("theUnsafe")
  field.setAccessible(true)
  field.get(null).asInstanceOf[sun.misc.Unsafe]
}
val checked = classOf[Loops]
val folder = new java.io.File(System.getProperty("spark.repl.class.outputDir")).toURI.toURL
val plain = new java.net.URLClassLoader(Array(folder), classOf[org.apache.spark.SparkConf].getClassLoader)
  .loadClass(checked.getName)
assert(plain ne checked)
val names = List("integers", "array", "range", "calls", "text")
val size = 100000000
for (name <- names) {
  val pair = List(checked, plain).map(c => unsafe.allocateInstance(c))
  for (_ <- 1 to 4; loops <- pair) timed(loops, name, size)
  val times = pair.map(_ => collection.mutable.ListBuffer.empty[Double])
  for (_ <- 1 to 15; (loops, at) <- pair.zip(times)) at += timed(loops, name, size)
  println(name + times.map(t => f"${t.min}%.1f").mkString(" ", " ", ""))
}
