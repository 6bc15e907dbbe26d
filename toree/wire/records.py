"""The records of the crossing form."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Literal

DEPTH = 100  # how deep values may be nested


@dataclasses.dataclass(frozen=True)
class Null:
    """Nothing: None, null, NULL, NA."""


@dataclasses.dataclass(frozen=True)
class Bool:
    value: bool


@dataclasses.dataclass(frozen=True)
class Int:
    """An integer; `bits` (32 or 64) is its width where it came from, 0 if it may have any."""

    value: int
    bits: int = 64

    def __post_init__(self) -> None:
        if self.bits and not -(1 << 63) <= self.value < 1 << 63:
            raise ValueError(f"an integer that takes more than {self.bits} bits")


def integer(value: int) -> Int:
    """As narrow as it goes, for languages that have one sort of integers."""
    return Int(value, width(value))


def width(value: int) -> int:
    """The bits an integer takes: 32, 64, or 0 for more."""
    if -(1 << 31) <= value < 1 << 31:
        return 32
    return 64 if -(1 << 63) <= value < 1 << 63 else 0


@dataclasses.dataclass(frozen=True)
class Float:
    value: float
    bits: int = 64

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Float) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[str, int]:
        return repr(self.value), self.bits  # nan is nan here, and -0.0 is not 0.0


@dataclasses.dataclass(frozen=True)
class Text:
    value: str


@dataclasses.dataclass(frozen=True)
class Bytes:
    value: bytes


@dataclasses.dataclass(frozen=True)
class Date:
    value: dt.date


@dataclasses.dataclass(frozen=True)
class Timestamp:
    """`nanos` since 1970: of the wall clock when `zone` is None, else of UTC."""

    nanos: int
    zone: str | None = None  # "UTC", "Europe/Berlin", "+02:00"


@dataclasses.dataclass(frozen=True)
class Decimal:
    """A finite decimal number, as text: `123.4500`."""

    text: str


Flavor = Literal["pandas", "series", "arrow", "r", "scala"]
Kind = Literal["bool", "int", "float", "text"]


@dataclasses.dataclass(frozen=True)
class Vector:
    """A sequence of one kind of scalar; None is null. `bits` as in Int and Float."""

    of: Kind
    items: tuple[bool | int | float | str | None, ...]
    bits: int = 64

    def __eq__(self, other: object) -> bool:
        # repr, because nan is nan here
        return isinstance(other, Vector) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash((self.of, len(self.items)))


@dataclasses.dataclass(frozen=True)
class List:
    items: tuple[Value, ...]


@dataclasses.dataclass(frozen=True)
class Tuple:
    items: tuple[Value, ...]


@dataclasses.dataclass(frozen=True)
class Set:
    """Items each once, in no order."""

    items: tuple[Value, ...]


@dataclasses.dataclass(frozen=True)
class Map:
    """Keys and values in order."""

    items: tuple[tuple[Value, Value], ...]


@dataclasses.dataclass(frozen=True)
class Array:
    """An array of numbers: little-endian `data` in C order; `dtype` as numpy writes it: `<f8`."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class Table:
    """A local table: an Arrow IPC stream in a file. `flavor` is where it came from."""

    path: str
    rows: int
    flavor: Flavor = "arrow"


@dataclasses.dataclass(frozen=True)
class Frame:
    """A Spark DataFrame under `key` in the JVM. `local`: rows its language holds itself."""

    key: str
    local: bool = False


Scalar = Null | Bool | Int | Float | Text | Bytes | Date | Timestamp | Decimal
Value = Scalar | Vector | List | Tuple | Set | Map | Array | Table | Frame
