"""What went wrong, out of the texts in which Spark's errors reach Python."""

from __future__ import annotations

import pytest

from toree.interpreters.base import Failed
from toree.interpreters.jvm.scala import result_of
from toree.spark import causes
from toree.testing import Recorder

WORKER = """Traceback (most recent call last):
  File "/opt/spark/python/lib/pyspark.zip/pyspark/worker.py", line 3260, in main
    process()
  File "/tmp/ipykernel_7/1.py", line 4, in half
    return 10 // y
           ~~~^^~~
ZeroDivisionError: integer division or modulo by zero
"""
JOB = """An error occurred while calling z:org.apache.spark.api.python.PythonRDD.collect.
: org.apache.spark.SparkException: Job aborted due to stage failure: Task 0 in stage 1.0 failed 1 \
times, most recent failure: Lost task 0.0 in stage 1.0 (TID 1) (here executor driver): {0}
\tat org.apache.spark.scheduler.DAGScheduler.abortStage(DAGScheduler.scala:2935)
\tat java.base/java.lang.Thread.run(Thread.java:840)

Driver stacktrace:
\tat org.apache.spark.scheduler.DAGScheduler.handle(DAGScheduler.scala:2)
Caused by: {0}
\tat org.apache.spark.api.python.BasePythonRunner.read(PythonRunner.scala:5)
\t... 1 more
"""


def source(file: str, line: int) -> tuple[str, str]:
    return "Cell In[3]", "return 10 // y"


def test_a_worker_s_error_with_the_user_s_lines() -> None:
    told = (
        "ZeroDivisionError: integer division or modulo by zero\n"
        "  Cell In[3], line 4, in half, in a task\n"
        "----> 4 return 10 // y"
    )
    assert causes.of_worker("An exception was thrown:\n" + WORKER, source) == told
    in_a_job = JOB.format("org.apache.spark.api.python.PythonException: " + WORKER)
    assert causes.of_worker(in_a_job, source) == told
    assert causes.of_worker("ValueError: no worker's", source) is None


def test_libraries_between_the_user_s_lines_are_folded() -> None:
    library = '  File "/x/lib/python3.11/site-packages/pandas/core/{0}.py", line 9, in {0}\n'
    cell = '  File "/tmp/ipykernel_7/1.py", line {}, in {}\n'
    frames = [cell.format(3, "f"), *map(library.format, "ab"), cell.format(1, "g")]
    frames += map(library.format, "cde")
    text = f"Traceback (most recent call last):\n{''.join(frames)}KeyError: 'x'\n SQLSTATE: 38000"
    found = causes.of_worker(text, lambda file, line: (file, ""))
    assert found is not None
    first, *places = found.splitlines()
    assert first == "KeyError: 'x'"
    assert [place.split()[-4].rstrip(",") for place in places] == ["f", "g", "c", "e"]
    # Another process does not know the cell's text: the kernel adds it.
    assert causes.in_cells(found, source).count("  Cell In[3], line ") == 2
    assert causes.in_cells("java.lang.X: no worker's", source) == "java.lang.X: no worker's"


def test_a_message_of_several_lines_ends_where_java_s_trace_begins() -> None:
    text = (
        WORKER.replace("modulo by zero", "modulo by zero\nin two lines") + "\n\tat org.apache.X\n"
    )
    found = causes.of_worker(text, source)
    assert found is not None
    assert found.splitlines()[:2] == [
        "ZeroDivisionError: integer division or modulo by zero",
        "in two lines",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            JOB.format("java.lang.ArithmeticException: / by zero"),
            "java.lang.ArithmeticException: / by zero",
        ),
        (
            "An error occurred while calling o1.f.\n: a.B: outer\n\tat x.Y.f(Y.java:1)\n"
            "Caused by: c.D: inner\nsecond line\n\t... 3 more\n",
            "c.D: inner\nsecond line\nwhich led to a.B: outer",
        ),
        ("An error occurred while calling o1.f.\n: a.B\n\tat x.Y.f(Y.java:1)\n", "a.B"),
        ("nothing of Java's", "nothing of Java's"),
    ],
)
def test_the_root_cause_comes_first(text: str, told: str) -> None:
    assert causes.of_java(text) == told


