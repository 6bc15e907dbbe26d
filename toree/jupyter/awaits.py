"""Python cells that await: how the stop button ends them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator

from ..foreign import IPythonShell, Jupyter
from ..signals import RAISED, cancelling
from .request import REQUEST


@contextlib.contextmanager
def stoppable(shell: object, cell: asyncio.Future[object]) -> Iterator[None]:
    """Around a cell that awaits, in place of ipykernel's own, which does not wake the event loop.

    What is awaited is cancelled; the user sees KeyboardInterrupt, as in a cell that does not await.
    """
    with _told(shell) as stopped, cancelling(cell, stopped):
        yield


@contextlib.contextmanager
def cancellable(shell: object, cell: asyncio.Future[object]) -> Iterator[None]:
    """The same in a subshell, which no signal reaches."""
    stop = RAISED.get()
    with _told(shell) as stopped:
        if stop is not None:
            stop.task = asyncio.get_running_loop(), cell, stopped
        try:
            yield
        finally:
            if stop is not None:
                stop.task = None


@contextlib.contextmanager
def _told(shell: IPythonShell) -> Iterator[Callable[[], None]]:
    """Gives what is to be called when the user stops the cell: that it is shown as that."""
    request = REQUEST.get()
    errors, shown = shell.custom_exceptions, shell.CustomTB

    def stopped() -> None:
        request.stopped = True

    def show(
        shell: IPythonShell,
        kind: Jupyter,
        error: Jupyter,
        trace: Jupyter,
        tb_offset: Jupyter = None,
    ) -> Jupyter:
        if request.stopped:
            kind, error = KeyboardInterrupt, KeyboardInterrupt()
        lines = shell.InteractiveTB.structured_traceback(kind, error, trace, tb_offset)
        shell._showtraceback(kind, error, lines)
        return lines

    shell.set_custom_exc((asyncio.CancelledError,), show)
    try:
        yield stopped
    finally:
        shell.custom_exceptions, shell.CustomTB = errors, shown
