"""Private sessions with Spark: nothing of one meets another's, and all of it goes with it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lines import file_of, text, until
from session import Session as Notebook

from toree.client import Client, ExecutionError, Session

#: Pieces of generated code about classes of private sessions, and megabytes of the JVM's heap.
GENERATED = """
def called(on: AnyRef, name: String) = {
  val method = on.getClass.getMethods.find(_.getName == name)
    .getOrElse(on.getClass.getDeclaredMethod(name))
  method.setAccessible(true)
  method.invoke(on)
}
import org.apache.spark.sql.catalyst.expressions.codegen.{CodeAndComment, CodeGenerator}
val cached = Seq("cache", "cache", "asMap").foldLeft[AnyRef](CodeGenerator)(called)
cached.asInstanceOf[java.util.Map[Product, AnyRef]].keySet.toArray.count {
  case key: Product => key.productIterator.exists {
    case code: CodeAndComment => "line[1-9][0-9]{6}".r.findFirstIn(code.body).isDefined
    case _ => false
  }
}
"""
#: Loaders of REPLs that are still there, each with its classes, after a collection.
LOADERS = """
def loaders = java.lang.management.ManagementFactory.getPlatformMBeanServer.invoke(
  new javax.management.ObjectName("com.sun.management:type=DiagnosticCommand"),
  "gcClassHistogram", Array[AnyRef](Array.empty[String]), Array(classOf[Array[String]].getName)
).toString.linesIterator.filter(_.contains("ReplClassLoader")).map(_.trim.split(" +")(1).toInt).sum
loaders
"""
USED = "System.gc(); (Runtime.getRuntime.totalMemory - Runtime.getRuntime.freeMemory) >> 20"
SPARK = {
    "scala": ("val v = {0}\ncase class P(a: Int)\nSeq(P(v)).toDS.map(_.a).collect().toList", "v"),
    "python": (
        "v = {0}\nspark.range(v).createOrReplaceTempView('t')\n"
        "spark.conf.set('spark.sql.shuffle.partitions', v)",
        "v",
    ),
    "r": ("v <- {0}L\nv", "v"),
}


@pytest.fixture(scope="module")
def spark(spark_kernel: Notebook) -> Iterator[Client]:
    with Client.connect(file_of(spark_kernel)) as client:
        yield client


@pytest.mark.spark
@pytest.mark.r
def test_languages_and_spark_are_its_own(spark: Client) -> None:
    loaders = int(text(spark, LOADERS))
    cells: dict[int, Client | Session] = {3: spark}
    cells |= {n: spark.session(f"of-{n}") for n in (4, 5)}
    for n, place in cells.items():
        for language, (code, _) in SPARK.items():
            text(place, code.format(n), language=language)
    for n, place in cells.items():
        assert text(place, "v", language="scala") == str(n)
        assert text(place, "v", language="python") == str(n)
        assert place.execute("v", language="r").result().text == f"[1] {n}"
        assert place.sql("select count(*) n from t")["n"].to_pylist() == [n]
        setting = 'spark.conf.get("spark.sql.shuffle.partitions")'
        assert text(place, setting, language="scala") == str(n)
        assert text(place, "P(7)", language="scala") == "P(7)"
    own, other = cells[4], cells[5]
    assert text(own, "sc.getLocalProperty('spark.scheduler.pool')", language="python") == "'of-4'"
    text(own, "from pyspark.sql import SparkSession", language="python")
    assert text(own, "SparkSession.builder.getOrCreate() is spark", language="python") == "True"
    # A package attached in one R, the end of it, a restart, a stop: nobody else hears of it.
    text(own, "library(stats4)", language="r")
    assert "FALSE" in text(other, "'package:stats4' %in% search()", language="r")
    crash = own.execute("tools::pskill(Sys.getpid(), tools::SIGKILL)", language="r", timeout=60)
    with pytest.raises(ExecutionError, match="killed"):
        crash.result()
    text(own, "%restart scala", language="python")
    assert text(other, "v", language="scala") == "5"
    assert "5" in text(other, "v", language="r")
    with pytest.raises(ExecutionError, match="not found: value v"):
        text(own, "v + 1", language="scala")
    # `kernel.data` is what sessions share: values and DataFrames, by whoever put them there.
    puts = {
        "scala": ('kernel.data.put("from_scala", Seq(1, 2))', "from_scala"),
        "python": ("kernel.data['from_python'] = spark.range(2)", "from_python"),
        "r": ("kernel$data$put('from_r', 7)", "from_r"),
    }
    for language, (code, _) in puts.items():
        text(own, code, language=language)
    names = "[n for n in kernel.data if n.startswith('from')]"
    assert sorted(eval(text(other, names, language="python"))) == sorted(
        n for _, n in puts.values()
    )
    read = "kernel.data['from_python'].count(), kernel.data['from_scala'], kernel.data['from_r']"
    assert text(other, read, language="python") == "(2, [1, 2], 7.0)"
    scala = 'kernel.data.get("from_python").asInstanceOf[org.apache.spark.sql.DataFrame].count'
    assert text(other, scala, language="scala") == "2"
    assert "7" in text(other, "kernel$data$get('from_r')", language="r")
    with pytest.raises(ExecutionError, match="from_r"):
        text(other, "from_r", language="python")  # it defines no name
    endless = own.execute('println("x"); while (true) {}', language="scala")
    next(iter(endless))
    for place in (other, spark):
        for language in SPARK:
            text(place, "1 + 1", language=language)
        assert place.sql("select 2 n")["n"].to_pylist() == [2]
    endless.cancel()
    with pytest.raises(ExecutionError):
        endless.result()
    assert int(text(spark, GENERATED)) > 0
    kept = "case class K(n: Int)\nval kept = new Array[Byte](100000000)"
    text(own, f"{kept}\nSeq(K(1)).toDS.map(k => K(k.n + 1)).collect()", language="scala")
    pairs = "sc.parallelize(1 to 9, 2).map(n => (K(n % 3), K(n)))"
    text(own, f"{pairs}.groupByKey().mapValues(_.size).collect()", language="scala")
    before = int(text(spark, USED))
    for place in (own, other):
        assert isinstance(place, Session)
        place.end()
    # What Spark has compiled about the classes of their cells goes with them.
    until(lambda: text(spark, GENERATED) == "0" and int(text(spark, USED)) < before - 80)
    # Java forgets their classes; Spark's idle threads, which may hold some, end after a minute.
    until(lambda: int(text(spark, "loaders")) <= loaders, 120)
    assert text(spark, "v", language="scala") == "3"
    assert text(spark, names, language="python") == "[]"
