"""A laptop that sleeps: every process stands still for a while, alone or all together."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest
from session import Session, has_r
from victim import READY, companion, line_of, processes, stopped

pytestmark = pytest.mark.spark

#: Seconds of sleep. A minute was tried by hand: docs/reliability.md.
SLEEP = float(os.environ.get("TOREE_SLEEP", "3"))
CELL = (
    f'println("{READY}")\n'
    'def sum = spark.range(100000).selectExpr("sum(id)").first.getLong(0)\n'
    "val sums = for (i <- 1 to 4) yield { println(i); sum }\n"
    "sums.distinct"
)


@pytest.fixture(scope="module")
def all_running(kernel: Session) -> Iterator[Session]:
    kernel.run("%%python\nsc.parallelize(range(4), 2).map(lambda x: x + 1).sum()")
    kernel.run("%%r\nkept <- 1")
    yield kernel


def still(pids: list[int]) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(SLEEP)  # the test itself: nothing to wait for
    finally:
        for pid in reversed(pids):
            os.kill(pid, signal.SIGCONT)


def test_all_at_once_with_a_cell_running(all_running: Session) -> None:
    pids = [p.pid for p in processes(all_running)]
    ran, _ = stopped(all_running, CELL, stop=lambda: still(pids), timeout=60 + 2 * SLEEP)
    assert ran.status == "ok"
    assert ran.text("stdout").endswith("1\n2\n3\n4\n")
    assert "4999950000" in str(ran.result)


def test_each_in_turn(all_running: Session) -> None:
    for process in processes(all_running):
        name = " ".join(line_of(process))[:80]
        ran, _ = stopped(
            all_running, CELL, stop=lambda pid=process.pid: still([pid]), timeout=60 + 2 * SLEEP
        )
        assert ran.status == "ok", name
        ran = all_running.run("%%python\nsc.parallelize(range(4), 2).map(lambda x: x + 1).sum()")
        assert ran.result == "10", name
        assert all_running.run("sums.size").result == "4", name


PATIENCE = """%%python
import dataclasses
_front = get_ipython().kernel.companion
_front.config = dataclasses.replace(_front.config, interrupt_patience={})
"""
ENDLESS = {
    "scala": f'println("{READY}"); val kept = 7; while (true) {{}}',
    "python": f"print({READY!r})\nwhile True: pass",
    "r": f'cat("{READY}\\n"); while (TRUE) {{}}',
}


@pytest.fixture
def impatient(all_running: Session) -> Iterator[Session]:
    """A kernel whose stopped cells have half as long as anybody sleeps."""
    all_running.run(PATIENCE.format(SLEEP / 2))
    yield all_running
    all_running.run(PATIENCE.format(5.0))


def sleeps(pid: int, before: bool) -> None:
    """The front is stopped as it falls asleep (`before`: presses come while it sleeps)."""
    if not before:
        os.kill(pid, signal.SIGINT)
    os.kill(pid, signal.SIGSTOP)
    try:
        if before:
            os.kill(pid, signal.SIGINT)
        time.sleep(SLEEP)  # the test itself: nothing to wait for
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize("language", ["scala", "python", *(["r"] if has_r else [])])
@pytest.mark.parametrize("pressed", ["before it sleeps", "in its sleep"])
def test_a_front_that_sleeps_between_a_stop_and_its_answer(
    impatient: Session, language: str, pressed: str
) -> None:
    """It finds the answer, and not that the time for it is over."""
    ran, _ = stopped(
        impatient,
        f"%%{language}\n{ENDLESS[language]}",
        stop=lambda: sleeps(impatient.pid, pressed == "in its sleep"),
        timeout=60 + 2 * SLEEP,
    )
    assert ran.reply["ename"] in ("Interrupted", "KeyboardInterrupt"), ran
    assert "%restart" not in ran.reply["evalue"] + ran.text("stderr"), ran
    assert impatient.run("6 * 7").result == "42"
    assert impatient.run("%%python\nspark.range(7).count()").result == "7"


def test_a_jvm_that_sleeps_when_it_is_to_stop(impatient: Session) -> None:
    """The cell is left to itself, its late answer is nobody's, and the JVM is the next cell's."""
    jvm = companion(impatient)

    def stop() -> None:
        jvm.suspend()
        impatient.manager.interrupt_kernel()

    ran, _ = stopped(impatient, ENDLESS["scala"], stop=stop, timeout=60)
    assert "%restart scala" in ran.reply["evalue"], ran
    jvm.resume()
    assert impatient.run("6 * 7", timeout=60).result == "42"
    assert impatient.run("%%python\nspark.range(7).count()").result == "7"
