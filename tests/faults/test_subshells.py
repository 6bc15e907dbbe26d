"""Cells in subshells: each is stopped, keeps its own names, and waits for no other language."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from session import Session, has_r
from victim import READY, Subshell, asks_to_stop, begun, replies, stopped

pytestmark = pytest.mark.spark

ENDLESS = {
    "scala": f'println("{READY}"); while (true) {{}}',
    "python": f"print({READY!r})\nwhile True: pass",
    "sql": "select sum(id % 7 * (id % 11)) from range(100000000000)",
    "r": f'cat("{READY}\\n"); while (TRUE) {{}}',
}


@pytest.fixture(scope="module")
def beside(kernel: Session) -> Iterator[Subshell]:
    made = Subshell(kernel)
    if made.id is None:
        pytest.skip("this ipykernel has no subshells")
    yield made


@pytest.mark.parametrize("language", ["scala", "python", "sql", *(["r"] if has_r else [])])
def test_stop(kernel: Session, beside: Subshell, language: str) -> None:
    sent = beside.send(f"%%{language}\n{ENDLESS[language]}")
    if language == "sql":
        time.sleep(1)  # the test's own: the query is to be under way, and says nothing
    else:
        begun(kernel, sent)
    asks_to_stop(kernel)
    (reply,) = replies(kernel, sent, timeout=30)
    assert reply["status"] == "error", reply
    assert reply["ename"] in ("Interrupted", "KeyboardInterrupt"), reply
    (after,) = replies(kernel, beside.send("%%python\n6*7"))
    assert after["status"] == "ok"
    assert kernel.run("%%python\nspark.range(7).count()").result == "7"


def test_a_stop_that_a_cancelled_job_is_ahead_of(kernel: Session, beside: Subshell) -> None:
    """Its job fails at once, before the exception comes: that was half of the stops here."""
    cell = f"%%python\nprint({READY!r})\nwhile True: spark.range(10).count()"
    for _ in range(8):
        sent = beside.send(cell)
        begun(kernel, sent)
        asks_to_stop(kernel)
        (reply,) = replies(kernel, sent, timeout=30)
        assert reply["ename"] == "KeyboardInterrupt", reply
    caught = "%%python\ntry: 1/0\nexcept ZeroDivisionError: [][1]"
    (reply,) = replies(kernel, beside.send(caught))
    assert reply["ename"] == "IndexError"


def test_a_cell_in_a_subshell_leaves_python_as_it_was(kernel: Session, beside: Subshell) -> None:
    """With an exception of a thread taken back, Python 3.11 never ends where a debugger traces."""
    (reply,) = replies(kernel, beside.send("%%python\n6*7"))
    assert reply["status"] == "ok"
    traced = "import sys\nsys.settrace(lambda *_: None)\nfor i in range(3): pass"
    assert kernel.run(f"%%python\n{traced}", timeout=60).status == "ok"
    assert kernel.run("%%python\nsys.settrace(None)\n6*7", timeout=60).result == "42"


FINALIZER = f"""%%python
class Slow:
    def __del__(self):
        for _ in range(1_000_000): pass
