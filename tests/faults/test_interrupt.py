"""The stop button: within a second the cell has ended, and everything else is as it was."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from session import Session
from victim import READY, companion, stopped, until

pytestmark = pytest.mark.spark

LIMIT = 1  # seconds a cell may take to end, on a machine that has time for it

SCALA = {
    "while": "while (true) {}",
    "do while": "var i = 0; do { i += 1 } while (i >= 0 || i < 0)",
    "tail recursion": "@annotation.tailrec def go(n: Long): Long = go(n + 1); go(0)",
    "deep recursion": (
        "def deep(n: Int): Int = if (n == 0) 0 else 1 + deep(n - 1)\nwhile (true) deep(1000)"
    ),
    "iterator": "Iterator.continually(1).foreach(_ => ())",
    "lazy list": "LazyList.from(1).filter(_ < 0).head",
    "sleep": "Thread.sleep(100000)",
    "await": (
        "import scala.concurrent._; import scala.concurrent.duration._\n"
        "Await.result(Promise[Int]().future, Duration.Inf)"
    ),
    "regular expression": '("a" * 60).matches("(.*a){30}b")',
    "println": 'while (true) println("and on and on")',
    "println without end of line": 'while (true) print("x" * 1000)',
    "a handler that catches all": (
        "while (true) try { while (true) {} } catch { case e: Exception => }"
    ),
    "spark action": "spark.range(1000000).map(x => { Thread.sleep(1000); x }).collect()",
    "spark action without end": 'spark.range(100000000000L).selectExpr("sum(id % 7 * 3)").show()',
    "wait": "new Object().synchronized { val o = new Object; o.synchronized { o.wait() } }",
    "queue": "new java.util.concurrent.LinkedBlockingQueue[Int]().take()",
}

PYTHON = {
    "while": "while True: pass",
    "sleep": "import time; time.sleep(100)",
    "py4j call": "sc._jvm.java.lang.Thread.sleep(100000)",
    "pandas udf": (
        "import pandas, time\nfrom pyspark.sql.functions import pandas_udf\n"
        "@pandas_udf('long')\ndef slow(s: pandas.Series) -> pandas.Series:\n"
        "    time.sleep(100); return s\n"
        "spark.range(10).select(slow('id')).collect()"
    ),
    "spark action": "spark.range(100000000000).selectExpr('sum(id % 7 * (id % 11))').collect()",
}

R = {
    "while": "while (TRUE) {}",
    "sleep": "Sys.sleep(100)",
    "vectors": "v <- numeric(1e6); repeat v * 2",
}


@pytest.fixture(autouse=True)
def everything_is_as_it_was(kernel: Session) -> Iterator[None]:
    assert kernel.run("val scalas = 42").status == "ok"
    assert kernel.run("%%python\npythons = 43").status == "ok"
    yield
    assert kernel.run("scalas").result == "42"
    assert kernel.run("%%python\npythons").result == "43"
    assert kernel.run("%%python\nspark.range(7).count()").result == "7"
    assert kernel.run("%%sql\nselect 6*7 as answer").status == "ok"


@pytest.mark.parametrize("what", SCALA)
def test_scala(kernel: Session, what: str, measured: dict[str, float]) -> None:
    if (
        "LazyList" in SCALA[what]
        and kernel.run("util.Properties.versionNumberString").result < "2.13"
    ):
        pytest.skip("Scala 2.12 has no LazyList")
    ran, measured[f"Scala, {what}"] = stopped(kernel, f'println("{READY}"); {SCALA[what]}')
    assert (ran.status, ran.reply["ename"]) == ("error", "Interrupted")
    assert measured[f"Scala, {what}"] < LIMIT


def test_scala_reading_from_a_socket(kernel: Session, measured: dict[str, float]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ran, measured["Scala, socket read"] = stopped(
            kernel,
            f'val s = new java.net.Socket("127.0.0.1", {port}); println("{READY}")\n'
            "s.getInputStream.read()",
        )
    assert (ran.status, ran.reply["ename"]) == ("error", "Interrupted")
    assert measured["Scala, socket read"] < LIMIT


def test_a_long_compilation(kernel: Session, measured: dict[str, float]) -> None:
    """It runs when the JVM has worked for half a second since the cell came."""
    jvm = companion(kernel)
    before = _worked(jvm)

    def compiles(message: dict[str, object]) -> bool:
        if message["msg_type"] == "execute_input":
            until(lambda: _worked(jvm) > before + 0.5, 30)
            return True
        return False

    long = "\n".join(
        f"val y{i} = List({i}).map(_ + 1).filter(_ > {i}).zipWithIndex" for i in range(1500)
    )
    ran, seconds = stopped(kernel, long, ready=compiles)
    assert (ran.status, ran.reply["ename"]) == ("error", "Interrupted")
    measured["Scala, compilation"] = seconds
    assert seconds < LIMIT


def _worked(jvm: psutil.Process) -> float:
    """Seconds of its Java threads alone: a JVM compiles and collects on others, cell or not."""
    own = ("C1 ", "C2 ", "G1 ", "GC ", "VM ")
    return sum(
        thread.user_time + thread.system_time
        for thread in jvm.threads()
        if not _name(jvm.pid, thread.id).startswith(own)
    )


def _name(process: int, thread: int) -> str:
    """That of a thread that has ended meanwhile (compilers come and go) counts as a JVM's own."""
    try:
        return Path(f"/proc/{process}/task/{thread}/comm").read_text()
    except OSError:
        return "VM "


