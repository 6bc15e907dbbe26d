"""Shared values on the pipe: a JSON tree with tags, tables and arrays as Arrow beside it.

Both sides speak Python values here; `values.py` makes R's of them. What crosses: None, bool, int,
float, str, bytes, date, datetime, timedelta, Decimal, list, tuple, dict with string keys, numpy
arrays, pandas DataFrames and Series, pyarrow Tables, and `SharedFrame`.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime
import decimal
import math
from typing import Any

Tree = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class SharedFrame:
    """A Spark DataFrame, by the key under which the companion keeps it (`putShared`)."""

    key: str


def encode(value: Any, blobs: list[bytes]) -> Tree:
    """
    Args:
        blobs: gets the tables' bytes appended.

    Raises:
        TypeError: the value can't cross; the message says why.
    """
    if value is None:
        return {"t": "null"}
    if isinstance(value, bool):
        return {"t": "bool", "v": value}
    if isinstance(value, int):
        return {"t": "int", "v": str(value)}
    if isinstance(value, float):
        return {"t": "float", "v": value if math.isfinite(value) else repr(value)}
    if isinstance(value, str):
        return {"t": "str", "v": str(value)}
    if isinstance(value, bytes | bytearray | memoryview):
        return {"t": "bytes", "v": base64.b64encode(bytes(value)).decode()}
    if isinstance(value, datetime.datetime):
        return {"t": "datetime", "v": value.isoformat()}
    if isinstance(value, datetime.date):
        return {"t": "date", "v": value.isoformat()}
    if isinstance(value, datetime.timedelta):
        return {"t": "delta", "v": value / datetime.timedelta(microseconds=1)}
    if isinstance(value, decimal.Decimal):
        return {"t": "decimal", "v": str(value)}
    if isinstance(value, SharedFrame):
        return {"t": "frame", "v": value.key}
    if isinstance(value, list | tuple):
        return {"t": "list", "v": [encode(item, blobs) for item in value]}
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("R has lists by name only: every key must be a string")
        return {"t": "dict", "k": list(value), "v": [encode(x, blobs) for x in value.values()]}
    return _encode_arrow(value, blobs)


def _encode_arrow(value: Any, blobs: list[bytes]) -> Tree:
    home, kind = type(value).__module__.partition(".")[0], type(value).__name__
    if home not in ("numpy", "pandas", "pyarrow"):
        raise TypeError(f"a {kind} has no counterpart in R")
    import pyarrow as pa

    if home == "numpy" and not getattr(value, "shape", None):
        return encode(value.item(), blobs)
    if home == "numpy":
        flat = value.ravel(order="F")
        tree = {"t": "array", "shape": list(value.shape), "b": len(blobs)}
        table = pa.table({"x": _arrow_array(pa, flat)})
    elif home == "pandas" and kind == "DataFrame":
        tree, table = {"t": "table", "b": len(blobs)}, pa.Table.from_pandas(value)
    elif home == "pandas" and kind in ("Series", "Index"):
        tree = {"t": "array", "shape": [len(value)], "b": len(blobs)}
        table = pa.table({"x": pa.array(value, from_pandas=True)})
    elif isinstance(value, pa.Table):
        tree, table = {"t": "table", "b": len(blobs)}, value
    elif isinstance(value, pa.Array | pa.ChunkedArray):
        tree = {"t": "array", "shape": [len(value)], "b": len(blobs)}
        table = pa.table({"x": value})
    else:
        raise TypeError(f"a {kind} has no counterpart in R")
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    blobs.append(sink.getvalue().to_pybytes())
    return tree


def _arrow_array(pa: Any, flat: Any) -> Any:
    try:
        return pa.array(flat)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
        raise TypeError(f"an array of {flat.dtype} has no counterpart in R ({error})") from None


def decode(tree: Tree, blobs: list[bytes]) -> Any:
    """The value. Tables become pyarrow Tables; arrays numpy arrays, or lists where nulls are."""
    tag, value = tree["t"], tree.get("v")
    if tag == "list":
        return [decode(item, blobs) for item in value or ()]
    if tag == "dict":
        return {k: decode(x, blobs) for k, x in zip(tree["k"], value or (), strict=True)}
    if tag in ("table", "array"):
        return _decode_arrow(tree, blobs)
    return _SCALARS[tag](value)


_SCALARS: dict[str, Any] = {
    "null": lambda v: None,
    "bool": bool,
    "int": int,
    "float": float,
    "str": str,
    "bytes": base64.b64decode,
    "datetime": datetime.datetime.fromisoformat,
    "date": datetime.date.fromisoformat,
    "delta": lambda v: datetime.timedelta(microseconds=v),
    "decimal": decimal.Decimal,
    "frame": SharedFrame,
}


def _decode_arrow(tree: Tree, blobs: list[bytes]) -> Any:
    import pyarrow as pa

    table = pa.ipc.open_stream(blobs[tree["b"]]).read_all()
    if tree["t"] == "table":
        return table
    column = table.column(0)
    kind = column.type
    numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)
    if column.null_count or not numeric:
        return column.to_pylist()
    return column.to_numpy().reshape(tree["shape"], order="F")