def test_a_plan_is_no_message() -> None:
    message = "[UNRESOLVED_COLUMN] A column `nope` cannot be resolved. SQLSTATE: 42703"
    plan = ";\n'Project ['nope]\n+- Range (0, 3, step=1)\n"
    assert causes.of_analysis(message + plan) == message
    assert causes.of_analysis(message + "\n\nJVM stacktrace:\nx") == message
    assert causes.of_analysis(message + ";\nAggregate [id]\n+- x") == message


def test_a_streaming_table_that_is_read_as_a_plain_one() -> None:
    told = causes.of_analysis(
        "Queries with streaming sources must be executed with writeStream.start();\nrate"
    )
    assert "rate" not in told and "kernel.display.stream" in told


def test_a_secure_cluster_that_does_not_know_who_asks() -> None:
    text = "org.apache.hadoop.security.AccessControlException: Client cannot authenticate via:"
    assert "run kinit" in causes.of_java(f"{text}[TOKEN, KERBEROS]")
    ended = "token (token for bob: HDFS_DELEGATION_TOKEN owner=bob) can't be found in cache"
    assert "%restart spark" in causes.of_java(f"java.io.IOException: {ended}")
    assert "kinit" not in causes.of_java("java.io.IOException: the lease is expired")
    expired = (
        "token (HDFS_DELEGATION_TOKEN token 3 for bob: HDFS_DELEGATION_TOKEN owner=bob, "
        "renewer=yarn, realUser=gateway, issueDate=1, maxDate=2) is expired"
    )
    for words in (expired, "GSSException: Ticket expired (32)"):
        assert "%restart spark" in causes.of_java(words)


@pytest.mark.parametrize("language", ["scala", "sql"])
def test_cells_of_the_jvm_say_the_same(language: str) -> None:
    """Scala and SQL: the sentence follows what Spark says."""
    outcome = {
        "status": "error",
        "name": "org.apache.spark.SparkException",
        "message": "Job aborted",
    }
    detail = (
        "SparkException: EOFException while reading the port number from pyspark.daemon's stdout"
    )
    outcome |= {"traceback": ["SparkException: Job aborted"], "detail": detail}
    found = result_of(outcome, Recorder(), language, source)
    assert isinstance(found, Failed)
    assert found.traceback[-1].startswith("The executors' Python can't run PySpark")
    assert found.message.endswith("PYSPARK_PYTHON says which Python they run.")
    plain = result_of({**outcome, "detail": "x"}, Recorder(), language, source)
    assert isinstance(plain, Failed) and plain.traceback == ["SparkException: Job aborted"]


def test_a_python_on_the_executors_that_cannot_run_pyspark() -> None:
    """Texts of Spark 4.3's, of a Python 3.8 there and of none."""
    text = """An error occurred while calling z:org.apache.spark.api.python.PythonRDD.collect.
: org.apache.spark.SparkException: Job aborted due to stage failure: Lost task 0.0: \
org.apache.spark.SparkException: Error from python worker:
  Traceback (most recent call last):
    File "/usr/lib/python3.8/runpy.py", line 185, in _run_module_as_main
      mod_name, mod_spec, code = _get_module_details(mod_name, _Error)
  TypeError: 'type' object is not subscriptable
PYTHONPATH was:
  /opt/spark/python/lib/pyspark.zip
org.apache.spark.SparkException: EOFException occurred while reading the port number from \
pyspark.daemon's stdout.
"""
    for found in (causes.of_worker(text, lambda *_: ("", "")) or "", causes.of_java(text)):
        assert "(python3.8) can't run PySpark" in found and "PYSPARK_PYTHON" in found
    outcome = {"status": "error", "name": "X", "message": text, "traceback": [text], "detail": text}
    shown = result_of(outcome, Recorder(), "sql", source)
    assert isinstance(shown, Failed)
    for said in (shown.message, "\n".join(shown.traceback)):  # once
        assert said.startswith("The executors' Python (python3.8)")
        assert said.count("PYSPARK_PYTHON says") == 1
    absent = 'java.io.IOException: Cannot run program "/opt/python3.9/bin/python": error=2, No such'
    assert "PYSPARK_PYTHON" in causes.of_java(absent)