@pytest.mark.parametrize("what", PYTHON)
def test_python(kernel: Session, what: str, measured: dict[str, float]) -> None:
    kernel.run("%%python\nspark")
    ran, seconds = stopped(kernel, f"%%python\nprint({READY!r})\n{PYTHON[what]}")
    assert (ran.status, ran.reply["ename"]) == ("error", "KeyboardInterrupt")
    assert "while sending command" not in ran.text("stderr")  # of Py4J's
    assert "recv_into" not in ran.traceback
    measured[f"Python, {what}"] = seconds
    assert seconds < LIMIT


def test_an_answer_that_was_not_awaited_is_not_taken_for_another(kernel: Session) -> None:
    for round in range(5):
        stopped(
            kernel, f"%%python\nprint({READY!r})\nsc._jvm.java.lang.Thread.sleep(3000 + {round})"
        )
        code = f"%%python\nsc._jvm.java.lang.Integer.toString({round})"
        assert kernel.run(code).result == f"'{round}'"


@pytest.mark.r
@pytest.mark.parametrize("what", R)
def test_r(kernel: Session, what: str, measured: dict[str, float]) -> None:
    kernel.run("%%r\nrs <- 44")
    ran, seconds = stopped(kernel, f'%%r\ncat("{READY}\\n"); {R[what]}')
    assert (ran.status, ran.reply["ename"]) == ("error", "Interrupted")
    measured[f"R, {what}"] = seconds
    assert seconds < LIMIT
    assert kernel.run("%%r\nrs").result == "[1] 44"


def jobs(kernel: Session) -> int:
    code = "%%python\nlen(sc.statusTracker().getActiveJobsIds())"
    return int(kernel.run(code).result)


def test_a_python_query_that_is_planned_for_long(kernel: Session) -> None:
    """The cell is the user's again at once; the job it would have become does not come."""
    kernel.run("""
        spark.udf.register("slow", (x: Int) => { Thread.sleep(9000); x })
        spark.range(1).count()""")
    query = "select sum(hash(id)) + slow(1) from range(1000000000000)"  # folded by the optimizer
    ran, _ = stopped(kernel, f"%%python\nprint('{READY}')\nspark.sql('{query}').collect()")
    assert ran.reply["ename"] == "KeyboardInterrupt", ran
    jobs = "spark.sparkContext.statusTracker.getActiveJobIds.length"
    time.sleep(10)  # the test's own: the planning is to end
    until(lambda: kernel.run(jobs).result == "0", 5)


