"""The shared names as a tree to look at: what they are, what is in them, without a Spark job.

For variable views of front ends. A value is asked for when somebody opens it, never of a language
that is busy with a cell; rows of a DataFrame are fetched for whoever asks for just them.
"""

from __future__ import annotations

import dataclasses
import functools
import struct
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from . import wire
from .errors import ToreeError
from .foreign import PySparkFrame
from .interpreters.base import Bundle
from .preview import Preview, counted, cut
from .sharing import Sharing
from .variables import CODE, Name

MOST = 200  # children of one value that are listed
#: struct's letters of numpy's types.
_CODES = {"f8": "d", "f4": "f", "i8": "q", "i4": "i", "i2": "h", "i1": "b", "u1": "B", "b1": "?"}
_WIDTH = 100  # characters of a preview


class Frames(Protocol):
    """What of `spark.frames` is needed."""

    def frame(self, held: wire.Frame) -> PySparkFrame: ...
    def table(self, name: str) -> PySparkFrame: ...
    def of_table(self, table: wire.Table, name: str) -> wire.Frame: ...
    def explore(self, table: object, rows: int, cell: str) -> Bundle: ...
    def stop_exploring(self) -> None: ...
    def publish(self, table: object, name: str) -> None: ...
    def schema(self, held: wire.Frame) -> list[tuple[str, str]]: ...
    def preview(self, held: wire.Frame, rows: int) -> Preview: ...
    def drop(self, held: wire.Frame) -> None: ...


@dataclasses.dataclass(frozen=True)
class Item:
    """A value by its name or its place in another. `children`: None where there are none."""

    name: str
    value: str
    type: str = ""
    children: Callable[[], list[Item]] | None = None


class Explorer:
    """Reads what `sharing` knows; `busy` says whether a cell of a language runs."""

    def __init__(self, sharing: Sharing, frames: Frames, busy: Callable[[str], bool]) -> None:
        self._sharing = sharing
        self._frames = frames
        self._busy = busy

    def names(self, without: str = "") -> list[Item]:
        """Every shared name but those of the language `without`; runs no job."""
        rows = (row for row in self._sharing.variables if row.owner != without)
        return [self._item(row) for row in rows if row.kind not in CODE]

    def look(self, name: str, rows: int) -> Bundle | None:
        """A name's value as a front end shows it; the first rows of a table. None: no such name."""
        row = self._sharing.variables.find(name)
        if row is None or row.deleted or self._busy(row.owner):
            return None
        try:
            value = self._sharing.value(name)
        except (KeyError, TypeError, ToreeError) as error:
            return {"text/plain": str(error)}
        if not isinstance(value, wire.Frame):
            return {"text/plain": cut(text(value), 10_000)}
        try:
            return self._frames.preview(value, rows).bundle()
        finally:
            self._frames.drop(value)

    def explore(self, name: str, rows: int, cell: str, held: str = "") -> Bundle:
        """A grid over a shared name's table, a table of the catalog, or that under a key.

        Raises:
            TypeError: it is no table, or can't be explored.
        """
        table = self.held(wire.Frame(held)) if held else self._named(name)
        return self._frames.explore(table, rows, cell)

    def publish(self, name: str) -> None:
        """Makes a table a global temporary view of its name: every session of Spark's sees it.

        Raises:
            TypeError: it is no table, or not shared.
        """
        if self._sharing.variables.is_private(name):
            raise TypeError(f"{name} is unshared (%share {name} shares it again)")
        self._frames.publish(self._named(name), name)

    def _named(self, name: str) -> PySparkFrame:
        """The DataFrame of a shared name, else of a table of the catalog."""
        row = self._sharing.variables.find(name)
        if row is None or row.deleted:
            return self._frames.table(name)
        return self._sharing.taken(name, self._table(name))

    def _table(self, name: str) -> Callable[[wire.Value], object]:
        def table(value: wire.Value) -> PySparkFrame:
            if isinstance(value, wire.Table):
                value = self._frames.of_table(value, name)
            if not isinstance(value, wire.Frame):
                raise TypeError(f"{name} is no table")
            return self.held(value)

        return table

    def held(self, value: wire.Frame) -> PySparkFrame:
        """The DataFrame under a key, which is given up."""
        try:
            return self._frames.frame(value)
        finally:
            self._frames.drop(value)

    def stop(self) -> None:
        """Stops what grids have asked; from any thread."""
        self._frames.stop_exploring()

    def _item(self, row: Name) -> Item:
        kind = f"{row.type} ({self._sharing.title(row.owner)})"
        said = ", ".join(part for part in (row.size, row.reason) if part)
        if row.reason or self._busy(row.owner):
            return Item(row.name, said or row.type, kind)
        if row.kind == "scalar":
            try:
                return Item(row.name, cut(text(self._sharing.value(row.name)), _WIDTH), kind)
            except (KeyError, TypeError, ToreeError) as error:
                return Item(row.name, str(error), kind)
        return Item(row.name, said or row.type, kind, functools.partial(self._open, row))

    def _open(self, row: Name) -> list[Item]:
        if self._busy(row.owner):
            return [Item("", f"{self._sharing.title(row.owner)} is busy: open it again later")]
        try:
            value = self._sharing.value(row.name)
        except (KeyError, TypeError, ToreeError) as error:
            return [Item("", str(error))]
        if not isinstance(value, wire.Frame):
            return children(value) or [Item("", text(value))]
        try:
            columns = self._frames.schema(value)
        finally:
            self._frames.drop(value)
        return [*(Item(name, kind, "column") for name, kind in columns), self._rows(row)]

    def _rows(self, row: Name) -> Item:
        def fetch() -> list[Item]:
            value = self._sharing.value(row.name)
            assert isinstance(value, wire.Frame)
            try:
                found = self._frames.preview(value, 10)
            finally:
                self._frames.drop(value)
            return [
                Item(str(number), cut(", ".join("null" if c is None else c for c in cells), _WIDTH))
                for number, cells in enumerate(found.rows)
            ]

        return Item("first rows", "fetched when opened", "", fetch)


