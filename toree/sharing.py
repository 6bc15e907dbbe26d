"""Names cross: around each cell, what it needs is brought in and what it assigned is noted.

The rules are the table's (`variables.py`); a value goes from its owner's `get` to the reader's
`put` in the crossing form (`wire`), when a cell names it, once per version.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from . import running, wire
from .commons import Commons, Lend
from .errors import MagicError, ToreeError
from .interpreters.base import Assignment, Completion, Failed, Interpreter, Output, Result
from .variables import CODE, RESERVED, Name, Variables

_WORD_BEFORE = re.compile(r"(?<![\w.$@%:'\"`])([^\W\d]\w*)$")
_WORD_AFTER = re.compile(r"\w*")
T = TypeVar("T")


class Sharing:
    """The one who carries. `interpreter` gives a language's, `titles` the languages' names."""

    def __init__(
        self,
        interpreter: Callable[[str], Interpreter],
        titles: Mapping[str, str],
        reserved: frozenset[str] = frozenset(),
        commons: Commons | None = None,
        workspace: str = "",
        lend: Lend | None = None,
    ) -> None:
        """
        Args:
            commons: what the workspaces of a kernel share; its owner closes it.
            workspace: the id of this one.
            lend: gives values to another one.
        """
        self.variables = Variables(RESERVED | reserved)
        self._own = None if commons is not None else Commons()
        self.commons = commons or self._own or Commons()
        self.store = self.commons.store
        self.workspace = workspace
        self._lend = lend or (lambda reader, name: self.value(name))
        self.enabled = True
        self._interpreter = interpreter
        self._titles = titles
        # One at a time for each reader: whoever waits for a language that is busy keeps nobody
        # from the others.
        self._carrying: dict[str, threading.RLock] = {}
        # Versions that were kept out of a language by a name of its own, and told of.
        self._told: dict[tuple[str, str], int] = {}

    def close(self) -> None:
        self.commons.forget(self.workspace)
        if self._own is not None:
            self._own.close()

    def assign(self, language: str, assignment: Assignment) -> None:
        """Notes an assignment or a deletion."""
        self.variables.assign(language, assignment)
        if assignment.deleted:
            if assignment.common or assignment.name not in self.commons.names(self.workspace):
                self.commons.remove(assignment.name)
        elif assignment.common:
            self.commons.put(assignment.name, self.workspace, self._lend)

    def title(self, language: str) -> str:
        return self._titles.get(language, language)

    # ---------------------------------------------------------------- around a cell

    def before(self, interpreter: Interpreter, code: str) -> Visit:
        """Brings in what a cell needs; give what it returns to `after`.

        Raises:
            KeyboardInterrupt: the cell was told to stop.
        """
        visit = Visit(interpreter)
        if not self.enabled:
            return visit
        language = interpreter.language
        foreign = {row.name: row for row in self.variables.foreign(language)}
        mine = self.variables.mutable(language)
        if not foreign and not mine:
            return visit
        # A function of an earlier cell reads and changes names its caller does not mention.
        functions = self.variables.code(language)
        if not interpreter.mentions(code, [*foreign, *mine, *functions]):
            return visit
        names = interpreter.references(code)
        visit.touched = [name for name in mine if name in names]
        for name, row in foreign.items():
            if name in names or (interpreter.folds_case and name.casefold() in names):
                private = self.variables.is_private(name)
                if row.seen.get(language) == row.version and not (row.deleted or private):
                    continue
                if not row.deleted and interpreter.own(name):
                    visit.own[name] = row
                elif problem := self._bring(row, interpreter):
                    visit.problems[name] = problem
        running.check()  # a language that was asked may have been done before it heard of a stop
        return visit

    def after(self, visit: Visit, result: Result, output: Output) -> Result:
        """Notes what the cell assigned, and says why a name it wanted did not come."""
        language = visit.interpreter.language
        self.variables.touch(language, visit.touched)
        for assignment in visit.interpreter.assigned():
            self.assign(language, assignment)
        own = {name: self._kept_out(row, language) for name, row in visit.own.items()}
        if isinstance(result, Failed):
            return _explained(result, {**visit.problems, **own}, output)
        for name, kept in visit.own.items():
            if self._told.get((language, name)) != kept.version and kept.kind not in CODE:
                self._told[language, name] = kept.version
                output.stream("stderr", own[name] + "\n")
        for name, problem in visit.problems.items():
            row = self.variables.find(name)
            if row and row.kind in CODE:  # nobody expects another language's function to come
                continue
            output.stream("stderr", f"{problem} The cell used {self.title(language)}'s own.\n")
        return result

    # ---------------------------------------------------------------- one name

    def bring(self, name: str, language: str) -> str:
        """Brings a name over now; the reason if that can't be done."""
        row = self.variables.find(name)
        if row is None or row.deleted:
            raise MagicError(f"No language has shared a name {name!r}.")
        return self.renew(row, language)

    def renew(self, row: Name, language: str) -> str:
        """Brings a name over, or takes a copy back; the reason if it can't come."""
        return "" if row.owner == language else self._bring(row, self._interpreter(language))

    def value(self, name: str) -> wire.Value:
        """The crossing form of a shared name's value.

        Raises:
            KeyError: there is none.
            TypeError: it cannot cross.
        """
        row = self.variables.find(name)
        if row is None or row.deleted:
            raise KeyError(name)
        if row.reason:
            raise TypeError(row.reason)
        return self._interpreter(row.owner).get(name)

    def taken(self, name: str, use: Callable[[wire.Value], T]) -> T:
        """What `use` makes of a name's value, while its file is there."""
        with self.store.crossing():
            return use(self.value(name))

    def names(self) -> list[str]:
        """The names whose values can cross."""
        return [row.name for row in self.variables if not row.reason and row.kind not in CODE]

    def _kept_out(self, row: Name, language: str) -> str:
        name = row.name
        return (
            f"{self.title(row.owner)}'s {name} did not come: {self.title(language)} has a {name} "
            f"of its own (%share {name} --to {language} brings it)."
        )

    def _bring(self, row: Name, reader: Interpreter) -> str:
        """Carries one name; an explanation where it can't."""
        name, language, owner = row.name, reader.language, self.title(row.owner)
        turn = self._carrying.setdefault(language, threading.RLock())
        with running.holding(turn), self.store.crossing():
            problem = self._carry(row, reader, owner)
        if problem:
            reader.drop(name)
            self.variables.dropped(language, [name])
        return problem

    def _carry(self, row: Name, reader: Interpreter, owner: str) -> str:
        name, language = row.name, reader.language
        if row.deleted:
            return f"{name} was deleted in {owner}."
        if self.variables.is_private(name):
            return f"{name} is in {owner} and unshared (%share {name} shares it again)."
        reason = row.reason
        try:
            if not reason:
                reader.put(name, self._interpreter(row.owner).get(name))
                self.variables.brought(language, name, row.version)
                return ""
        except KeyError:
            self.variables.assign(row.owner, Assignment(name, deleted=True))
            return f"{name} is no longer in {owner}."
        except (TypeError, ValueError, OverflowError) as error:
            reason = str(error) or type(error).__name__
        except ToreeError as error:
            reason = error.message
        except Exception as error:  # the owner or the reader has trouble of its own
            reason = _shortly(error)
        return f"{name} is in {owner} and did not come over: {reason}."

    # ---------------------------------------------------------------- analysis

    def completed(self, found: Completion, language: str, code: str, cursor: int) -> Completion:
        """The language's own completions and other languages' names, marked with their origin."""
        word = _WORD_BEFORE.search(code[:cursor])
        if word is None or not self.enabled:
            return found
        start = word.start(1)
        if found.matches and (found.start, found.end) != (start, cursor):
            return found
        have = set(found.matches)
        rows = [
            row
            for row in self._offered(language)
            if row.name.startswith(word.group(1)) and row.name not in have
        ]
        if not rows:
            return found
        types = [*found.types, *[""] * (len(found.matches) - len(found.types))]
        signatures = [*found.signatures, *[""] * (len(found.matches) - len(found.signatures))]
        return Completion(
            [*found.matches, *(row.name for row in rows)],
            start,
            cursor,
            [*types, *(f"{self.title(row.owner)} {row.kind or 'value'}" for row in rows)],
            [*signatures, *(row.type for row in rows)],
        )

    def inspected(self, language: str, code: str, cursor: int) -> dict[str, str] | None:
        """What is known of another language's name at the cursor."""
        after = _WORD_AFTER.match(code, cursor)
        end = after.end() if after else cursor
        word = _WORD_BEFORE.search(code[:end])
        for row in self._offered(language):
            if word and row.name == word.group(1):
                size = f", {row.size}" if row.size else ""
                return {
                    "text/plain": f"{row.name}: {row.type}{size}\nshared by {self.title(row.owner)}"
                }
        return None

    def _offered(self, language: str) -> Iterator[Name]:
        for row in self.variables.foreign(language):
            if not row.deleted and not row.reason and row.kind not in CODE:
                yield row


