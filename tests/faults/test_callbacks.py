"""What Python implements and the JVM calls: every kind of it, and that no cell loses its output.

PySpark moves Py4J's one way back into Python to its own server when it first needs one; the front's
events must not go there with it.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from session import Session

pytestmark = pytest.mark.spark

#: Python cells whose value tells what was called back.
CALLBACKS = {
    "foreachBatch": """
        batches = []
        def keep(frame, number): batches.append(frame.selectExpr("count(*) >= 0").collect()[0][0])
        stream = spark.readStream.format("rate").load().writeStream.trigger(once=True)
        stream.foreachBatch(keep).start().awaitTermination()
        batches == [True]
        """,
    "StreamingQueryListener": """
        import threading
        from pyspark.sql.streaming import StreamingQueryListener
        class Listener(StreamingQueryListener):
            def __init__(self): self.heard, self.ended = [], threading.Event()
            def onQueryStarted(self, event): self.heard.append("started")
            def onQueryProgress(self, event): pass
            def onQueryIdle(self, event): pass
            def onQueryTerminated(self, event): self.heard.append("ended"); self.ended.set()
        listener = Listener()
        spark.streams.addListener(listener)
        stream = spark.readStream.format("rate").load().writeStream.format("noop")
        stream.trigger(once=True).start().awaitTermination()
        listener.ended.wait(30)
        spark.streams.removeListener(listener)
        listener.heard == ["started", "ended"]
        """,
    "DStream": """
        import threading
        from pyspark.streaming import StreamingContext
        came, numbers = threading.Event(), []
        def take(rdd):
            numbers.extend(rdd.collect())
            came.set()
        streaming = StreamingContext(sc, 1)
        streaming.queueStream([sc.parallelize([1, 2, 3])]).map(lambda x: x * 2).foreachRDD(take)
        streaming.start()
        came.wait(60)
        streaming.stop(stopSparkContext=False)
        numbers[:3] == [2, 4, 6]
        """,
    "Transformer": """
        from pyspark.ml import Pipeline, Transformer
        from pyspark.ml.feature import SQLTransformer
        class Doubled(Transformer):
            def _transform(self, frame): return frame.withColumn("twice", frame.id * 2)
        stages = [SQLTransformer(statement="select id + 1 as id from __THIS__"), Doubled()]
        fitted = Pipeline(stages=stages).fit(spark.range(2))
        [row.twice for row in fitted.transform(spark.range(2)).collect()] == [2, 4]
        """,
    "implements": """
        class Order:
            def compare(self, a, b): return (a < b) - (a > b)
            class Java: implements = ["java.util.Comparator"]
        numbers = sc._jvm.java.util.ArrayList()
        for n in (1, 3, 2): numbers.add(n)
        sc._jvm.java.util.Collections.sort(numbers, Order())
        list(numbers) == [3, 2, 1]
        """,
    "implements, on a thread of Java": """
        from pyspark.java_gateway import ensure_callback_server_started
        ensure_callback_server_started(sc._gateway)
        class Job:
            runs = 0
            def run(self): Job.runs += 1
            class Java: implements = ["java.lang.Runnable"]
        for _ in range(2):
            thread = sc._jvm.java.lang.Thread(Job())
            thread.start()
            thread.join()
        Job.runs == 2
        """,
}


def python(code: str) -> str:
    return "%%python\n" + textwrap.dedent(code).strip()


def languages_answer(kernel: Session) -> None:
    """A cell of each language gets its own output back."""
    ran = kernel.run('println("out"); System.err.println("err"); 6 * 7')
    assert (ran.text("stdout"), ran.text("stderr"), ran.result) == ("out\n", "err\n", "42")
    assert "| 7 " in str(kernel.run("%%sql\nselect 7 as x").result)
    assert kernel.run("%%python\nprint('p')").text("stdout") == "p\n"
    assert kernel.run("%%r\ncat('r')").text("stdout") == "r"


@pytest.mark.parametrize("kind", CALLBACKS)
@pytest.mark.r
def test_cells_keep_their_output(kernel: Session, kind: str) -> None:
    if kind == "DStream":
        pytest.importorskip("pyspark.streaming")
    kernel.run("%%sql\nselect 1")  # leaves a connection that has not sent anything yet
    assert kernel.run(python(CALLBACKS[kind])).result == "True"
    languages_answer(kernel)


@pytest.mark.parametrize("language", ["scala", "python", "r", "spark"])
@pytest.mark.r
def test_callbacks_outlive_restarts(kernel: Session, language: str) -> None:
    assert kernel.run(f"%restart {language}").status == "ok"
    assert kernel.run("spark.range(2).count()").result == "2"
    languages_answer(kernel)
    for kind in ("foreachBatch", "implements, on a thread of Java"):
        assert kernel.run(python(CALLBACKS[kind])).result == "True", kind
    languages_answer(kernel)


CUT = """
%%python
import os, socket, sys, threading, time
def connection():
    for frame in sys._current_frames().values():
        while frame is not None:
            if frame.f_code.co_name == "send_command" and "execute" in frame.f_locals["command"]:
                return frame.f_locals["self"]
            frame = frame.f_back
