"""The way to the process that runs a cell, and the ids by which both know it."""

from __future__ import annotations

import itertools
import uuid
from typing import Protocol

from .foreign import Json
from .interpreters.base import NoInput

Message = Json  # `event` names what it is; the last one has `reply` in its place

STOP: Message = {"event": "stop"}


def new_id() -> str:
    """A cell's id: also of its Spark jobs, and so unique over all kernels of an application."""
    return f"toree-{uuid.uuid4().hex[:12]}"


def call_of(cell: str) -> str:
    """An id for one of the calls that a cell makes of the JVM; `Cells.find` knows the cell by it.

    Py4J sends a call again when its connection breaks, so the JVM runs no id twice.
    """
    return f"{cell}.{next(_CALLS)}"


_CALLS = itertools.count(1)


class Line(Protocol):
    """The way to the process that runs a cell: a call of the JVM's, or R's pipes."""

    def receive(self, timeout: float | None) -> Message | None:
        """The process's next message; None when it is gone.

        Raises:
            queue.Empty: none has come in this time.
        """

    def post(self, message: Message) -> None:
        """Puts a message among the process's; from any thread, a signal's handler too."""

    def takes(self, message: Message) -> bool:
        """Takes a message that is the line's own business; on the cell's thread."""

    def answer(self, question: Message, text: str | None) -> None:
        """What the user typed; None: nothing, and no more will come."""

    def refuse(self, question: Message, why: str) -> None:
        """Nobody can be asked; "": the cell was stopped instead."""

    def stop(self) -> None:
        """Tells the process to stop the cell; on the cell's thread, more than once if need be."""

    def give_up(self) -> Message | None:
        """It has not stopped in time: what is the cell's reply then; None: go on waiting."""


class Nowhere:
    """The output of what shows nothing and can ask nobody."""

    def __init__(self, cell: str = "") -> None:
        self.cell = cell

    def stream(self, name: str, text: str) -> None: ...

    def display(self, *shown: object, **how: object) -> None: ...

    def clear(self, wait: bool = False) -> None: ...

    def ask(self, prompt: str, *, password: bool = False) -> str:
        raise NoInput