class Visit:
    """One cell's run: what it may have changed, and what it wanted and did not get."""

    def __init__(self, interpreter: Interpreter) -> None:
        self.interpreter = interpreter
        self.touched: list[str] = []
        self.problems: dict[str, str] = {}
        self.own: dict[str, Name] = {}  # hidden from it by names of its own


def _shortly(error: Exception) -> str:
    """The line of an error that says something: Py4J's first one does not."""
    lines = [line for line in str(error).splitlines() if line.strip()] or [""]
    if lines[0].startswith("An error occurred while calling") and len(lines) > 1:
        return lines[1].strip().lstrip(": ")
    return f"{type(error).__name__}: {lines[0]}"


def _explained(failure: Failed, problems: Mapping[str, str], output: Output) -> Failed:
    """The failure with a line for each name it is about."""

    def told(text: str) -> list[str]:
        return [
            p for name, p in problems.items() if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)
        ]

    # The traceback shows code, with names that are no part of the trouble.
    lines = told(failure.message) or told("\n".join(failure.traceback[-3:]))
    if not lines:
        return failure
    if failure.shown:
        with contextlib.suppress(Exception):
            output.stream("stderr", "\n".join(lines) + "\n")
        return failure
    return dataclasses.replace(failure, traceback=[*failure.traceback, *lines])
