"""Processes that die: what the cell says, what remains, and that nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from pace import Pace
from session import Session
from victim import (
    READY,
    companion,
    gone,
    left,
    processes,
    r_host,
    scratch_of,
    stopped,
    trained,
    until,
)

from toree.companion import build, java, sparkhome

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def mortal(specs: Path) -> Iterator[Session]:
    """A kernel whose JVM is killed again and again."""
    with Session("toree_scala") as session:
        yield session


def test_the_jvm_is_killed_while_a_cell_runs(mortal: Session, measured: dict[str, float]) -> None:
    mortal.run('%%python\nkept = 43; spark.range(3).createOrReplaceTempView("v")')
    mortal.run("val lost = 1")
    jvm = companion(mortal)
    ran, seconds = stopped(mortal, f'println("{READY}"); while (true) {{}}', stop=jvm.kill)
    assert ran.reply["ename"] == "CompanionFailed"
    assert "killed by signal 9" in ran.traceback
    assert ".log)" in ran.traceback
    measured["JVM killed, cell told"] = seconds
    assert seconds < 2
    assert mortal.run("%%python\nkept").result == "43"
    assert mortal.run("6*7").result == "42"
    assert companion(mortal).pid != jvm.pid
    assert "not found: value lost" in mortal.run("lost").traceback
    assert mortal.run("%%python\nspark.range(7).count()").result == "7"
    assert mortal.run("%%sql\nselect 6*7 as answer").status == "ok"
    assert mortal.run("%%sql\nselect * from v").status == "error"


def test_the_jvm_is_killed_while_idle(mortal: Session) -> None:
    mortal.run("%%python\nkept = 44; spark.range(3).count()")
    jvm = companion(mortal)
    jvm.kill()
    jvm.wait(20)  # until the kernel knows: it has taken its child's status
    ran = mortal.run("6*7")
    assert ran.result == "42"
    assert "killed by signal 9" in ran.text("stderr")
    assert ran.text("stderr").count("killed by signal") == 1
    assert "killed" not in mortal.run("6*7").text("stderr")
    assert mortal.run("%%python\nkept").result == "44"


def test_the_jvm_is_killed_under_a_python_cell(mortal: Session, measured: dict[str, float]) -> None:
    jvm = companion(mortal)
    code = f"%%python\nspark\nprint({READY!r})\nsc._jvm.java.lang.Thread.sleep(100000)"
    ran, seconds = stopped(mortal, code, stop=jvm.kill)
    assert ran.status == "error"
    assert "killed by signal 9" in ran.text("stderr")
    measured["JVM killed, Python cell told"] = seconds
    assert seconds < 3
    ran = mortal.run("%%python\nspark.range(7).count()")
    assert ran.result == "7"
    assert mortal.run("6*7").result == "42"


def test_the_jvm_ends_itself(mortal: Session) -> None:
    """A halt the instrumentation doesn't see, from a library or by reflection."""
    code = (
        "val runtime = Runtime.getRuntime\n"
        'runtime.getClass.getMethod("halt", classOf[Int]).invoke(runtime, Int.box(7))'
    )
    ran = mortal.run(code)
    assert "ended with status 7" in ran.traceback
    assert mortal.run("6*7").result == "42"


def test_nothing_of_a_dead_jvm_is_left(mortal: Session) -> None:
    mortal.run("spark.range(10).repartition(3).count()")
    folders = folders_of(companion(mortal))
    assert all(folder.is_dir() for folder in folders)
    companion(mortal).kill()
    until(lambda: not any(folder.exists() for folder in folders), 5)


def folders_of(jvm: psutil.Process) -> list[Path]:
    return [Path(jvm.environ()["TOREE_TEMPORARY"])]


