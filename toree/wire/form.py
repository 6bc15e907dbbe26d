"""Records as JSON, and back."""

from __future__ import annotations

import array as arrays
import base64
import datetime as dt
import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from ..foreign import Facts, Json, JsonValue
from . import tags
from .records import (
    DEPTH,
    Array,
    Bool,
    Bytes,
    Date,
    Decimal,
    Float,
    Frame,
    Int,
    Kind,
    List,
    Map,
    Null,
    Scalar,
    Set,
    Table,
    Text,
    Timestamp,
    Tuple,
    Value,
    Vector,
)
from .store import Store, read

Read = Callable[[str], bytes]

EXACT = 1 << 53
PACKED = 1000  # numbers in a vector above which their bytes go


def dumps(value: Value, store: Store | None = None) -> str:
    """The JSON of a value, ASCII. With a store, what is large is in files there."""
    text = json.dumps(to_json(value, store), separators=(",", ":"))
    if store is not None and len(text) > store.limit:
        return json.dumps({"t": tags.FILE, "path": store.write(text.encode("ascii"), ".json")})
    return text


def loads(text: str, read: Read = read) -> Value:
    """The value of such a text; `read` is the `read` of the store that it came by."""
    return from_json(json.loads(text), read)


# -------------------------------------------------------------------- records to JSON


def to_json(value: Value, store: Store | None = None, depth: int = 0) -> Json:
    if depth > DEPTH:
        raise TypeError(f"the value is nested more than {DEPTH} levels deep")

    def inner(item: Value) -> Json:
        return to_json(item, store, depth + 1)

    match value:
        case Null():
            return {"t": tags.NULL}
        case Bool(truth):
            return {"t": tags.BOOL, "v": truth}
        case Int(number, bits):
            return {"t": tags.INT, "v": _int(number), "bits": bits}
        case Float(number, bits):
            return {"t": tags.FLOAT, "v": _float(number), "bits": bits}
        case Text(text):
            return {"t": tags.TEXT, "v": text}
        case Bytes(data):
            return {"t": tags.BYTES, **_buffer(data, store)}
        case Date(day):
            return {"t": tags.DATE, "v": day.isoformat()}
        case Timestamp(nanos, zone):
            return {"t": tags.TIMESTAMP, "v": _int(nanos), "zone": zone}
        case Decimal(text):
            return {"t": tags.DECIMAL, "v": text}
        case Vector(of, items, bits):
            if of != "text" and len(items) > PACKED:
                return {"t": tags.VECTOR, "of": of, "bits": bits, **_packed(of, items, store)}
            convert = _TO.get(of)
            listed = [None if i is None else convert(i) for i in items] if convert else list(items)
            return {"t": tags.VECTOR, "of": of, "bits": bits, "v": listed}
        case List(items):
            return {"t": tags.LIST, "v": [inner(i) for i in items]}
        case Tuple(items):
            return {"t": tags.TUPLE, "v": [inner(i) for i in items]}
        case Set(items):
            return {"t": tags.SET, "v": [inner(i) for i in items]}
        case Map(pairs):
            return {"t": tags.MAP, "v": [[inner(k), inner(v)] for k, v in pairs]}
        case Array(dtype, shape, data):
            return {"t": tags.ARRAY, "dtype": dtype, "shape": list(shape), **_buffer(data, store)}
        case Table(path, rows, flavor):
            return {"t": tags.TABLE, "path": path, "rows": rows, "flavor": flavor}
        case Frame(key, local):
            return {"t": tags.FRAME, "key": key, "local": local}
    raise TypeError(f"no crossing form: {type(value).__name__}")


def _int(value: int) -> int | str:
    return value if -EXACT <= value <= EXACT else str(value)


def _float(value: float) -> float | str:
    return value if math.isfinite(value) else repr(value)


Items: TypeAlias = tuple[bool | int | float | str | None, ...]
_CODES = {"bool": "b", "int": "q", "float": "d"}
_TO: Mapping[str, Callable[[JsonValue], object]] = {"int": _int, "float": _float}


def _packed(of: Kind, items: Items, store: Store | None) -> Json:
    """Many numbers: their bytes, 8 a number and 1 a bool, and the places of nulls."""
    nulls = [i for i, item in enumerate(items) if item is None] if None in items else []
    plain: Sequence[JsonValue] = [0 if item is None else item for item in items] if nulls else items
    packed = arrays.array(_CODES[of], plain)
    if sys.byteorder == "big":
        packed.byteswap()
    return {"nulls": nulls, **_buffer(packed.tobytes(), store)}


def _unpacked(of: Kind, node: Facts, read: Read) -> Items:
    packed = arrays.array(_CODES[of], _bytes(node, read))
    if sys.byteorder == "big":
        packed.byteswap()
    items: list[bool | int | float | str | None] = list(packed)
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


def from_json(node: Facts, read: Read = read) -> Value:
    """
    Raises:
        ValueError: an unknown tag.
    """
    kind, v = node["t"], node.get("v")
    if kind in _SCALARS:
        return _SCALARS[kind](node)
    match kind:
        case tags.VECTOR:
            of: Kind = node["of"]
            if "nulls" in node:
                return Vector(of, _unpacked(of, node, read), node.get("bits", 64))
            convert = {"int": int, "float": float}.get(of)
            items = [i if i is None or convert is None else convert(i) for i in v or ()]
            return Vector(of, tuple(items), node.get("bits", 64))
        case tags.LIST:
            return List(tuple(from_json(i, read) for i in v or ()))
        case tags.TUPLE:
            return Tuple(tuple(from_json(i, read) for i in v or ()))
        case tags.SET:
            return Set(tuple(from_json(i, read) for i in v or ()))
        case tags.MAP:
            return Map(tuple((from_json(k, read), from_json(i, read)) for k, i in v or ()))
        case tags.BYTES:
            return Bytes(_bytes(node, read))
        case tags.ARRAY:
            return Array(node["dtype"], tuple(node["shape"]), _bytes(node, read))
        case tags.TABLE:
            return Table(node["path"], node["rows"], node.get("flavor", "arrow"))
        case tags.FRAME:
            return Frame(node["key"], node.get("local", False))
        case tags.FILE:
            return loads(read(node["path"]).decode("ascii"), read)
    raise ValueError(f"unknown tag {kind!r}")


def _date(node: Facts) -> Date:
    try:
        return Date(dt.date.fromisoformat(node["v"]))
    except ValueError:
        raise TypeError(f"the date {node['v']} is outside the years 1 to 9999") from None


_SCALARS: dict[str, Callable[[Facts], Scalar]] = {
    tags.NULL: lambda node: Null(),
    tags.BOOL: lambda node: Bool(node["v"]),
    tags.INT: lambda node: Int(int(node["v"]), node.get("bits", 64)),
    tags.FLOAT: lambda node: Float(float(node["v"]), node.get("bits", 64)),
    tags.TEXT: lambda node: Text(node["v"]),
    tags.DATE: _date,
    tags.TIMESTAMP: lambda node: Timestamp(int(node["v"]), node.get("zone")),
    tags.DECIMAL: lambda node: Decimal(node["v"]),
}


def _bytes(node: Facts, read: Read) -> bytes:
    if "path" in node:
        return read(node["path"])
    return base64.b64decode(node["b64"])
