"""The crossing form of values: what one language hands to another, and its exact JSON.

    Value = Null | Bool | Int | Float | Text | Bytes | Date | Timestamp | Decimal
          | Vector | List | Tuple | Map | Array | Table | Frame

The records know no language. Each interpreter makes them of its own values and its own values of
them; docs/sharing.md has the table. JSON carries them to the JVM and to the R host:

- every value is an object with a tag `t`, so `1`, `1.0`, `"1"` and `true` stay four things;
- integers beyond 2**53 and floats that JSON lacks (nan, inf, -inf) are text, other floats the
  shortest text that reads back as the same bits;
- buffers and long texts go by file (`Store`), never as one string through a socket.
"""

from __future__ import annotations

import array as arrays
import base64
import contextlib
import dataclasses
import datetime as dt
import itertools
import json
import math
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

#: Bytes above which a value goes by file.
LIMIT = 1 << 20
EXACT = 1 << 53
PACKED = 1000  # numbers in a vector above which their bytes go
DEPTH = 100  # how deep values may be nested


@dataclasses.dataclass(frozen=True)
class Null:
    """Nothing: None, null, NULL, NA."""


@dataclasses.dataclass(frozen=True)
class Bool:
    value: bool


@dataclasses.dataclass(frozen=True)
class Int:
    """An integer; `bits` (32 or 64) is its width where it came from."""

    value: int
    bits: int = 64

    def __post_init__(self) -> None:
        check_width(self.value)


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
    items: tuple[Any, ...]
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
Value = Scalar | Vector | List | Tuple | Map | Array | Table | Frame


def check_width(value: int) -> None:
    """
    Raises:
        TypeError: the integer takes more than 64 bits.
    """
    if not -(1 << 63) <= value < 1 << 63:
        raise TypeError("the integer takes more than 64 bits; share it as a Decimal or a string")


