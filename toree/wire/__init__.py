"""The crossing form of values: what one language hands to another, and its exact JSON.

    Value = Null | Bool | Int | Float | Text | Bytes | Date | Timestamp | Decimal
          | Vector | List | Tuple | Set | Map | Array | Table | Frame

The records know no language. Each interpreter makes them of its own values and its own values of
them; docs/sharing.md has the table. JSON carries them to the JVM and to the R host:

- every value is an object with a tag `t`, so `1`, `1.0`, `"1"` and `true` stay four things;
- integers beyond 2**53 and floats that JSON lacks (nan, inf, -inf) are text, other floats the
  shortest text that reads back as the same bits;
- buffers and long texts go by file (`Store`), never as one string through a socket.
"""

from __future__ import annotations

from .form import dumps, from_json, loads, to_json
from .records import (
    DEPTH,
    Array,
    Bool,
    Bytes,
    Date,
    Decimal,
    Flavor,
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
    integer,
    width,
)
from .store import LIMIT, Files, Store

__all__ = [
    "DEPTH",
    "LIMIT",
    "Array",
    "Bool",
    "Bytes",
    "Date",
    "Decimal",
    "Files",
    "Flavor",
    "Float",
    "Frame",
    "Int",
    "Kind",
    "List",
    "Map",
    "Null",
    "Scalar",
    "Set",
    "Store",
    "Table",
    "Text",
    "Timestamp",
    "Tuple",
    "Value",
    "Vector",
    "dumps",
    "from_json",
    "integer",
    "loads",
    "to_json",
    "width",
]
