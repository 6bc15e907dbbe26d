"""Starts that fail late, stops that come before any start, ends that two threads want at once."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
from session import Session
from victim import (
    READY,
    Subshell,
    asks_to_stop,
    begun,
    companion,
    gone,
    is_companion,
    processes,
    replies,
    stopped,
    until,
)

from toree.companion.companion import Companion
from toree.config import Config
from toree.errors import CompanionFailed
from toree.interpreters.r.child import Child

pytestmark = pytest.mark.spark

LAZY = {**os.environ, "TOREE_OPTS": "--spark-context-initialization-mode lazy"}
PYTHON = f"%%python\nprint({READY!r})\nwhile True: pass"


def jvms(process: psutil.Process) -> list[psutil.Process]:
    return [p for p in process.children(recursive=True) if is_companion(p)]


class Unreachable(Companion):
    """Its JVMs start and answer, and what the front then asks of the first ones fails."""

    tries = 0

    def _open_all(self, entry: Any) -> None:
        self.tries += 1
        if self.tries < 3:
            raise OSError("the connection was cut")
        super()._open_all(entry)


def test_a_start_that_fails_late_leaves_no_jvm() -> None:
    """Nor do the cells that come after it pile them up."""
    me = psutil.Process()
    before = set(jvms(me))
    made = Unreachable(Config(initialization_mode="none"))
    try:
        for _ in range(2):
            with pytest.raises(CompanionFailed, match="can't be reached: the connection was cut"):
                made.entry()
            until(lambda: set(jvms(me)) == before)
        assert made.ask("ping")
        assert len(set(jvms(me)) - before) == 1
    finally:
        made.close()
    until(lambda: set(jvms(me)) == before)


@pytest.fixture(scope="module")
def lazy(specs: Path) -> Iterator[Session]:
    with Session("toree_pyspark", env=LAZY) as session:
        yield session


def test_a_stop_starts_no_jvm(lazy: Session) -> None:
    """By the signal, by a message, in a subshell; before there was a JVM, and after its death."""

    def stops() -> None:
        assert stopped(lazy, PYTHON)[0].reply["ename"] == "KeyboardInterrupt"
        assert (
            stopped(lazy, PYTHON, stop=lambda: asks_to_stop(lazy))[0].reply["ename"]
            == "KeyboardInterrupt"
        )
        asks_to_stop(lazy)  # with nothing running
        if (beside := Subshell(lazy)).id is not None:
            sent = beside.send(PYTHON)
            begun(lazy, sent)
            asks_to_stop(lazy)
            assert replies(lazy, sent)[0]["ename"] == "KeyboardInterrupt"
        assert lazy.run("6*7").result == "42"
        assert [p for p in processes(lazy) if "java" in p.name()] == []

    stops()
    assert lazy.run("spark.range(3).count()", timeout=300).result == "3"
    dead = companion(lazy)
    dead.kill()
    until(lambda: gone([dead]))
    stops()


@pytest.mark.r
def test_an_r_that_several_threads_end(tmp_path: Path) -> None:
    for _ in range(3):
        child = Child(tmp_path / "log")
        assert (child.receive(60) or {}).get("reply") == "ready"
        at_once = threading.Barrier(6)

        def end(number: int, child: Child = child, at_once: threading.Barrier = at_once) -> None:
            at_once.wait()
            if number % 3:
                child.close()
            else:
                child.interrupt("a cell")

        with ThreadPoolExecutor(6) as threads:
            list(threads.map(end, range(6)))  # raises what a thread has raised
        assert child.has_ended
        child.close()
        assert not Path(child._temporary).exists()