class Store:
    """A private folder for what goes by file. Whoever makes one closes it."""

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit = limit
        self._folder: Path | None = None
        self._numbers = itertools.count()

    def path(self, suffix: str) -> Path:
        """A path no other value has."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="toree-values-"))  # mode 0700
        return self._folder / f"{next(self._numbers)}{suffix}"

    def write(self, data: bytes, suffix: str) -> str:
        path = self.path(suffix)
        path.write_bytes(data)
        return str(path)

    def place(self) -> tuple[str, int]:
        """For another process that writes here: the folder, and the size that goes by file."""
        return str(self.path("").parent), self.limit

    def sweep(self) -> None:
        """Removes every file: the values in them have arrived."""
        if self._folder is not None:
            for entry in os.scandir(self._folder):
                with contextlib.suppress(OSError):  # Windows keeps what is mapped
                    Path(entry.path).unlink()

    def close(self) -> None:
        folder, self._folder = self._folder, None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def dumps(value: Value, store: Store | None = None) -> str:
    """The JSON of a value, ASCII. With a store, what is large is in files there."""
    text = json.dumps(to_json(value, store), separators=(",", ":"))
    if store is not None and len(text) > store.limit:
        return json.dumps({"t": "file", "path": store.write(text.encode("ascii"), ".json")})
    return text


def loads(text: str) -> Value:
    return from_json(json.loads(text))


# -------------------------------------------------------------------- records to JSON


def to_json(value: Value, store: Store | None = None, depth: int = 0) -> dict[str, Any]:
    if depth > DEPTH:
        raise TypeError(f"the value is nested more than {DEPTH} levels deep")

    def inner(item: Value) -> dict[str, Any]:
        return to_json(item, store, depth + 1)

    match value:
        case Null():
            return {"t": "null"}
        case Bool(truth):
            return {"t": "bool", "v": truth}
        case Int(number, bits):
            return {"t": "int", "v": _int(number), "bits": bits}
        case Float(number, bits):
            return {"t": "float", "v": _float(number), "bits": bits}
        case Text(text):
            return {"t": "text", "v": text}
        case Bytes(data):
            return {"t": "bytes", **_buffer(data, store)}
        case Date(day):
            return {"t": "date", "v": day.isoformat()}
        case Timestamp(nanos, zone):
            return {"t": "timestamp", "v": _int(nanos), "zone": zone}
        case Decimal(text):
            return {"t": "decimal", "v": text}
        case Vector(of, items, bits):
            if of != "text" and len(items) > PACKED:
                return {"t": "vector", "of": of, "bits": bits, **_packed(of, items, store)}
            convert = _TO.get(of)
            listed = [None if i is None else convert(i) for i in items] if convert else list(items)
            return {"t": "vector", "of": of, "bits": bits, "v": listed}
        case List(items):
            return {"t": "list", "v": [inner(i) for i in items]}
        case Tuple(items):
            return {"t": "tuple", "v": [inner(i) for i in items]}
        case Map(pairs):
            return {"t": "map", "v": [[inner(k), inner(v)] for k, v in pairs]}
        case Array(dtype, shape, data):
            return {"t": "array", "dtype": dtype, "shape": list(shape), **_buffer(data, store)}
        case Table(path, rows, flavor):
            return {"t": "table", "path": path, "rows": rows, "flavor": flavor}
        case Frame(key, local):
            return {"t": "frame", "key": key, "local": local}
    raise TypeError(f"no crossing form: {type(value).__name__}")


def _int(value: int) -> int | str:
    return value if -EXACT <= value <= EXACT else str(value)


def _float(value: float) -> float | str:
    return value if math.isfinite(value) else repr(value)


_CODES = {"bool": "b", "int": "q", "float": "d"}
_TO: dict[str, Callable[[Any], Any]] = {"int": _int, "float": _float}


def _packed(of: Kind, items: tuple[Any, ...], store: Store | None) -> dict[str, Any]:
    """Many numbers: their bytes, 8 a number and 1 a bool, and the places of nulls."""
    nulls = [i for i, item in enumerate(items) if item is None] if None in items else []
    plain = [0 if item is None else item for item in items] if nulls else items
    packed = arrays.array(_CODES[of], plain)
    if sys.byteorder == "big":
        packed.byteswap()
    return {"nulls": nulls, **_buffer(packed.tobytes(), store)}


def _unpacked(of: Kind, node: Mapping[str, Any]) -> tuple[Any, ...]:
    packed = arrays.array(_CODES[of], _bytes(node))
    if sys.byteorder == "big":
        packed.byteswap()
    items: list[Any] = packed.tolist()
    if of == "bool":
        items = [item != 0 for item in items]
    for index in node["nulls"]:
        items[index] = None
    return tuple(items)


def _buffer(data: bytes, store: Store | None) -> dict[str, str]:
    if store is not None and len(data) > store.limit // 2:
        return {"path": store.write(data, ".bin")}
    return {"b64": base64.b64encode(data).decode("ascii")}


# -------------------------------------------------------------------- JSON to records


def from_json(node: Mapping[str, Any]) -> Value:
    """
    Raises:
        ValueError: an unknown tag.
    """
    kind, v = node["t"], node.get("v")
    if kind in _SCALARS:
        return _SCALARS[kind](node)
    match kind:
        case "vector":
            of: Kind = node["of"]
            if "nulls" in node:
                return Vector(of, _unpacked(of, node), node.get("bits", 64))
            convert = {"int": int, "float": float}.get(of)
            items = [i if i is None or convert is None else convert(i) for i in v or ()]
            return Vector(of, tuple(items), node.get("bits", 64))
        case "list":
            return List(tuple(from_json(i) for i in v or ()))
        case "tuple":
            return Tuple(tuple(from_json(i) for i in v or ()))
        case "map":
            return Map(tuple((from_json(k), from_json(i)) for k, i in v or ()))
        case "array":
            return Array(node["dtype"], tuple(node["shape"]), _bytes(node))
        case "table":
            return Table(node["path"], node["rows"], node.get("flavor", "arrow"))
        case "frame":
            return Frame(node["key"], node.get("local", False))
        case "file":
            return loads(Path(node["path"]).read_text("ascii"))
    raise ValueError(f"unknown tag {kind!r}")


def _date(node: Mapping[str, Any]) -> Date:
    try:
        return Date(dt.date.fromisoformat(node["v"]))
    except ValueError:
        raise TypeError(f"the date {node['v']} is outside the years 1 to 9999") from None


_SCALARS: dict[str, Callable[[Mapping[str, Any]], Scalar]] = {
    "null": lambda node: Null(),
    "bool": lambda node: Bool(node["v"]),
    "int": lambda node: Int(int(node["v"]), node.get("bits", 64)),
    "float": lambda node: Float(float(node["v"]), node.get("bits", 64)),
    "text": lambda node: Text(node["v"]),
    "bytes": lambda node: Bytes(_bytes(node)),
    "date": _date,
    "timestamp": lambda node: Timestamp(int(node["v"]), node.get("zone")),
    "decimal": lambda node: Decimal(node["v"]),
}


def _bytes(node: Mapping[str, Any]) -> bytes:
    if "path" in node:
        return Path(node["path"]).read_bytes()
    return base64.b64decode(node["b64"])
