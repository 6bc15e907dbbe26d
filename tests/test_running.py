"""The running cell and its line to the JVM, without either: what must end, ends."""

from __future__ import annotations

import queue
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from toree import running
from toree.companion.calls import Call, Events
from toree.errors import CompanionFailed
from toree.lines import call_of
from toree.running import Running
from toree.testing import Recorder
from toree.underway import Cells


class Pipe:
    """A line whose messages a test puts in."""

    def __init__(self) -> None:
        self.queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.stops = 0
        self.still = 0.0  # seconds this process stands still in each wait

    def receive(self, timeout: float | None) -> Any:
        time.sleep(self.still)
        return self.queue.get(timeout=timeout)

    def post(self, message: Any) -> None:
        self.queue.put(message)

    def takes(self, message: Any) -> bool:
        return False

    def answer(self, question: Any, text: str | None) -> None: ...

    def refuse(self, question: Any, why: str) -> None: ...

    def stop(self) -> None:
        self.stops += 1

    def give_up(self) -> Any:
        return {"reply": "left"}


def test_a_stop_before_the_line_is_there_reaches_it() -> None:
    cell, line = Running("x", Recorder()), Pipe()
    cell.tell()
    assert cell.follow(line, Recorder(), 0.5) == {"reply": "left"}
    assert line.stops == 1


def test_a_stop_at_the_end_of_one_step_keeps_the_next_from_beginning() -> None:
    cells, line = Cells(), Pipe()
    line.post({"reply": "done"})  # before it can hear of the stop
    with cells.running("", Recorder(), lambda: None) as outer:
        outer.tell()
        assert outer.follow(line, Recorder(), 0.5) == {"reply": "done"}
        with pytest.raises(KeyboardInterrupt), cells.running("x", Recorder(), lambda: None):
            pass
    assert not list(cells)


def test_time_in_which_the_front_stands_still_does_not_count() -> None:
    """A front that was frozen for longer than a cell's patience finds the answer, not its end."""
    cell, line = Running("x", Recorder()), Pipe()
    cell.tell()
    line.still = 1.0
    threading.Timer(1.5, line.post, [{"reply": "done"}]).start()
    assert cell.follow(line, Recorder(), 1.5) == {"reply": "done"}


def test_a_question_of_a_cell_that_is_over_ends() -> None:
    line = Call(lambda: None, lambda: None, lambda slow: None)
    with ThreadPoolExecutor(3) as threads:
        before = [threads.submit(line.ask, "name?", False) for _ in range(2)]
        line.receive(5)
        line.receive(5)
        line.close()
        after = threads.submit(line.ask, "name?", False)
        assert [one.result(5) for one in (*before, after)] == [None] * 3


def test_more_output_than_fits_of_a_cell_that_is_over() -> None:
    line = Call(lambda: None, lambda: None, lambda slow: None)
    with ThreadPoolExecutor(1) as threads:
        printing = threads.submit(lambda: [line.event({"event": "x"}) for _ in range(500)])
        time.sleep(0.1)
        line.close()
        printing.result(5)


def test_the_end_of_a_jvm_reaches_every_call_while_others_come_and_go() -> None:
    events, over = Events(), threading.Event()
    lines = [Call(lambda: None, lambda: None, lambda slow: None) for _ in range(50)]
    for number, line in enumerate(lines):
        line.begun = True
        events.calls[str(number)] = line

    def churn() -> None:
        while not over.is_set():
            events.calls["other"] = lines[0]
            del events.calls["other"]

    threads = [threading.Thread(target=churn)]
    threads[0].start()
    try:
        for _ in range(200):
            assert events.fail(CompanionFailed("gone"))
    finally:
        over.set()
        threads[0].join()
    assert all(line.receive(1)["reply"] == "failed" for line in lines)


def test_a_cell_on_another_thread_is_stopped_as_it_waits() -> None:
    cells, output, future = Cells(), Recorder(), Future[None]()
    waits = threading.Event()

    def cell() -> str:
        with cells.running("x", output, lambda: None):
            waits.set()
            with pytest.raises(KeyboardInterrupt):
                running.result(future)
            lock = threading.Lock()
            with lock, pytest.raises(KeyboardInterrupt), running.holding(lock):
                pass
        return "stopped"

    with ThreadPoolExecutor(1) as threads:
        ended = threads.submit(cell)
        waits.wait()
        cells.stop()
        assert ended.result(5) == "stopped"
    assert list(cells) == []


def test_a_stop_reaches_the_cell_that_is_meant() -> None:
    cells, stopped = Cells(), []
    one, other = Recorder(), Recorder()
    with (
        cells.running("x", one, lambda: stopped.append("one")),
        cells.running("x", other, lambda: stopped.append("other")),
    ):
        found = cells.find(call_of(one.cell))
        assert found is not None
        found.stop()
        assert stopped == ["one"]
