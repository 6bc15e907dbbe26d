"""Errors of Python cells as users read them: the cause, the cell's line, no frames of libraries.

The whole of it is kept, for `%tb`.
"""

from __future__ import annotations

import contextlib
import contextvars
import difflib
import re
import sys
import traceback
import types

from ...foreign import IPythonShell, Jupyter
from ...signals import RAISED
from ...spark import causes

#: Packages whose frames say nothing of the user's code.
_FOLDED = frozenset({"pyspark", "py4j", "toree", "IPython", "ipykernel", "asyncio", "concurrent"})
_MAGIC = re.compile(r"^(Line|Cell) magic .*?`(%{1,2})(\w+)` not found")
_SHOWING: contextvars.ContextVar[list[BaseException] | None] = contextvars.ContextVar(
    "showing", default=None
)


class Faults:
    """Stands before IPython's report of an error.

    It also makes an error while a value is displayed one of the cell: IPython shows it, then the
    value in a plainer form, and goes on.
    """

    def __init__(self, shell: IPythonShell) -> None:
        self._shell = shell
        self._source = causes.cells(lambda: shell)
        self._report, self._format = shell.showtraceback, shell.display_formatter.format
        self._send = shell._showtraceback
        self.error: BaseException | None = None  # of the cell that runs
        self.told: tuple[str, str, list[str]] | None = None  # as the front end has it
        shell.showtraceback, shell._showtraceback = self.show, self._sent
        shell.display_formatter.format = self.format

    def begin(self) -> None:
        self.error = self.told = None

    @property
    def whole(self) -> str:
        """All there is to know of the cell's error."""
        if self.error is None:
            return ""
        java = getattr(self.error, "_stackTrace", None)  # PySpark keeps it beside the message
        return "".join(traceback.format_exception(self.error)) + (f"\n{java}" if java else "")

    def format(self, value: Jupyter, *arguments: Jupyter, **options: Jupyter) -> Jupyter:
        errors: list[BaseException] = []
        before = _SHOWING.set(errors)
        try:
            found = self._format(value, *arguments, **options)
        finally:
            _SHOWING.reset(before)
        if errors:
            if getattr(self._shell.displayhook, "msg", None) is not None:
                self._shell.displayhook.msg = None  # the value that will not be shown
            raise errors[0]
        return found

    def show(self, exc_tuple: Jupyter = None, *arguments: Jupyter, **options: Jupyter) -> None:
        error = exc_tuple[1] if exc_tuple else sys.exc_info()[1]
        if (errors := _SHOWING.get()) is not None and error is not None:
            errors.append(error)
            return
        self._suggest(error)
        if not options.get("running_compiled_code") or error is None or _is_group(error):
            self._report(exc_tuple, *arguments, **options)
            return
        if _is_stop(error):
            error = KeyboardInterrupt().with_traceback(error.__traceback__)
            exc_tuple = (KeyboardInterrupt, error, error.__traceback__)
        self.error = error
        folded, cut = _folded(error.__traceback__)
        text = self._cause(error)
        if text is None and not cut:
            self._report(exc_tuple, *arguments, **options)
            return
        shown = error if text is None else _named(error, text)
        self._report((type(shown), shown, folded), *arguments, **options)
        # What `%tb` and `%debug` look at.
        sys.last_type, sys.last_value, sys.last_traceback = (
            type(error),
            error,
            error.__traceback__,
        )

    def _suggest(self, error: BaseException | None) -> None:
        """IPython says that there is no such magic; which one may be meant is added."""
        if error is None or type(error).__name__ != "UsageError":
            return
        if missing := _MAGIC.search(str(error)):
            kind, sign, name = missing.groups()
            known = self._shell.magics_manager.magics[kind.lower()]
            names = {n.lower(): n for n in sorted(known, reverse=True)}  # AddJar before addjar
            if near := difflib.get_close_matches(name.lower(), names, 1):
                error.args = (f"{error} Did you mean {sign}{names[near[0]]}?",)

    def _sent(self, kind: Jupyter, value: Jupyter, lines: list[str]) -> None:
        error = self.error
        if error and (_folded(error.__traceback__)[1] or str(value) != str(error)):
            lines = [*lines, "(%tb shows all of it)"]
        self.told = (kind.__name__, str(value), lines)
        self._send(kind, value, lines)

    def _cause(self, error: BaseException) -> str | None:
        """What to say instead of the error's own message; None where that is fine."""
        kinds = {kind.__name__ for kind in type(error).__mro__}
        with contextlib.suppress(Exception):
            if "Py4JJavaError" in kinds:
                text = str(error)
                return causes.of_worker(text, self._source) or causes.of_java(text)
            if "StreamFailed" in kinds:
                return causes.of_worker(str(error), self._source)
            if "PySparkException" in kinds or "CapturedException" in kinds:
                return causes.of_pyspark(error, self._source)
        return None


def _folded(trace: types.TracebackType | None) -> tuple[types.TracebackType | None, bool]:
    """A traceback without the frames of libraries but the first, which is IPython's call."""
    frames = []
    while trace is not None:
        frames.append(trace)
        trace = trace.tb_next
    kept: list[types.TracebackType] = []
    inside = False  # what a library has called of these is folded with it
    for place, entry in enumerate(frames):
        helps = inside and entry.tb_frame.f_globals.get("__name__") in ("contextlib", "socket")
        inside = place > 0 and (helps or _is_folded(entry.tb_frame))
        if not inside:
            kept.append(entry)
    made: types.TracebackType | None = None
    for frame in reversed(kept):
        made = types.TracebackType(made, frame.tb_frame, frame.tb_lasti, frame.tb_lineno)
    return made, len(kept) < len(frames)


def _is_folded(frame: types.FrameType) -> bool:
    # Of a task, made anew by PySpark: the message has its line.
    if "__traceback_maker" in frame.f_code.co_names:
        return True
    return str(frame.f_globals.get("__name__")).partition(".")[0] in _FOLDED


def _is_stop(error: BaseException) -> bool:
    """Whether it came of a stop: before its exception, or in PySpark, which was cleaning up."""
    stop, before = RAISED.get(), error.__context__
    if stop is not None and stop.overtaken():
        return True
    while before is not None:
        trace = before.__traceback__  # of where it was caught
        if isinstance(before, KeyboardInterrupt) and trace and _is_folded(trace.tb_frame):
            return not isinstance(error, KeyboardInterrupt)
        before = before.__context__
    return False


def _is_group(error: BaseException | None) -> bool:
    while error is not None:
        if type(error).__name__.endswith("ExceptionGroup"):
            return True
        error = error.__context__
    return False


def _named(error: BaseException, text: str) -> BaseException:
    """An exception that looks like this one and says something else."""
    kind = type(type(error).__name__, (Exception,), {"__module__": type(error).__module__})
    found: BaseException = kind(text)
    return found
