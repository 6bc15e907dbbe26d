"""What a value in JSON is: its `t`. The JVM's are in `sharing/Node.scala`."""

from __future__ import annotations

NULL = "null"
BOOL = "bool"
INT = "int"
FLOAT = "float"
TEXT = "text"
BYTES = "bytes"
DATE = "date"
TIMESTAMP = "timestamp"
DECIMAL = "decimal"
VECTOR = "vector"
LIST = "list"
TUPLE = "tuple"
SET = "set"
MAP = "map"
ARRAY = "array"
TABLE = "table"
FRAME = "frame"
FILE = "file"
#: Instead of a value: why it can't cross.
REFUSED = "refused"