def cut(runs):
    # What a fatal error on the JVM's side does: the answer is empty, and Py4J calls again.
    while not os.path.exists(runs): time.sleep(0.05)
    connection().socket.shutdown(socket.SHUT_RD)
threading.Thread(target=cut, args=("RUNS",), daemon=True).start()
"""


def test_a_cell_runs_once(kernel: Session, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    kernel.run(CUT.strip().replace("RUNS", str(runs)))
    ran = kernel.run(f"""
        val log = new java.io.FileWriter("{runs}", true)
        log.write("ran\\n")
        log.close()
        Thread.sleep(6000)
    """)
    assert ran.status == "error"
    assert "not run again" in ran.reply["evalue"]
    assert runs.read_text() == "ran\n"
    languages_answer(kernel)


def test_a_jvm_out_of_files_accepts_again(kernel: Session) -> None:
    """Py4J's accept loop ends with the first error of `accept`: then nobody could call any more."""
    resource = pytest.importorskip("resource")
    if not hasattr(resource, "prlimit"):
        pytest.skip("only Linux can limit another process")
    call = """
        import threading
        def on_a_new_connection():
            said = []
            def call():
                try: said.append(sc._jvm.java.lang.Math.abs(-3))
                except Exception as error: said.append(type(error).__name__)
            thread = threading.Thread(target=call)
            thread.start()
            thread.join()
            return said[0]
        import resource
        pid = int(sc._jvm.java.lang.ProcessHandle.current().pid())
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        """
    kernel.run(python(call))
    ran = kernel.run(
        python("""
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (8, before[1]))
        try: first = on_a_new_connection()
        finally: resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        first, on_a_new_connection()
        """)
    )
    assert ran.result in ("(3, 3)", "('Py4JNetworkError', 3)")
    languages_answer(kernel)


AGGREGATOR = """
import org.apache.spark.sql.{Encoder, Encoders}
import org.apache.spark.sql.expressions.Aggregator
case class Total(n: Long)
object Sum extends Aggregator[Long, Total, Long] {
  def zero = Total(0)
  def reduce(total: Total, x: Long) = Total(total.n + x)
  def merge(a: Total, b: Total) = Total(a.n + b.n)
  def finish(total: Total) = total.n
  def bufferEncoder: Encoder[Total] = Encoders.product
  def outputEncoder: Encoder[Long] = Encoders.scalaLong
}
spark.udf.register("total", org.apache.spark.sql.functions.udaf(Sum, Encoders.scalaLong))
"""


@pytest.mark.r
def test_jvm_code_sees_the_classes_of_cells(kernel: Session) -> None:
    """An aggregator with a case class of a cell, called from each language's own JVM thread."""
    assert kernel.run(AGGREGATOR).status == "ok"
    assert kernel.run("%%python\nspark.range(5).selectExpr('total(id)').first()[0]").result == "10"
    in_a_batch = """
        sums = []
        def keep(frame, number):
            sums.append(spark.range(4).selectExpr("total(id)").first()[0])
        stream = spark.readStream.format("rate").load().writeStream.trigger(once=True)
        stream.foreachBatch(keep).start().awaitTermination()
        sums
        """
    assert kernel.run(python(in_a_batch)).result == "[6]"
    assert "| 10 " in str(kernel.run("%%sql\nselect total(id) from range(5)").result)
    r = kernel.run("%%r\nDBI::dbGetQuery(spark, 'select total(id) as n from range(5)')$n")
    assert str(r.result) == "[1] 10"