def children(value: wire.Value) -> list[Item] | None:
    """What is in a value; None for one that has no parts."""
    if isinstance(value, wire.Map):
        return _listed(((text(key), item) for key, item in value.items), len(value.items))
    if isinstance(value, wire.List | wire.Tuple | wire.Set):
        return _listed(((str(i), item) for i, item in enumerate(value.items)), len(value.items))
    if isinstance(value, wire.Array) and len(value.shape) == 1 and value.dtype[1:] in _CODES:
        code = "<" + _CODES[value.dtype[1:]]
        size = struct.calcsize(code)
        numbers = [item for (item,) in struct.iter_unpack(code, value.data[: MOST * size])]
        shown = [Item(str(i), _plain(number), value.dtype[1:]) for i, number in enumerate(numbers)]
        return shown + _rest(value.shape[0])
    if isinstance(value, wire.Vector):
        found = [Item(str(i), _plain(item), value.of) for i, item in enumerate(value.items[:MOST])]
        return found + _rest(len(value.items))
    return None


def _listed(items: Iterable[tuple[str, wire.Value]], count: int) -> list[Item]:
    found = []
    for (name, value), _ in zip(items, range(MOST), strict=False):
        inner = None if children(value) is None else functools.partial(_children, value)
        found.append(Item(name, cut(text(value), _WIDTH), type(value).__name__.lower(), inner))
    return found + _rest(count)


def _children(value: wire.Value) -> list[Item]:
    return children(value) or []


def _rest(count: int) -> list[Item]:
    return [Item("...", f"{count - MOST:,} more")] if count > MOST else []


def text(value: wire.Value) -> str:
    """A value in one line."""
    if isinstance(value, wire.Map):
        return _joined([f"{text(k)}: {text(v)}" for k, v in value.items[:20]], value.items, "{}")
    if isinstance(value, wire.List | wire.Tuple | wire.Set):
        return _joined([text(item) for item in value.items[:20]], value.items, "[]")
    if isinstance(value, wire.Vector):
        return _joined([_plain(item) for item in value.items[:20]], value.items, "[]")
    if isinstance(value, wire.Array):
        return f"array of {value.dtype}, {' x '.join(map(str, value.shape))}"
    if isinstance(value, wire.Table):
        return f"table of {counted(value.rows, 'row')}"
    if isinstance(value, wire.Frame):
        return "DataFrame"
    if isinstance(value, wire.Null):
        return "null"
    if isinstance(value, wire.Decimal):
        return value.text
    if isinstance(value, wire.Timestamp):
        seconds, nanos = divmod(value.nanos, 1_000_000_000)
        return f"{seconds}.{nanos:09} s since 1970 {value.zone or ''}".rstrip()
    return _plain(value.value)


def _plain(value: object) -> str:
    return "null" if value is None else repr(value)


def _joined(shown: Sequence[str], items: Sequence[object], brackets: str) -> str:
    more = ", ..." if len(items) > len(shown) else ""
    return f"{brackets[0]}{', '.join(shown)}{more}{brackets[1]}"
