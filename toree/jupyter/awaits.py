"""Python cells that await: how the stop button ends them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

from ..signals import cancelling
from .request import REQUEST


@contextlib.contextmanager
def stoppable(shell: Any, cell: asyncio.Future[Any]) -> Iterator[None]:
    """Around a cell that awaits, in place of ipykernel's own, which does not wake the event loop.

    What is awaited is cancelled; the user sees KeyboardInterrupt, as in a cell that does not await.
    """
    request = REQUEST.get()
    errors, shown = shell.custom_exceptions, shell.CustomTB

    def stopped() -> None:
        request.stopped = True

    def show(shell: Any, kind: Any, error: Any, trace: Any, tb_offset: Any = None) -> Any:
        if request.stopped:
            kind, error = KeyboardInterrupt, KeyboardInterrupt()
        lines = shell.InteractiveTB.structured_traceback(kind, error, trace, tb_offset)
        shell._showtraceback(kind, error, lines)
        return lines

    shell.set_custom_exc((asyncio.CancelledError,), show)
    try:
        with cancelling(cell, stopped):
            yield
    finally:
        shell.custom_exceptions, shell.CustomTB = errors, shown
