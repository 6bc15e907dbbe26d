"""The table of shared names: who assigned each last, in which version, and who has seen it.

Pure bookkeeping: no value is kept here and nothing crosses. The rules:

- The last assignment in any language wins; it makes a new version and takes the name over.
- A cell of the owner that names a value which can change in place makes a new version as well.
- Deleting leaves a tombstone, so that a language which holds a copy learns of it.
- A version crosses to a language once (`brought`); what cannot cross carries the reason.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Collection, Iterable, Iterator

from .interpreters.base import Assignment, Sort

#: Toree's own names in cells, which are never shared; each language has more (`Language.reserved`).
RESERVED = frozenset({"spark", "sc", "sqlContext", "kernel"})

#: What is no value but code: not listed by `%shared`, yet known when another language asks.
CODE: frozenset[Sort] = frozenset({"module", "function", "class"})


@dataclasses.dataclass(frozen=True)
class Name:
    """A row of the table."""

    name: str
    owner: str  # the language that assigned it last
    version: int
    kind: Sort = ""
    type: str = ""
    size: str = ""
    mutable: bool = False
    reason: str = ""  # why it cannot cross; empty where it can, as far as is known
    deleted: bool = False
    #: The version each other language holds a copy of.
    seen: dict[str, int] = dataclasses.field(default_factory=dict)

    @property
    def visible(self) -> list[str]:
        """The languages that hold the present version, the owner first."""
        others = sorted(lang for lang, seen in self.seen.items() if seen == self.version)
        return [self.owner, *(lang for lang in others if lang != self.owner)]


class Variables:
    """The table. Thread-safe: cells of subshells run side by side."""

    def __init__(self, reserved: frozenset[str] = RESERVED) -> None:
        self._reserved = reserved
        self._rows: dict[str, Name] = {}
        self._private: set[str] = set()
        self._version = 0
        self._lock = threading.RLock()

    def __iter__(self) -> Iterator[Name]:
        """The living names, in alphabetical order."""
        with self._lock:
            rows = [self._rows[name] for name in sorted(self._rows)]
        return iter([row for row in rows if not row.deleted])

    def find(self, name: str) -> Name | None:
        """The row of a name, tombstones included."""
        return self._rows.get(name)

    def shareable(self, name: str) -> bool:
        """Whether values of this name are shared at all."""
        return bool(name) and name[0] not in "_." and name not in self._reserved

    # ---------------------------------------------------------------- the owner's side

    def assign(self, language: str, assignment: Assignment) -> None:
        """Notes an assignment or a deletion that a cell of `language` made."""
        name = assignment.name
        if not self.shareable(name):
            return
        with self._lock:
            old = self._rows.get(name)
            if assignment.deleted:
                if old is not None and not old.deleted:
                    self._renew(old, owner=language, deleted=True, reason="")
                return
            row = Name(
                name,
                language,
                0,
                assignment.kind,
                assignment.type,
                assignment.size,
                assignment.mutable,
                assignment.reason,
                seen=dict(old.seen) if old else {},
            )
            self._renew(row)

    def touch(self, language: str, names: Iterable[str]) -> None:
        """Notes that a cell of the owner named these values and may have changed them."""
        with self._lock:
            for name in names:
                row = self._rows.get(name)
                if row and row.mutable and row.owner == language and not row.deleted:
                    self._renew(row, reason="")

    def forget(self, language: str) -> None:
        """The language was restarted: its own names are gone, and so are its copies."""
        with self._lock:
            for row in list(self._rows.values()):
                row.seen.pop(language, None)
                if row.owner == language and not row.deleted:
                    self._renew(row, deleted=True, reason="")

    def _renew(self, row: Name, **changes: object) -> None:
        self._version += 1
        new = dataclasses.replace(row, version=self._version, **changes)  # type: ignore[arg-type]
        new.seen.pop(new.owner, None)
        self._rows[row.name] = new

    # ---------------------------------------------------------------- the readers' side

    def foreign(self, language: str) -> list[Name]:
        """Names whose last assignment was elsewhere: also those deleted, if a copy is left."""
        with self._lock:
            return [
                row
                for row in self._rows.values()
                if row.owner != language and not (row.deleted and language not in row.seen)
            ]

    def mutable(self, language: str) -> list[str]:
        """Names this language owns whose values may change in place."""
        with self._lock:
            return [r.name for r in self._rows.values() if r.owner == language and r.mutable]

    def code(self, language: str) -> list[str]:
        """Functions and classes of this language's cells."""
        with self._lock:
            rows = self._rows.values()
            return [r.name for r in rows if r.owner == language and r.kind in CODE]

    def is_private(self, name: str) -> bool:
        return name in self._private

    def keep_private(self, name: str, private: bool = True) -> None:
        """`%unshare`: the name crosses no more, until it is shared again."""
        with self._lock:
            (self._private.add if private else self._private.discard)(name)

    def brought(self, language: str, name: str, version: int) -> None:
        """Notes that `language` now holds this version."""
        with self._lock:
            if row := self._rows.get(name):
                row.seen[language] = version

    def dropped(self, language: str, names: Collection[str]) -> None:
        """Notes that `language` holds a copy no more."""
        with self._lock:
            for name in names:
                if row := self._rows.get(name):
                    row.seen.pop(language, None)

    def refuse(self, name: str, version: int, reason: str) -> None:
        """Notes why this version cannot cross; learned on trying."""
        with self._lock:
            row = self._rows.get(name)
            if row is not None and row.version == version:
                self._rows[name] = dataclasses.replace(row, reason=reason)
