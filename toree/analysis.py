"""Questions about a cell that is being written: completion, inspection, whether it is complete."""

from __future__ import annotations

import re
from collections.abc import Callable

from . import cell as cells
from .interpreters.base import Bundle, Completeness, Completion, Interpreter
from .magics import Table, completion
from .magics.dialects import BODIES
from .workspace import Workspace


class Analysis:
    """Asks the language of a cell, then what the others share.

    Runs no code but that of magics that say they are safe.
    """

    def __init__(
        self,
        workspace: Workspace,
        magics: Table,
        default: str,
        known: Callable[[str], bool],
        ahead: Callable[[str, int, cells.Cell], None],
    ) -> None:
        """
        Args:
            workspace: the languages.
            magics: Toree's own.
            default: the language of cells that name none.
            known: whether there is a line magic of a name, Toree's or IPython's.
            ahead: runs the safe magics above the cursor.
        """
        self._ahead = ahead
        self._known = known
        self._workspace = workspace
        self._magics = magics
        self._default = default

    def parse(self, text: str) -> cells.Cell:
        return cells.parse(text, self._default, self._workspace.named, self._known)

    def _code(self, text: str, cell: cells.Cell) -> cells.Cell:
        """The cell, or the code that its cell magic takes (`%%time`)."""
        language = BODIES.get(cell.magic.name.lower()) if cell.magic is not None else None
        end = text.find("\n", text.find("%%"))
        if language is None or end < 0:
            return cell
        body = cells.blank(text[:end]) + text[end:]
        return cells.parse(body, language or self._default, self._workspace.named, self._known)

    def _magic_at(self, text: str, cursor: int, cell: cells.Cell) -> str | None:
        """The magic before the cursor, where Toree and not IPython knows what it is."""
        before = cells.magic_at(text, cursor, self._default, self._workspace.named)
        language = self._workspace.languages.get(cell.language or "")
        ipython = language is not None and language.ipython
        return None if before is None or (ipython and not before.startswith("%%")) else before

    def complete(self, text: str, cursor: int) -> Completion:
        """Completions at a cursor (code points); starts nothing."""
        cell = self.parse(text)
        if (before := self._magic_at(text, cursor, cell)) is not None:
            return self._complete_magic(before, cursor, cell.language or self._default)
        cell = self._code(text, cell)
        self._ahead(text, cursor, cell)
        interpreter, body = self._analysed(cell)
        if interpreter is None:
            return Completion((), cursor, cursor)
        if options := self._options(interpreter, text, cursor, cell):
            return options
        found = interpreter.complete(body, cursor)
        return self._workspace.sharing.completed(found, interpreter.language, body, cursor)

    def _complete_magic(self, before: str, cursor: int, language: str) -> Completion:
        sign = "%%" if before.startswith("%%") else "%"
        word = before[len(sign) :]
        name, space, line = word.partition(" ")
        if space:
            magic = self._magics.find("line" if sign == "%" else "cell", name)
            if magic is None:
                return Completion((), cursor, cursor)
            found, replaced = completion.completed(magic, line, self._workspace.languages)
            return Completion(found, cursor - len(replaced), cursor, ["magic"] * len(found))
        if not word.isidentifier() and word:
            return Completion((), cursor, cursor)
        if sign == "%%":
            names = [*self._magics.names("cell", language), *self._workspace.named]
        else:
            names = self._magics.names("line", language)
        matches = sorted({sign + n for n in names if n.lower().startswith(word.lower())})
        return Completion(matches, cursor - len(before), cursor, ["magic"] * len(matches))

    def _options(
        self, interpreter: Interpreter, text: str, cursor: int, cell: cells.Cell
    ) -> Completion | None:
        """What may stand next behind `%%sql -`; None where code does."""
        start = text.find(cell.options)
        if not cell.options.startswith("-") or cursor > start + len(cell.options):
            return None
        found, replaced = completion.following(interpreter.options, text[start:cursor])
        if not found:
            return None
        return Completion(found, cursor - len(replaced), cursor, ["magic"] * len(found))

    def inspect(self, text: str, cursor: int, detail: int) -> Bundle | None:
        cell = self.parse(text)
        if (before := self._magic_at(text, cursor, cell)) is not None:
            rest = re.match(r"\w*", text[cursor:])
            name = (before.lstrip("%") + (rest.group() if rest else "")).split(" ")[0]
            magic = self._magics.find("line", name)
            if magic is not None:
                return {"text/plain": magic.help}
        cell = self._code(text, cell)
        self._ahead(text, cursor, cell)
        interpreter, body = self._analysed(cell)
        if interpreter is None:
            return None
        return interpreter.inspect(body, cursor, detail) or self._workspace.sharing.inspected(
            interpreter.language, body, cursor
        )

    def is_complete(self, text: str) -> Completeness:
        cell = self.parse(text)
        if cell.language is None:
            return Completeness("complete" if text.endswith("\n") else "incomplete")
        if cell.magics and not cell.body.strip():
            return Completeness("complete")
        interpreter, body = self._analysed(cell)
        return interpreter.is_complete(body) if interpreter else Completeness("unknown")

    def _analysed(self, cell: cells.Cell) -> tuple[Interpreter | None, str]:
        if cell.language is None:
            return None, ""
        return self._workspace.interpreter(cell.language), cell.body
