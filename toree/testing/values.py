"""One value of every record of `wire`, and what is compared of it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence

from .. import wire
from ..foreign import ArrowData
from ..spark.frames import Frames

#: By name; a table and a frame besides, which need a place (`conformance`).
VALUES: Mapping[str, wire.Value] = {
    "null": wire.Null(),
    "bool": wire.Bool(True),
    "int": wire.Int(7, 32),
    "long": wire.Int(2**40),
    "double": wire.Float(0.1),
    "float": wire.Float(0.5, 32),
    "nan": wire.Float(float("nan")),
    "text": wire.Text("ü😀\n'quoted' \"twice\" \\ $x"),
    "bytes": wire.Bytes(b"\x00\xff"),
    "date": wire.Date(dt.date(2024, 2, 29)),
    "local": wire.Timestamp(1_709_210_096_000_005_000),
    "instant": wire.Timestamp(1_709_210_096_000_005_000, "UTC"),
    "zoned": wire.Timestamp(1_709_210_096_000_005_000, "Europe/Berlin"),
    "decimal": wire.Decimal("123.4500"),
    "bools": wire.Vector("bool", (True, None, False)),
    "ints": wire.Vector("int", (1, None, 3), 32),
    "longs": wire.Vector("int", (1, 2**40, None)),
    "doubles": wire.Vector("float", (0.1, None, float("inf"))),
    "texts": wire.Vector("text", ("a", None, "")),
    "list": wire.List((wire.Int(1, 32), wire.Text("a"))),
    "tuple": wire.Tuple((wire.Int(1, 32), wire.Text("a"))),
    "set": wire.Set((wire.Int(1, 32),)),
    "map": wire.Map(((wire.Text("a"), wire.Int(1, 32)), (wire.Text("b"), wire.Int(2, 32)))),
    "array": wire.Array("<f8", (2, 2), bytes.fromhex("000000000000f03f" * 4)),
}

#: The columns of the table and of the frame.
COLUMNS: Mapping[str, Sequence[object]] = {"id": [1, 2, None], "name": ["a", None, "c"]}


@dataclasses.dataclass(frozen=True)
class Rows:
    """A Spark DataFrame or a local table, by what is in it."""

    columns: Mapping[str, Sequence[object]]
    local: bool = False

    def __eq__(self, other: object) -> bool:
        # repr, because nan is nan here and 1 is not 1.0
        return isinstance(other, Rows) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))


def compared(value: wire.Value, frames: Frames) -> wire.Value | Rows:
    """The value itself, or the rows behind it; a frame is dropped, as its reader does."""
    match value:
        case wire.Table(path):
            from ..spark.arrow import index_named, read

            table: ArrowData = index_named(read(path))
            return Rows(table.to_pydict(), local=True)
        case wire.Frame():
            rows = Rows(frames.collect(value).to_pydict())
            frames.drop(value)
            return rows
        case _:
            return value
