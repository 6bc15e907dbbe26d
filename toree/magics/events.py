"""What plug-ins are told: before and after a cell, a session's begin and end.

@listener("postRunCell")
def note(event: Event) -> None:
    print(event.language, event.result)
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import Literal

from ..interpreters.base import Result

Kind = Literal["preRunCell", "postRunCell", "sparkReady", "sessionEnded"]


@dataclasses.dataclass(frozen=True)
class Event:
    """Something that happened; `code` and `language` are a cell's, `result` is there after it."""

    kind: Kind
    language: str = ""
    code: str = ""
    result: Result | None = None


@dataclasses.dataclass(frozen=True)
class Listener:
    """A row: what is told, and who."""

    kind: Kind
    run: Callable[[Event], object]


def listener(kind: Kind) -> Callable[[Callable[[Event], object]], Listener]:
    """Makes the function below it be told of events of a kind (Apache Toree's names)."""
    return lambda run: Listener(kind, run)


class Listeners:
    """Those of a kernel. What one throws is told, and harms no cell."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._rows: list[Listener] = []
        self._tell = tell

    def add(self, rows: Iterable[Listener]) -> None:
        """Adds them; one of the same module and name takes the place of the older one."""
        for row in rows:
            name = (row.kind, row.run.__module__, row.run.__qualname__)
            self._rows = [
                old
                for old in self._rows
                if (old.kind, old.run.__module__, old.run.__qualname__) != name
            ]
            self._rows.append(row)

    def tell(self, event: Event) -> None:
        for row in self._rows:
            if row.kind == event.kind:
                try:
                    row.run(event)
                except Exception as error:
                    where = f"{row.run.__module__}.{row.run.__qualname__}"
                    self._tell(f"{where} ({event.kind}) failed: {type(error).__name__}: {error}\n")

    def __bool__(self) -> bool:
        return bool(self._rows)
