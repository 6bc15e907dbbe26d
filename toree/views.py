"""The shared names as one language sees them, with what other workspaces have put there."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from . import wire
from .interpreters.base import Assignment
from .sharing import Sharing
from .variables import CODE, Name

#: The owner of what another workspace has put into `kernel.data`.
OTHERS = "another session"
_LARGE = 1_000_000  # items of a value that comes only where it is named


class View:
    """The shared names as one language sees them (`services.Names`)."""

    def __init__(self, sharing: Sharing, language: str) -> None:
        self._sharing = sharing
        self._language = language

    def all(self) -> list[str]:
        own = self._sharing.names()
        others = self._sharing.commons.names(self._sharing.workspace)
        return [*own, *(name for name in others if name not in own)]

    def foreign(self) -> list[str]:
        return [row.name for row in self._sharing.variables.foreign(self._language)]

    def owner(self, name: str) -> str | None:
        row = self._sharing.variables.find(name)
        if row is not None and not row.deleted:
            return row.owner
        return OTHERS if name in self._sharing.commons.names(self._sharing.workspace) else None

    def value(self, name: str) -> wire.Value:
        try:
            return self._sharing.value(name)
        except KeyError:
            return self._sharing.commons.value(name, self._sharing.workspace)

    def gather(self, stays: Callable[[str, str], bool]) -> None:
        if not self._sharing.enabled:
            return
        for row in self._sharing.variables.foreign(self._language):
            current = row.seen.get(self._language) == row.version and not row.deleted
            kept = current or row.reason or row.kind in CODE or _large(row)
            if not kept and not stays(row.name, row.owner):
                self._sharing.renew(row, self._language)

    def assign(self, assignment: Assignment) -> None:
        self._sharing.assign(self._language, assignment)

    def shareable(self, name: str) -> bool:
        return self._sharing.variables.shareable(name)

    def lost(self) -> None:
        self._sharing.variables.forget(self._language)


def _large(row: Name) -> bool:
    sides = [int(n.replace(",", "")) for n in re.findall(r"\d[\d,]*", row.size)]
    return row.kind != "frame" and math.prod(sides) > _LARGE
