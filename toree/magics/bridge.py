"""Toree's magics inside IPython's cells."""

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
from collections.abc import Callable, Coroutine, Iterable, Sequence

from ..display import flush
from ..errors import ToreeError
from ..foreign import IPythonShell
from ..interpreters.base import Aborted, Failed, Result
from . import Context, Magic, Table

#: IPython's own magics that Toree's go before: they do the same, and more.
_OURS = frozenset({"load_ext"})


def register(shell: IPythonShell, magics: Table, context: Callable[[str], Context]) -> None:
    """Makes Toree's magics known to an IPython shell, except where it has one of that name.

    `context` gives a cell's, with the text of a cell magic.
    """
    known = shell.magics_manager.magics
    for magic in magics:
        for name in {magic.name, magic.name.lower()}:
            theirs = known[magic.kind].get(name)
            if theirs is None or hasattr(theirs, "toree") or name in _OURS:
                shell.register_magic_function(_bridged(magic, context), magic.kind, name)


def register_languages(
    shell: IPythonShell, names: Iterable[str], context: Callable[[str], Context]
) -> None:
    """Makes cells of other languages callable from code, as callbacks of widgets do:

    get_ipython().run_cell_magic("sql", "-o found", "select ...")
    """
    known = shell.magics_manager.magics["cell"]
    for name in names:
        if name not in known or hasattr(known[name], "toree"):
            shell.register_magic_function(_language(name, context), "cell", name)


def _language(name: str, context: Callable[[str], Context]) -> Callable[..., None]:
    def run(line: str, body: str = "") -> None:
        cell = context(body)
        _done(cell.host.run(f"%%{name} {line}\n{body}", cell.output), cell)

    run.__doc__ = f"Runs the cell as {name}."
    run.toree = name  # type: ignore[attr-defined]
    return run


def _bridged(magic: Magic, context: Callable[[str], Context]) -> Callable[..., None]:
    def run(line: str, body: str = "") -> None:
        cell = context(body)
        try:
            work = magic(cell, magic.parse(line))
        except ToreeError as error:
            raise _fault(error.ename, str(error), [f"{error.ename}: {error}"]) from None
        _done(work, cell)

    run.__doc__ = magic.help
    run.toree = magic  # type: ignore[attr-defined]
    return run


def _done(work: Coroutine[None, None, Result], cell: Context) -> None:
    """Runs it and shows what comes of it."""
    flush()
    try:
        result = _finished(work, cell)
    except ToreeError as error:
        raise _fault(error.ename, str(error), [f"{error.ename}: {error}"]) from None
    match result:
        case Failed():
            raise _fault(result.name, result.message, result.traceback)
        case Aborted():
            raise _fault("Aborted", result.reason, [f"Aborted: {result.reason}"])
        case _ if result.data:
            cell.output.display(result.data, result.metadata)


def _finished(work: Coroutine[None, None, Result], cell: Context) -> Result:
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
        thread.join(cell.host.config.interrupt_patience)
        raise
    if isinstance(done[0], BaseException):
        raise done[0]
    return done[0]


def _fault(name: str, message: str, lines: Sequence[str]) -> Exception:
    """An exception that IPython shows as the failure it stands for."""
    kind = type(name, (Exception,), {"_render_traceback_": lambda self: list(lines)})
    fault: Exception = kind(message)
    return fault


def remember(failure: Failed) -> None:
    """Makes another language's failure the one that IPython's `%tb` shows the whole of."""
    lines = (failure.detail or "\n".join(failure.traceback)).splitlines()
    fault = _fault(failure.name, failure.message, lines)
    sys.last_type, sys.last_value, sys.last_traceback = type(fault), fault, None
    if hasattr(sys, "last_exc"):  # from Python 3.12 on, once there was one
        setattr(sys, "last_exc", fault)  # noqa: B010  (unknown to older ones)
