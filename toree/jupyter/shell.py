"""IPython, as the Python interpreter uses it (`services.IPython`)."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import sys
from collections.abc import Iterator

from ipykernel.ipkernel import IPythonKernel

from ..foreign import IPythonShell, Json, Jupyter
from .output import KernelOutput
from .request import REQUEST
from .routing import RoutedKernel

#: Characters of a cell's printed text that IPython keeps for `%notebook`; what each piece costs.
_KEPT, _PIECE = 2**20, 50
_BLANKED = re.compile(r"[ \t]+\n(?:[ \t]*\n)*")  # `cell.blank` keeps the length of what it blanks
_LISTENS: dict[str, object] = {}  # to `sys.stdout` and `sys.stderr`: which cell of any shell


@dataclasses.dataclass(frozen=True)
class Shell:
    """IPython, as the Python interpreter uses it (`services.IPython`)."""

    kernel: RoutedKernel
    interactive: IPythonShell = None  # of a private workspace

    @property
    def shell(self) -> IPythonShell:
        return self.kernel.main_shell if self.interactive is None else self.interactive

    @property
    def output(self) -> KernelOutput:
        return KernelOutput(self.kernel, 0)

    async def run(self, code: str, *, part: bool = False) -> Json:
        request = REQUEST.get()
        if not part:
            request.ran = bool(code.strip())
        reply = await IPythonKernel.do_execute(
            self.kernel,
            code,
            request.silent,
            request.store_history and not part,
            None if part else request.user_expressions,
            request.allow_stdin,
            cell_meta=request.cell_meta,
            cell_id=request.cell_id,
        )
        if request.stopped and reply.get("ename") == "CancelledError":
            return {**reply, "ename": "KeyboardInterrupt", "evalue": ""}  # as its message says
        return dict(reply)

    def complete(self, code: str, cursor: int) -> Json:
        return dict(IPythonKernel.do_complete(self.kernel, code, cursor))

    def inspect(self, code: str, cursor: int, detail: int) -> Json:
        return dict(IPythonKernel.do_inspect(self.kernel, code, cursor, detail))

    def is_complete(self, code: str) -> Json:
        return dict(IPythonKernel.do_is_complete(self.kernel, code))


def prepare(shell: IPythonShell) -> None:
    number_once(shell.history_manager)
    keep_little(shell)
    count_all_lines(shell)


def count_all_lines(shell: IPythonShell) -> None:
    """Errors name the line of the whole cell, as in other languages.

    What is blank where `%%python` and line magics stood would be taken away, and not counted.
    """
    transform = shell.transform_cell

    def transformed(code: str) -> str:
        head = _BLANKED.match(code)
        return "\n" * (head.group().count("\n") if head else 0) + str(transform(code))

    shell.transform_cell = transformed


def keep_little(shell: IPythonShell) -> None:
    """Bounds what IPython 9 keeps of each cell's printed text: else all of it, to the end.

    Of cells beside each other the first alone is listened to: each puts back what it has found, and
    what another had put there would stay, one more for each such pair.
    """
    tee = getattr(shell, "_tee", None)
    if tee is None:
        return

    @contextlib.contextmanager
    def bounded(channel: str) -> Iterator[None]:
        stream, left = getattr(sys, channel), _KEPT
        if _LISTENS.setdefault(channel, mine := object()) is not mine:
            yield
            return
        plain = stream.write
        try:
            with tee(channel):
                keeping = stream.write

                def write(text: str, *more: Jupyter, **options: Jupyter) -> Jupyter:
                    nonlocal left
                    written = (keeping if left > 0 else plain)(text, *more, **options)
                    left -= len(text) + _PIECE
                    return written

                stream.write = write
                yield
        finally:  # IPython's own has none
            stream.write = plain
            del _LISTENS[channel]

    shell._tee = bounded


def number_once(history: Jupyter) -> None:
    """Keeps the first of the cells that have one number, as those that run beside each other do.

    IPython would tell in the output of one of them that its database takes no second, and begin a
    session anew.
    """
    store = history.store_inputs

    def first(line_num: int, *sources: Jupyter) -> None:
        if line_num >= len(history.input_hist_parsed):
            store(line_num, *sources)

    history.store_inputs = first
