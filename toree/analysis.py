"""Questions about a cell that is being written: completion, inspection, whether it is complete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import cell as cells
from .interpreters.base import Completeness, Completion, Interpreter

if TYPE_CHECKING:
    from .host import Host


class Analysis:
    """Asks the language of a cell, then what the others share. Runs no code."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def complete(self, text: str, cursor: int) -> Completion:
        """Completions at a cursor (code points); runs no code and starts nothing."""
        before = cells.magic_at(text, cursor, self._host.config.language, self._host.names)
        cell = self._host.parse(text)
        if before is not None and (cell.language != "python" or before.startswith("%%")):
            return self._complete_magic(before, cursor)
        interpreter, body = self._analysed(cell)
        if interpreter is None:
            return Completion((), cursor, cursor)
        found = interpreter.complete(body, cursor)
        return self._host.sharing.completed(found, interpreter.language, body, cursor)

    def _complete_magic(self, before: str, cursor: int) -> Completion:
        sign = "%%" if before.startswith("%%") else "%"
        word = before[len(sign) :]
        if not word.isidentifier() and word:
            return Completion((), cursor, cursor)
        names = self._host.magics.names("cell") + list(self._host.names) if sign == "%%" else []
        names += self._host.magics.names("line") if sign == "%" else []
        matches = sorted({sign + n for n in names if n.lower().startswith(word.lower())})
        return Completion(matches, cursor - len(before), cursor, ["magic"] * len(matches))

    def inspect(self, text: str, cursor: int, detail: int) -> Any:
        before = cells.magic_at(text, cursor, self._host.config.language, self._host.names)
        cell = self._host.parse(text)
        if before is not None and cell.language != "python":
            magic = self._host.magics.find("line", before.lstrip("%").split(" ")[0])
            if magic is not None:
                return {"text/plain": f"{magic.usage}\n\n{magic.description}"}
        interpreter, body = self._analysed(cell)
        if interpreter is None:
            return None
        return interpreter.inspect(body, cursor, detail) or self._host.sharing.inspected(
            interpreter.language, body, cursor
        )

    def is_complete(self, text: str) -> Completeness:
        cell = self._host.parse(text)
        if cell.language is None:
            return Completeness("complete" if text.endswith("\n") else "incomplete")
        if cell.magics and not cell.body.strip():
            return Completeness("complete")
        interpreter, body = self._analysed(cell)
        return interpreter.is_complete(body) if interpreter else Completeness("unknown")

    def _analysed(self, cell: cells.Cell) -> tuple[Interpreter | None, str]:
        if cell.language is None:
            return None, ""
        return self._host.interpreter(cell.language), cell.body
