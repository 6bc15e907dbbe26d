"""Questions about a cell that is being written: none freezes the kernel, whatever goes on in it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pace import Pace
from session import Session
from victim import companion, later, until

pytestmark = pytest.mark.spark

#: Printing a type of 2^40 parts looks for no interrupt.
DEEP = "def f0 = 1\n" + "".join(f"def f{i} = (f{i - 1}, f{i - 1})\n" for i in range(1, 41))


@pytest.fixture
def own(specs: Path) -> Iterator[Session]:
    """A kernel whose JVM goes on at something that does not stop: nobody else's."""
    with Session("toree_scala") as session:
        session.run("1", timeout=300)
        yield session


def test_a_compilation_that_was_left_to_itself(own: Session) -> None:
    """Completion, inspection, is_complete and cells each end; `%restart scala` helps."""
    assert own.run("%%python\nfrom_python = 5").status == "ok"
    assert own.run("val kept = 1").status == "ok"
    sent = own.client.execute(DEEP)
    jvm = companion(own)
    start = sum(jvm.cpu_times()[:2])
    until(lambda: sum(jvm.cpu_times()[:2]) > start + 2, 60)
    own.manager.interrupt_kernel()
    assert own._reply(sent, 60)["content"]["status"] == "error"
    pace, before = Pace(), time.monotonic()
    own.complete("kep|")
    own.inspect("kept|")
    own.is_complete("kept")
    assert pace.alone(time.monotonic() - before) < 15
    for code in ("6*7", "from_python + 1"):  # the second asks the compiler what it names
        ran = own.run(code)
        if ran.status != "ok":  # else the compiler has come to an end after all
            assert ran.reply["ename"] == "CompilerBusy", ran
            assert "%restart scala" in ran.reply["evalue"]
    assert own.run("%restart scala").status == "ok"
    assert own.run("from_python + 1").result == "6"
    assert "ke" not in own.complete("from_pyth|")["matches"]


@pytest.mark.r
def test_an_r_method_that_lists_names_for_ever(kernel: Session) -> None:
    slow = (
        "%%r\n.DollarNames.slow <- function(x, pattern) repeat {}\n"
        'endless <- structure(list(), class = "slow"); kept <- 44L'
    )
    assert kernel.run(slow).status == "ok"
    before, pace = time.monotonic(), Pace()
    assert kernel.complete("%%r\nendless$a|")["matches"] == []
    assert pace.alone(time.monotonic() - before) < 9
    assert kernel.run("%%r\nkept").result == "[1] 44"
    assert "kept" in kernel.complete("%%r\nkep|")["matches"]
    assert kernel.run("%%r\nrm(.DollarNames.slow, endless)").status == "ok"


@pytest.mark.r
def test_what_a_cell_asks_of_r_can_be_stopped(kernel: Session) -> None:
    """`own_names` looks a name up, and an active binding runs code."""
    binding = "%%r\nmakeActiveBinding('bound', function() repeat {}, globalenv()); kept <- 45L"
    assert kernel.run(binding).status == "ok"
    sent = kernel.client.execute("%%r\nbound")
    done = threading.Event()

    def stop() -> None:
        while not done.wait(0.3):
            kernel.manager.interrupt_kernel()

    later(lambda: True, stop)
    try:
        reply = kernel._reply(sent, 30)["content"]
    finally:
        done.set()
    assert reply["status"] == "error"
    assert kernel.run("%%r\nrm(bound); kept").result == "[1] 45"
