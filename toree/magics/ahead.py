"""Magics that run while a cell is being written: what they make known can be completed."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import re
import threading
from collections.abc import Iterator

from .. import cell as cells
from ..lines import Nowhere, new_id
from . import Context, Host

#: Seconds that completion waits for a magic; one that takes longer goes on by itself.
PATIENCE = 1.0

#: The lines of a Python cell above its first line of code: nothing of them is inside a string.
_HEAD = re.compile(r"(?:[ \t]*(?:#[^\n]*|%\w[^\n]*)?\n)*")
_LINE = re.compile(r"^%(\w+)([^\n]*)", re.M)


class Ahead:
    """Runs the magics above the cursor that say they are safe, each wording once."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._done: frozenset[tuple[str, str, str]] = frozenset()

    def run(self, text: str, cursor: int, cell: cells.Cell) -> None:
        """
        Args:
            text: the whole cell.
            cursor: where it is completed; what stands below runs when the cell does.
            cell: what the text was parsed to.
        """
        language = cell.language
        if language is None or "%" not in text:
            return
        asked = frozenset(
            (name, line, language)
            for name, line in _calls(text, cursor, cell)
            if (magic := self._host.magics.find("line", name)) is not None and magic.safe
        )
        for name, line, _ in asked - self._done:
            self._run(name, line, language)
        self._done = asked

    def _run(self, name: str, line: str, language: str) -> None:
        magic = self._host.magics.find("line", name)
        assert magic is not None
        context = Context(self._host, Nowhere(new_id()), language, completing=True)

        def work() -> None:
            # What is wrong with it is said when the cell runs.
            with contextlib.suppress(Exception):
                asyncio.run(magic(context, magic.parse(line)))

        scope = contextvars.copy_context()
        thread = threading.Thread(target=scope.run, args=(work,), name="toree-ahead", daemon=True)
        thread.start()
        thread.join(PATIENCE)


def _calls(text: str, cursor: int, cell: cells.Cell) -> Iterator[tuple[str, str]]:
    here = text.count("\n", 0, cursor)
    if cell.before or cell.after:
        for call in (*cell.before, *cell.after):
            if call.kind == "line" and call.line < here:
                yield call.name.lower(), call.arguments
    else:  # IPython's
        head = _HEAD.match(cell.body[: cell.body.rfind("\n", 0, cursor) + 1])
        for name, line in _LINE.findall(head.group() if head else ""):
            yield name.lower(), line.strip()
