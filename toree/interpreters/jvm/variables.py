"""The names of Scala and SQL cells: values into and out of the companion JVM.

A value for Scala waits under a key in the JVM, decoded; the next cell that names it binds it, in
the cell's own compilation (`bindings`), and from then on the REPL has the name.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence

from ... import wire
from ...foreign import Facts
from ...spark.frames import Frames
from ...wire import tags
from ..base import Assignment, Sort
from ..services import Services

_KINDS: dict[str, Sort] = {
    "dataframe": "frame",
    "scalar": "scalar",
    "collection": "list",
    "function": "function",
    "class": "class",
    "other": "",
}
_CODE = {"function": "a method", "class": "a class"}
#: Scala types whose values change in place.
_MUTABLE = re.compile(r"\b(?:Array|mutable|java\.util|ArrayBuffer|ListBuffer|StringBuilder)\b")


class _Cell(threading.local):
    """Of the cell that runs on this thread: another one may run beside it, in a subshell."""

    bound: Sequence[str] = ()  # names it is compiled with
    seen = ("", "")  # its code, and the names of others; what it names, and which are Scala's own
    names: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()
    assigned: Sequence[Assignment] = ()


class ScalaVariables:
    """What Scala cells assign, and what is brought to them."""

    def __init__(self, services: Services) -> None:
        self._companion, self._workspace = services.companion, services.workspace
        self._frames = services.frames
        self._names = services.names
        self._store = services.store
        self._waiting: dict[str, dict[str, str]] = {}  # bindings no cell has run with yet
        self._copies: set[str] = set()  # names the REPL has from elsewhere
        self._cell = _Cell()

    def begin(self) -> None:
        """A cell begins."""
        self._cell.assigned = ()

    def lost(self) -> None:
        for name in list(self._waiting):
            self._forget(name)
        self._copies.clear()
        self._cell = _Cell()

    def assigned(self) -> Sequence[Assignment]:
        return self._cell.assigned

    def references(self, code: str) -> frozenset[str]:
        foreign = "\n".join(self._names.foreign())
        if self._cell.seen != (code, foreign):
            found = json.loads(self._companion.ask("references", self._workspace, code, foreign))
            self._cell.seen = (code, foreign)
            self._cell.names, self._cell.own = frozenset(found["names"]), frozenset(found["own"])
        return self._cell.names

    def own(self, name: str) -> bool:
        """Whether the code looked at last has the name by an import."""
        return name in self._cell.own

    def get(self, name: str) -> wire.Value:
        text = self._companion.ask(
            "takeShared", self._workspace, name, self._frames.key(name), *self._store.place()
        )
        if not text:
            raise KeyError(name)
        node = json.loads(text)
        if node["t"] == tags.REFUSED:
            raise TypeError(node["reason"])
        return wire.from_json(node, self._store.read)

    def put(self, name: str, value: wire.Value) -> None:
        frames = self._frames
        value = for_jvm(value, name, frames)
        self._forget(name)
        # A DataFrame made for this crossing keeps its key.
        made = isinstance(value, wire.Frame) and not value.key.startswith("sql:")
        key = value.key if made and isinstance(value, wire.Frame) else frames.key(name)
        kind = self._companion.ask(
            "giveShared", self._workspace, key, wire.dumps(value, self._store)
        )
        self._waiting[name] = {"name": name, "type": kind, "key": key}

    def drop(self, name: str) -> None:
        """The REPL can't lose a name, but cells that use it can be made not to compile."""
        self._forget(name)
        if name in self._copies:
            self._waiting[name] = {"name": name, "type": "", "key": ""}

    def bindings(self, code: str) -> list[dict[str, str]]:
        """What a cell is to be compiled with."""
        if not self._waiting or not any(name in code for name in self._waiting):
            self._cell.bound = []
            return []
        names = self.references(code)
        self._cell.bound = [name for name in self._waiting if name in names]
        return [self._waiting[name] for name in self._cell.bound]

    def ran(self, outcome: Facts) -> None:
        """The cell with the last bindings has ended; the REPL keeps them if it went well."""
        for name in self._cell.bound if outcome["status"] == "ok" else ():
            self._waiting.pop(name, None)
            self._copies.add(name)
        self._cell.bound, self._cell.seen = [], ("", "")  # what it defined can change what it names
        self._cell.assigned = [self._told(line) for line in outcome.get("assigned", ())]

    def _told(self, line: Mapping[str, str]) -> Assignment:
        name, kind = line["name"], line["kind"]
        if kind == "gone":
            return Assignment(name, deleted=True, common=True)
        # The cell's own name now: nothing is to hide it.
        self._forget(name)
        self._copies.discard(name)
        return Assignment(
            name,
            _KINDS.get(kind, ""),
            line["type"],
            mutable=bool(_MUTABLE.search(line["type"])),
            reason=_CODE.get(kind) or line.get("reason", ""),
            common=line.get("common") == "true",
        )

    def _forget(self, name: str) -> None:
        if old := self._waiting.pop(name, None):
            self._companion.tell("dropShared", self._workspace, old["key"])


