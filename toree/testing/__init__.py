"""For those who write a language: a recorder of output, a workspace without Jupyter, the contract.

    from toree.testing import Recorder, run, workspace
    from toree.testing.conformance import Conformance, Sample

Every language of Toree passes the contract. It needs pytest and IPython; this module does not.
"""

from __future__ import annotations

import asyncio
import dataclasses
import queue
from collections.abc import Mapping
from typing import Literal

from ..foreign import UserValue
from ..interpreters.base import Bundle, Interpreter, NoInput, Result
from ..lines import new_id


@dataclasses.dataclass
class Recorder:
    """An `Output` that keeps what it is given, as a list of tuples in order of arrival.

    `came` gets something whenever something comes: a queue, for a signal may end any line, and an
    Event whose `set` is ended half-way stays locked.
    `answers` are what the user types, one per question; none left means no stdin.
    """

    answers: list[str] = dataclasses.field(default_factory=list)
    events: list[tuple[UserValue, ...]] = dataclasses.field(default_factory=list)
    cell: str = dataclasses.field(default_factory=new_id)
    came: queue.SimpleQueue[None] = dataclasses.field(
        default_factory=queue.SimpleQueue, compare=False
    )

    def stream(self, name: Literal["stdout", "stderr"], text: str) -> None:
        if self.events and self.events[-1][:2] == ("stream", name):
            self.events[-1] = ("stream", name, self.events[-1][2] + text)
        else:
            self.events.append(("stream", name, text))
        self.came.put(None)

    def display(
        self,
        data: Bundle,
        metadata: Mapping[str, object] | None = None,
        *,
        display_id: str | None = None,
        update: bool = False,
    ) -> None:
        self.events.append(("update" if update else "display", dict(data)))
        self.came.put(None)

    def clear(self, wait: bool = False) -> None:
        self.events.append(("clear", wait))

    def ask(self, prompt: str, *, password: bool = False) -> str:
        if not self.answers:
            raise NoInput
        self.events.append(("ask", prompt))
        return self.answers.pop(0)

    def renew(self) -> None:
        """Makes it the output of another cell."""
        self.events.clear()
        self.came = queue.SimpleQueue()
        self.cell = new_id()

    def text(self, name: str) -> str:
        """All that was printed to one stream."""
        return "".join(e[2] for e in self.events if e[0] == "stream" and e[1] == name)


def run(
    interpreter: Interpreter, code: str, output: Recorder | None = None, **options: object
) -> Result:
    """Runs one cell to its end; the output goes to `output`."""
    # Not asyncio.run: that would take SIGINT, which belongs to the cell, as the kernel has it.
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(interpreter.execute(code, output or Recorder(), **options))
    finally:
        loop.close()
