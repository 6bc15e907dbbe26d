"""What sorts of values Python has: what is told of each, and why some never cross."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import sys

from ...foreign import Json, UserValue
from ..base import Assignment, Sort

_SIMPLE = (type(None), bool, int, float, str, bytes, dt.date, decimal.Decimal)


def describe(name: str, value: UserValue) -> Assignment:
    """What is known of a value at a glance."""
    kind = type(value)
    text = (
        kind.__name__
        if kind.__module__ == "builtins"
        else f"{kind.__module__.partition('.')[0]}.{kind.__name__}"
    )
    if isinstance(value, _SIMPLE):
        return Assignment(name, "scalar", text)
    if is_spark_frame(value):
        return Assignment(name, "frame", "pyspark DataFrame")
    if isinstance(value, list | dict | set | frozenset):
        sort: Sort = "map" if isinstance(value, dict) else "list"
        mutable = not isinstance(value, frozenset)
        return Assignment(name, sort, text, f"{len(value)} items", mutable)
    if (fields := record(value)) is not None:
        fixed = isinstance(value, tuple) and all(isinstance(i, _SIMPLE) for i in value)
        return Assignment(name, "map", text, f"{len(fields)} fields", not fixed)
    if isinstance(value, tuple):
        return Assignment(
            name,
            "tuple",
            text,
            f"{len(value)} items",
            not all(isinstance(i, _SIMPLE) for i in value),
        )
    if is_a(value, "pandas", "DataFrame") or is_a(value, "pyarrow", "Table"):
        rows, columns = value.shape
        return Assignment(
            name, "table", text, f"{rows:,} x {columns}", kind.__name__ == "DataFrame"
        )
    if is_a(value, "pandas", "Series") or is_a(value, "pandas", "Index"):
        return Assignment(name, "table", text, f"{len(value):,} rows", True)
    if is_a(value, "numpy", "ndarray"):
        return Assignment(
            name, "array", text, " x ".join(map(str, value.shape)) + f" {value.dtype}", True
        )
    if is_a(value, "numpy", "generic"):
        return Assignment(name, "scalar", text)
    reason, sort = refusal(value)
    return Assignment(name, sort, text, reason=reason)


def refusal(value: object) -> tuple[str, Sort]:
    """Why a value of this sort never crosses, as the end of a sentence, and the sort."""
    import io
    import types

    if isinstance(value, types.ModuleType):
        return "a module", "module"
    if isinstance(value, type):
        return "a class", "class"
    if isinstance(value, types.FunctionType | types.BuiltinFunctionType | types.MethodType):
        return "a function", "function"
    if isinstance(value, io.IOBase):
        return "an open file", "object"
    if isinstance(value, types.GeneratorType):
        return "a generator, which can be read only once; share list(...) of it", "object"
    kind = type(value)
    if kind.__module__.startswith("pyspark.sql") and kind.__name__ == "DataFrame":
        return "a Spark Connect DataFrame of another session", "object"
    if kind.__module__.startswith("pyspark.pandas"):
        return "a pandas-on-Spark object; share to_spark() of it", "object"
    return f"a Python object of {kind.__module__}.{kind.__qualname__}", "object"


def record(value: object) -> Json | None:
    """The fields of a dataclass, a named tuple or a Row of PySpark's; None for anything else."""
    kind = type(value)
    if dataclasses.is_dataclass(kind):
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(kind)}
    if isinstance(value, tuple):
        names = getattr(kind, "_fields", None) or getattr(value, "__fields__", None)
        if isinstance(names, tuple | list) and len(names) == len(value):
            return dict(zip(map(str, names), value, strict=True))
    return None


def is_spark_frame(value: object) -> bool:
    module = type(value).__module__
    return type(value).__name__ == "DataFrame" and module in (
        "pyspark.sql.dataframe",
        "pyspark.sql.classic.dataframe",
    )


def is_a(value: object, library: str, name: str) -> bool:
    module = sys.modules.get(library)
    kind = getattr(module, name, None)
    return isinstance(kind, type) and isinstance(value, kind)
