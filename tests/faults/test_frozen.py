"""A laptop that sleeps: every process stands still for a while, alone or all together."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest
from session import Session
from victim import READY, line_of, processes, stopped

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