print({READY!r})
while True: Slow()
"""


def test_a_stop_that_falls_where_python_raises_nothing(kernel: Session, beside: Subshell) -> None:
    """Nearly all of the cell's time is a finalizer's, in which an exception is only printed."""
    ran, _ = stopped(kernel, FINALIZER)
    assert ran.reply["ename"] == "KeyboardInterrupt"
    sent = beside.send(FINALIZER)
    begun(kernel, sent)
    asks_to_stop(kernel)
    (reply,) = replies(kernel, sent, timeout=30)
    assert reply["ename"] == "KeyboardInterrupt"
    assert kernel.run("%%python\n6*7").result == "42"


def test_a_stop_of_one_cell_leaves_the_others(kernel: Session, beside: Subshell) -> None:
    """By a client that cancels one of its own (`toree_request`)."""
    slow = "Thread.sleep(2500); val lasted = 7"
    other = kernel.client.execute(f'println("{READY}"); {slow}')
    begun(kernel, other)
    sent = beside.send(ENDLESS["scala"])
    begun(kernel, sent)
    client = kernel.client
    client.control_channel.send(
        client.session.msg("toree_request", {"op": "cancel", "execution": sent})
    )
    client.control_channel.get_msg(timeout=30)
    stopped, went_on = replies(kernel, sent, other)
    assert (stopped["status"], went_on["status"]) == ("error", "ok")
    assert kernel.run("lasted").result == "7"


def test_each_keeps_its_own_names(kernel: Session, beside: Subshell) -> None:
    """What a cell assigned is told of when it ends, whatever has run beside it."""
    long = kernel.client.execute(f'val long = 1; println("{READY}"); Thread.sleep(1500)')
    begun(kernel, long)
    short = beside.send("val short = 2")
    assert [r["status"] for r in replies(kernel, short, long)] == ["ok", "ok"]
    assert kernel.run("%%python\n(long, short)").result == "(1, 2)"


@pytest.mark.r
def test_a_busy_r_holds_up_nobody_else(kernel: Session, beside: Subshell) -> None:
    """A Scala cell waits for a name of R's, and can be stopped; Python reads Scala's meanwhile."""
    assert kernel.run("%%r\nof_r <- 3L").status == "ok"
    assert kernel.run("val of_scala = 4").status == "ok"
    busy = beside.send(f'%%r\ncat("{READY}\\n"); Sys.sleep(20)')
    begun(kernel, busy)
    third = Subshell(kernel)
    waits = third.send("of_r + 1")
    time.sleep(0.5)  # the test's own: it is to wait
    before = time.monotonic()
    assert kernel.run("%%python\nof_scala").result == "4"
    assert time.monotonic() - before < 10
    asks_to_stop(kernel)
    for reply in replies(kernel, waits, busy):
        assert reply["status"] == "error"
    assert kernel.run("of_r + 1").result == "4"


def test_of_cells_with_one_number_the_first_is_remembered(kernel: Session) -> None:
    """Two that end and begin at the same moment: IPython would say in the output of one that its
    database takes no second, and begin a session anew."""
    history = "%%python\nhistory = get_ipython().history_manager\nhistory.writeout_cache()\n"
    before = kernel.run(f"{history}history.session_number").result
    again = "history.store_inputs(len(history.input_hist_parsed) - 1, 'beside')\n"
    assert kernel.run(f"{history}{again}history.writeout_cache()").messages == []
    assert kernel.run(f"{history}history.session_number").result == before


#: A call that a stop does not end; the cell goes on.
STUCK = f"""%%python
latch = spark._jvm.java.util.concurrent.CountDownLatch(1)
group = sc.getLocalProperty("spark.jobGroup.id")
print({READY!r})
try:
    getattr(latch, "await")()
except KeyboardInterrupt:
    again = sc.getLocalProperty("spark.jobGroup.id")
"""
WAITING = """%%scala
import scala.collection.JavaConverters._
Thread.getAllStackTraces.asScala.values.count(_.exists { frame =>
  frame.getClassName == "java.util.concurrent.CountDownLatch" && frame.getMethodName == "await"
})
"""


@pytest.mark.parametrize("where", ["main", "beside"])
def test_a_call_that_is_left_is_not_made_again(
    kernel: Session, beside: Subshell, where: str
) -> None:
    """Py4J makes a call again whose line was lost; what comes after is the cell's as before."""
    kernel.run("%%python\nspark")
    before = int(kernel.run(WAITING).result)
    if where == "main":
        assert stopped(kernel, STUCK)[0].status == "ok"
    else:
        sent = beside.send(STUCK)
        begun(kernel, sent)
        asks_to_stop(kernel)
        assert replies(kernel, sent)[0]["status"] == "ok"
    assert int(kernel.run(WAITING).result) == before + 1
    assert kernel.run("%%python\ngroup is not None and group == again").result == "True"
    assert kernel.run("%%python\nlatch.countDown()").status == "ok"