def test_sql_and_only_its_own_jobs(kernel: Session, measured: dict[str, float]) -> None:
    """A job that a thread of an earlier cell runs goes on while a SQL cell is stopped."""
    kernel.run(
        'val job = new Thread(() => { sc.setJobGroup("mine", ""); '
        "sc.parallelize(1 to 1, 1).map { x => Thread.sleep(4000); x }.collect(); done = true })\n"
        "@volatile var done = false\njob.setDaemon(true); job.start()"
    )
    runs = "while (sc.statusTracker.getActiveJobIds.isEmpty) Thread.sleep(10)"
    assert kernel.run(runs).status == "ok"
    slow = "%%sql\nselect sum(id % 7 * (id % 11)) from range(100000000000)"

    def begun(message: dict[str, object]) -> bool:
        if message["msg_type"] != "execute_input":
            return False
        tasks = psutil.Process(companion(kernel).pid)
        before = sum(tasks.cpu_times()[:2])
        until(lambda: sum(tasks.cpu_times()[:2]) > before + 0.5, 30)
        return True

    ran, seconds = stopped(kernel, slow, ready=begun)
    assert (ran.status, ran.reply["ename"]) == ("error", "Interrupted")
    measured["SQL, a query"] = seconds
    assert seconds < LIMIT
    assert kernel.run("job.join(20000); done").result == "true"


def test_by_message_as_from_a_remote_client(kernel: Session) -> None:
    def ask() -> None:
        session = kernel.client.session
        kernel.client.control_channel.send(session.msg("interrupt_request", {}))
        assert kernel.client.get_control_msg(timeout=10)["msg_type"] == "interrupt_reply"

    for code in (
        f'println("{READY}"); while (true) {{}}',
        f"%%python\nprint({READY!r})\nwhile True: pass",
    ):
        ran, seconds = stopped(kernel, code, stop=ask)
        assert ran.status == "error"
        assert seconds < LIMIT


def test_stop_twice_and_with_nothing_running(kernel: Session) -> None:
    for _ in range(3):
        kernel.manager.interrupt_kernel()
    assert kernel.run("6*7").result == "42"

    def twice() -> None:
        kernel.manager.interrupt_kernel()
        kernel.manager.interrupt_kernel()

    for code in ("while (true) {}", "Thread.sleep(100000)"):
        ran, seconds = stopped(kernel, f'println("{READY}"); {code}', stop=twice)
        assert (ran.status, ran.reply["ename"]) == ("error", "Interrupted")
        assert seconds < LIMIT
        assert kernel.run("6*7").result == "42"
    kernel.manager.interrupt_kernel()
    assert kernel.run("%%python\n6*7").result == "42"


def test_cells_queued_behind_are_aborted(kernel: Session) -> None:
    behind: list[str] = []

    def stop() -> None:
        behind.extend(kernel.client.execute(f"val behind{i} = {i}") for i in range(3))
        # They have been received when the kernel answers on its control channel after them.
        time.sleep(0.2)
        kernel.manager.interrupt_kernel()

    ran, _ = stopped(kernel, f'println("{READY}"); while (true) {{}}', stop=stop)
    assert ran.status == "error"
    replies = [kernel._reply(sent, 30)["content"]["status"] for sent in behind]
    assert replies == ["aborted"] * 3
    assert kernel.run("behind1").status == "error"


def test_a_stop_at_any_moment_of_a_short_cell_leaves_it_a_reply(kernel: Session) -> None:
    chance = random.Random(3)
    for _ in range(80):
        code = chance.choice(["6*7", "%%python\n6*7", "%%r\n6*7", "%%sql\nselect 6*7 as answer"])
        sent = kernel.client.execute(code)
        time.sleep(chance.choice([0, chance.uniform(0, 0.01), chance.uniform(0, 0.06)]))
        kernel.manager.interrupt_kernel()
        assert kernel._reply(sent, 30)["content"]["status"] in ("ok", "error")