def test_out_of_memory(mortal: Session) -> None:
    assert mortal.run("val kept = 1").status == "ok"
    for code in (
        "val big = Array.fill(1000)(new Array[Long](10000000))",
        "spark.range(300000000).collect()",
    ):
        ran = mortal.run(code)
        assert ran.status == "error", code
        assert "spark.driver.memory" in ran.reply["evalue"] + ran.text("stderr"), ran
        assert mortal.run("kept").result == "1"
    assert mortal.run("spark.range(7).count()").result == "7"


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("def deep(n: Int): Int = 1 + deep(n + 1); deep(0)", "java.lang.StackOverflowError"),
        ('throw new LinkageError("no")', "java.lang.LinkageError"),
        ("throw new ThreadDeath", "java.lang.ThreadDeath"),
        ('throw new InternalError("no")', "java.lang.InternalError"),
        ("System.exit(3)", "toree.ExitRefused"),
        ("Runtime.getRuntime.halt(3)", "toree.ExitRefused"),
        ("sys.exit(3)", "toree.ExitRefused"),
    ],
)
def test_fatal_errors_and_exits_are_errors(mortal: Session, code: str, name: str) -> None:
    jvm = companion(mortal)
    mortal.run("val kept = 5")
    assert mortal.run(code).reply["ename"] == name
    assert mortal.run("kept").result == "5"
    assert companion(mortal).pid == jvm.pid


def test_python_may_ask_to_exit(mortal: Session) -> None:
    mortal.run("%%python\nkept = 6")
    ran = mortal.run("%%python\nimport sys; sys.exit(3)")
    assert (ran.status, ran.reply["ename"]) == ("error", "SystemExit")
    assert mortal.run("%%python\nkept").result == "6"


def test_the_spark_context_is_stopped(mortal: Session) -> None:
    mortal.run("val scalas = 7")
    mortal.run("%%python\npythons = 8")
    for stop in ("spark.stop()", "%%python\nspark.stop()", "sc.stop()"):
        assert mortal.run(stop).status == "ok", stop
        assert mortal.run("spark.range(7).count()").result == "7"
        assert mortal.run("%%python\nspark.range(8).count()").result == "8"
        assert mortal.run("%%sql\nselect 6*7 as answer").status == "ok"
        assert mortal.run("scalas").result == "7"
        assert mortal.run("%%python\npythons").result == "8"


def test_a_task_fails(mortal: Session) -> None:
    ran = mortal.run('sc.parallelize(1 to 4).map(i => if (i == 3) sys.error("three") else i).sum()')
    assert ran.status == "error"
    assert "three" in ran.reply["evalue"]
    assert len(ran.reply["traceback"]) < 60
    assert mortal.run("6*7").result == "42"


def test_what_cannot_be_stopped_is_said_and_left(mortal: Session) -> None:
    """A loop in a library that never calls back: after five seconds the user has the kernel."""
    # Small numbers to keep, so that it is no lack of memory that ends it.
    big = "new java.math.BigInteger(1000000, new java.util.Random(1)).setBit(0)"
    code = f'println("{READY}")\nval big = {big}\njava.math.BigInteger.TWO.modPow(big, big)'
    ran, seconds = stopped(mortal, code, timeout=60)
    assert ran.status == "error"
    assert "%restart scala" in ran.reply["evalue"], ran.traceback
    assert seconds < 7
    companion(mortal).kill()  # it would go on for an hour


@pytest.mark.r
@pytest.mark.parametrize("how", ["killed", "killed while idle", "segfault", "recursion", "q"])
def test_r_dies(mortal: Session, how: str) -> None:
    mortal.run("%%python\nkept = 9")
    assert mortal.run("%%r\nlost <- 1; lost").result == "[1] 1"
    if how == "recursion":
        ran = mortal.run("%%r\nf <- function(n) f(n + 1); f(1)")
        assert (ran.status, mortal.run("%%r\nlost").result) == ("error", "[1] 1")
    elif how == "q":
        ran = mortal.run("%%r\nq()")
        assert "as asked" in ran.text("stderr")
    elif how == "killed while idle":
        host = r_host(mortal)
        host.kill()
        until(lambda: gone([host]))
        ran = mortal.run("%%r\nexists('lost')")
        assert ran.result == "[1] FALSE"
        assert ran.text("stderr").count("killed by SIGKILL") == 1
    else:
        host = r_host(mortal)
        if how == "killed":
            ran, _ = stopped(mortal, f'%%r\ncat("{READY}\\n"); while (TRUE) {{}}', stop=host.kill)
        else:
            ran = mortal.run("%%r\ntools::pskill(Sys.getpid(), 11)")
        assert ran.reply["ename"] == "RDied"
        assert ("SIGKILL" if how == "killed" else "SIGSEGV") in ran.traceback
        assert mortal.run('%%r\nexists("lost")').result == "[1] FALSE"
    assert mortal.run("%%python\nkept").result == "9"
    assert mortal.run("6*7").result == "42"


