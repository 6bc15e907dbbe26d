"""SIGINT while a cell awaits: it may come in any line, the event loop's own too."""

from __future__ import annotations

import asyncio
import signal

import pytest

from toree.signals import cancelling


class Loop(asyncio.SelectorEventLoop):
    """Gets a SIGINT as it notes what a task goes on with, which runs as the task."""

    armed = False

    def call_soon(self, *arguments, **named):  # type: ignore[no-untyped-def]
        if self.armed and asyncio.current_task(self) is not None:
            self.armed = False
            signal.raise_signal(signal.SIGINT)
        return super().call_soon(*arguments, **named)


async def run_code(loop: Loop) -> None:  # by this name IPython runs a cell's code
    loop.armed = True
    while True:
        await asyncio.sleep(0)


def test_a_stop_in_the_event_loop_s_own_code_ends_the_cell_alone() -> None:
    told: list[str] = []

    async def cell(loop: Loop) -> None:
        task = asyncio.current_task()
        assert task is not None
        with cancelling(task, lambda: told.append("stopped")):
            await run_code(loop)

    loop, before = Loop(), signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(asyncio.CancelledError):
            loop.run_until_complete(cell(loop))
        assert told == ["stopped"]
        assert loop.run_until_complete(asyncio.sleep(0, "goes on")) == "goes on"
    finally:
        signal.signal(signal.SIGINT, before)
        loop.close()