class SqlVariables:
    """Shared DataFrames as tables of the statements that name them, shared values as `:name`."""

    def __init__(self, services: Services, split: Callable[[str], Iterable[str]]) -> None:
        self._companion, self._workspace = services.companion, services.workspace
        self._frames = services.frames
        self._store = services.store
        self._names = services.names
        self._split = split
        self._tables: dict[str, wire.Frame] = {}
        self._values: dict[str, str] = {}
        self._seen: dict[str, dict[str, list[str]]] = {}
        self._cell = _Cell()
        self._kept: set[str] = set()

    def begin(self) -> None:
        self._cell.assigned = ()

    def lost(self) -> None:
        self._tables.clear()
        self._values.clear()
        self._seen.clear()
        self._kept.clear()

    def wrote(self, name: str) -> None:
        """`-o NAME` has kept a DataFrame: a table of later statements, as any other."""
        self.drop(name)
        self._tables[name] = wire.Frame(f"sql:{name}")
        self._cell.assigned = [Assignment(name, "frame", "DataFrame")]
        self._kept.add(name)

    def assigned(self) -> Sequence[Assignment]:
        return self._cell.assigned

    def references(self, code: str) -> frozenset[str]:
        self._seen.clear()
        found = [self._named(statement) for statement in self._split(code)]
        return frozenset(name.casefold() for f in found for name in f["tables"]) | frozenset(
            name for f in found for name in f["parameters"]
        )

    def _named(self, statement: str) -> dict[str, list[str]]:
        found = self._seen.get(statement)
        if found is None:
            found = json.loads(self._companion.ask("sqlNames", self._workspace, statement))
            self._seen[statement] = found
        return found

    def get(self, name: str) -> wire.Value:
        if name not in self._kept:
            raise KeyError(name)
        return wire.Frame(f"sql:{name}")

    def put(self, name: str, value: wire.Value) -> None:
        frames = self._frames
        self.drop(name)
        if isinstance(value, wire.Table):
            value = frames.of_table(value, name)
        if isinstance(value, wire.Frame):
            self._tables[name] = value
            return
        if isinstance(value, wire.List) and len({type(item) for item in value.items}) > 1:
            raise TypeError("a list of values of several kinds, which SQL's arrays can't hold")
        key = frames.key(name)
        self._companion.ask("giveShared", self._workspace, key, wire.dumps(value, self._store))
        self._values[name] = key

    def drop(self, name: str) -> None:
        if frame := self._tables.pop(name, None):
            self._frames.drop(frame)
        if key := self._values.pop(name, None):
            self._companion.tell("dropShared", self._workspace, key)

    def tables(self) -> dict[str, str]:
        """The keys of DataFrames that have come, by name."""
        return {name: frame.key for name, frame in self._tables.items()}

    def options(self, statement: str) -> dict[str, object]:
        """What a statement is to be run with."""
        for name in [n for n in self._kept if self._names.shareable(n)]:
            if self._names.owner(name) is None:  # another language has deleted it
                self._kept.discard(name)
                self.drop(name)
        folded = statement.casefold()
        if not any(name.casefold() in folded for name in (*self._tables, *self._values)):
            return {}
        named = self._named(statement)
        tables = {name.casefold() for name in named["tables"]}
        return {
            "shared": {
                **{n: key for n, key in self._values.items() if n in named["parameters"]},
                **{n: f.key for n, f in self._tables.items() if n.casefold() in tables},
            }
        }


def for_jvm(value: wire.Value, name: str, frames: Frames) -> wire.Value:
    """The value as the JVM can read it: tables are DataFrames there."""
    if isinstance(value, wire.Table):
        return frames.of_table(value, name)
    return widened(value) if isinstance(value, wire.Array) else value


#: numpy's types the JVM lacks, and the next that holds their values.
_WIDER = {"|u1": "<i2", "<u2": "<i4", "<u4": "<i8", "<f2": "<f4", "<u8": "<i8", "|u8": "<i8"}


def widened(array: wire.Array) -> wire.Array:
    """An array of numbers the JVM has.

    Raises:
        TypeError: it has no such numbers.
    """
    if array.dtype.startswith("<c"):
        raise TypeError("complex numbers, which Scala does not have")
    if array.dtype not in _WIDER:
        return array
    import numpy as np

    values = np.frombuffer(array.data, array.dtype)
    if array.dtype == "<u8" and values.size and values.max() > np.uint64(2**63 - 1):
        raise TypeError("unsigned integers that take all 64 bits")
    wide = values.astype(_WIDER[array.dtype])
    return wire.Array(wide.dtype.str, array.shape, wide.tobytes())
