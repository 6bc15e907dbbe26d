"""Toree's magics inside IPython's cells."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable, Coroutine
from typing import Any

from ..errors import ToreeError
from ..interpreters.base import Aborted, Failed, Result
from . import Context, Magic, Table

#: IPython's own magics that Toree's go before: they do the same, and more.
_OURS = frozenset({"load_ext"})


def register(shell: Any, magics: Table, context: Callable[[str], Context]) -> None:
    """Makes Toree's magics known to an IPython shell, except where it has one of that name.

    `context` gives a cell's, with the text of a cell magic.
    """
    known = shell.magics_manager.magics
    for magic in magics:
        for name in {magic.name, magic.name.lower()}:
            theirs = known[magic.kind].get(name)
            if theirs is None or hasattr(theirs, "toree") or name in _OURS:
                shell.register_magic_function(_bridged(magic, context), magic.kind, name)


def _bridged(magic: Magic, context: Callable[[str], Context]) -> Callable[..., None]:
    def run(line: str, body: str = "") -> None:
        cell = context(body)
        try:
            result = _finished(magic(cell, magic.parse(line)), cell)
        except ToreeError as error:
            raise _fault(error.ename, str(error), [f"{error.ename}: {error}"]) from None
        match result:
            case Failed():
                raise _fault(result.name, result.message, result.traceback)
            case Aborted():
                raise _fault("Aborted", result.reason, [f"Aborted: {result.reason}"])
            case _ if result.data:
                cell.output.display(result.data, result.metadata)

    run.__doc__ = magic.help
    run.toree = magic  # type: ignore[attr-defined]
    return run


def _finished(work: Coroutine[Any, Any, Result], cell: Context) -> Result:
    """Runs a magic to its end, on a loop of its own: the kernel's is busy with this very cell."""
    done: list[Result | BaseException] = []
    scope = contextvars.copy_context()

    def run() -> None:
        try:
            done.append(scope.run(asyncio.run, work))
        except BaseException as error:
            done.append(error)

    thread = threading.Thread(target=run, name=f"toree-magic-{cell.output.cell}", daemon=True)
    thread.start()
    try:
        thread.join()
    except KeyboardInterrupt:
        cell.host.interrupt()
        cell.host.companion.interrupt(cell.host.workspace_name)
        thread.join(cell.host.config.interrupt_patience)
        raise
    if isinstance(done[0], BaseException):
        raise done[0]
    return done[0]


def _fault(name: str, message: str, lines: Any) -> Exception:
    """An exception that IPython shows as the failure it stands for."""
    kind = type(name, (Exception,), {"_render_traceback_": lambda self: list(lines)})
    fault: Exception = kind(message)
    return fault