@pytest.mark.r
@pytest.mark.parametrize("how", ["killed", "spark.stop()", "%restart spark", "%restart scala"])
def test_r_goes_on_with_the_next_session(mortal: Session, how: str) -> None:
    query = "%%r\nDBI::dbGetQuery(spark, 'SELECT 6 * 7 AS x')$x"
    mortal.run("%%r\nkept <- 5")
    assert mortal.run(query).result == "[1] 42"
    if how == "killed":
        jvm = companion(mortal)
        jvm.kill()
        jvm.wait(20)
    else:
        assert mortal.run(how).status == "ok"
    ran = mortal.run(query)
    assert ran.result == "[1] 42", ran.traceback
    assert mortal.run("%%r\nkept").result == "[1] 5"


def test_python_ends_the_kernel_for_good(specs: Path) -> None:
    """os._exit is not carried out cleanly by anyone: the front end starts a new kernel."""
    with Session("toree_scala") as session:
        session.run("spark.range(10).repartition(3).count()")
        until(lambda: trained(session), 200)
        others = processes(session)[1:]
        folders = [scratch_of(session)]
        session.client.execute("%%python\nimport os; os._exit(3)")
        pace, before = Pace(), time.monotonic()
        until_left(others)
        # The last sweep follows the JVM's end.
        until(lambda: not any(folder.exists() for folder in folders))
        assert pace.alone(time.monotonic() - before) < 10


def until_left(everything: list[psutil.Process]) -> None:
    deadline = time.monotonic() + 60
    while left(everything) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left(everything) == []


@pytest.mark.parametrize("busy", [False, True])
def test_the_front_is_killed(specs: Path, busy: bool, measured: dict[str, float]) -> None:
    """No orphan and no file: JVM, Python workers, R, folders, with or without a running cell."""
    session = Session("toree_scala")
    with session:
        session.run("spark.range(10).repartition(3).cache().count()")
        worker = "%%python\nsc.parallelize(range(4), 2).map(lambda x: x + 1).sum()"
        assert session.run(worker).result == "10"
        session.run("%%r\n1")
        until(lambda: trained(session), 200)
        everything = processes(session)
        assert len(everything) >= 4, everything  # front, JVM, PySpark's daemon, R if there is R
        folders = [scratch_of(session)]
        if busy:
            session.client.execute("while (true) {}")
            until(lambda: session.client.get_iopub_msg()["msg_type"] == "execute_input")
        pace, before = Pace(), time.monotonic()
        os.kill(session.pid, signal.SIGKILL)
        until_left(everything)
        until(lambda: not any(folder.exists() for folder in folders))
        measured[f"front killed, all gone (busy: {busy})"] = time.monotonic() - before
        assert pace.alone(time.monotonic() - before) < 10


def test_a_front_that_is_gone_before_the_jvm_is_up(tmp_path: Path) -> None:
    """Its folder went with it, so the address can't be told: the JVM must not stay."""
    spark = sparkhome.find()
    runtime = java.find(*spark.java_range)
    jar = build.companion(spark, runtime, lambda text: None).jar
    command = [str(spark.submit), "--master", "local[1]", "--class", "toree.Main", str(jar)]
    homes = {"JAVA_HOME": str(runtime.launch_home()), "SPARK_HOME": str(spark.home)}
    process = subprocess.Popen(
        [*command, str(tmp_path / "gone" / "address"), "--spark", "lazy"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **homes, "TOREE_TEMPORARY": "", "TOREE_SCRATCH": ""},
    )
    try:
        assert process.wait(120) == 1
    finally:
        process.kill()
        process.communicate()
