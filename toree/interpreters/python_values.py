"""Python values to and from the crossing form (`toree.wire`).

pandas, numpy and pyarrow are asked only when the user has imported them, or when a value that
comes in needs them: a plain Python session never pays for their import.
"""

from __future__ import annotations

import datetime as dt
import decimal
import sys
from collections.abc import Callable
from typing import Any, Protocol

from .. import wire
from ..arrow import read, write
from .base import Assignment

_EPOCH = dt.datetime(1970, 1, 1)
_CONTAINERS = (list, dict, tuple, set, frozenset)
_SIMPLE = (type(None), bool, int, float, str, bytes, dt.date, decimal.Decimal)


class Spark(Protocol):
    """What of `toree.frames` the conversions need."""

    def hold(self, frame: Any, name: str) -> wire.Frame: ...
    def drop(self, held: wire.Frame) -> None: ...
    def frame(self, held: wire.Frame) -> Any: ...
    def collect(self, held: wire.Frame) -> Any: ...


def describe(name: str, value: Any) -> Assignment:
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
    if isinstance(value, list | dict):
        return Assignment(
            name, "map" if isinstance(value, dict) else "list", text, f"{len(value)} items", True
        )
    if isinstance(value, tuple):
        return Assignment(
            name,
            "tuple",
            text,
            f"{len(value)} items",
            not all(isinstance(i, _SIMPLE) for i in value),
        )
    if _is(value, "pandas", "DataFrame") or _is(value, "pyarrow", "Table"):
        rows, columns = value.shape
        return Assignment(
            name, "table", text, f"{rows:,} x {columns}", kind.__name__ == "DataFrame"
        )
    if _is(value, "pandas", "Series") or _is(value, "pandas", "Index"):
        return Assignment(name, "table", text, f"{len(value):,} rows", True)
    if _is(value, "numpy", "ndarray"):
        return Assignment(
            name, "array", text, " x ".join(map(str, value.shape)) + f" {value.dtype}", True
        )
    if _is(value, "numpy", "generic"):
        return Assignment(name, "scalar", text)
    reason, sort = refusal(value)
    return Assignment(name, sort, text, reason=reason)


def refusal(value: Any) -> tuple[str, str]:
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
    if isinstance(value, set | frozenset):
        return "a set; share list(...) of it", "object"
    if isinstance(value, types.GeneratorType):
        return "a generator, which can be read only once; share list(...) of it", "object"
    kind = type(value)
    if kind.__module__.startswith("pyspark.sql") and kind.__name__ == "DataFrame":
        return "a Spark Connect DataFrame of another session", "object"
    if kind.__module__.startswith("pyspark.pandas"):
        return "a pandas-on-Spark object; share to_spark() of it", "object"
    return f"a Python object of {kind.__module__}.{kind.__qualname__}", "object"


def is_spark_frame(value: Any) -> bool:
    module = type(value).__module__
    return type(value).__name__ == "DataFrame" and module in (
        "pyspark.sql.dataframe",
        "pyspark.sql.classic.dataframe",
    )


def _is(value: Any, library: str, name: str) -> bool:
    module = sys.modules.get(library)
    kind = getattr(module, name, None)
    return isinstance(kind, type) and isinstance(value, kind)


class ToWire:
    """One value to the crossing form. What goes by file is written to the store."""

    def __init__(self, store: wire.Store, spark: Spark, flavor: wire.Flavor = "arrow") -> None:
        """`flavor`: what a pyarrow Table is marked with."""
        self._store = store
        self._spark = spark
        self._flavor = flavor

    def __call__(self, value: Any, name: str = "value") -> wire.Value:
        """
        Raises:
            TypeError: it cannot cross; the message says why.
        """
        if is_spark_frame(value):
            return self._spark.hold(value, name)
        return self._value(value, 0)

    def _value(self, value: Any, depth: int) -> wire.Value:
        if depth > wire.DEPTH:
            raise TypeError(f"it is nested more than {wire.DEPTH} levels deep, or contains itself")
        convert = _EXACT.get(type(value))
        if convert is not None:
            return convert(value)
        if isinstance(value, list):
            return _vector(value) or wire.List(tuple(self._value(i, depth + 1) for i in value))
        if isinstance(value, tuple):
            return wire.Tuple(tuple(self._value(i, depth + 1) for i in value))
        if isinstance(value, dict):
            return wire.Map(
                tuple(
                    (self._value(k, depth + 1), self._value(v, depth + 1)) for k, v in value.items()
                )
            )
        if is_spark_frame(value):
            raise TypeError("a Spark DataFrame inside another value; give it a name of its own")
        special = self._library(value, depth)
        if special is not None:
            return special
        for base, convert in _EXACT.items():  # subclasses: IntEnum, str subclasses
            if isinstance(value, base):
                return convert(value)
        raise TypeError(refusal(value)[0])

    def _library(self, value: Any, depth: int) -> wire.Value | None:
        pd, np = sys.modules.get("pandas"), sys.modules.get("numpy")
        if pd is not None:
            if value is pd.NA or value is pd.NaT:
                return wire.Null()
            if isinstance(value, pd.Timestamp):
                return _timestamp(value, value.nanosecond)
            if isinstance(value, pd.DataFrame):
                return self._pandas(value, "pandas")
            if isinstance(value, pd.Index):
                return self._pandas(
                    value.to_frame(index=False, name=value.name or "index"), "pandas"
                )
            if isinstance(value, pd.Series):
                name = "value" if value.name is None else value.name
                return self._pandas(value.to_frame(name), "series")
        if _is(value, "pyarrow", "Table") or _is(value, "pyarrow", "RecordBatch"):
            import pyarrow as pa

            table = value if isinstance(value, pa.Table) else pa.Table.from_batches([value])
            return self._table(table, self._flavor)
        if np is not None and isinstance(value, np.ndarray):
            return self._array(np, value, depth)
        if np is not None and isinstance(value, np.generic):
            return self._number(np, value)
        return None

    def _pandas(self, frame: Any, flavor: Any) -> wire.Table:
        import pyarrow as pa

        try:
            table = pa.Table.from_pandas(frame)
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
            raise TypeError(
                f"a pandas {type(frame).__name__} that Arrow can't hold: {error}"
            ) from error
        return self._table(table, flavor)

    def _table(self, table: Any, flavor: Any) -> wire.Table:
        path = self._store.path(".arrow")
        write(table, path)
        return wire.Table(str(path), table.num_rows, flavor)

    def _array(self, np: Any, value: Any, depth: int) -> wire.Value:
        if np.ma.isMaskedArray(value):
            raise TypeError("a masked array; fill it first")
        if value.ndim == 0:
            return self._value(value.item() if value.dtype == object else value[()], depth)
        kind = value.dtype.kind
        if kind in "biufc":
            plain = np.ascontiguousarray(value.astype(value.dtype.newbyteorder("<"), copy=False))
            return wire.Array(plain.dtype.str, tuple(value.shape), plain.tobytes())
        if kind == "M":
            return wire.List(tuple(self._value(i, depth + 1) for i in value))
        if kind in "OUT" or kind == "S":
            return self._value(value.tolist(), depth)
        raise TypeError(f"a numpy array of {value.dtype}")

    def _number(self, np: Any, value: Any) -> wire.Value:
        if isinstance(value, np.datetime64):
            if np.isnat(value):
                return wire.Null()
            return wire.Timestamp(int(value.astype("datetime64[ns]").astype("int64")))
        if isinstance(value, np.bool_):
            return wire.Bool(bool(value))
        if isinstance(value, np.integer):
            return wire.Int(
                int(value), 32 if value.dtype.itemsize < 8 and value.dtype != "uint32" else 64
            )
        if isinstance(value, np.floating):
            return wire.Float(float(value), 32 if value.dtype.itemsize < 8 else 64)
        if isinstance(value, np.str_ | np.bytes_):
            return self._value(value.item(), 0)
        raise TypeError(f"a numpy {type(value).__name__}")


def _vector(values: list[Any]) -> wire.Vector | None:
    """A list of one kind of scalar, in one go."""
    kinds = {type(v) for v in values}
    kinds.discard(type(None))
    if len(kinds) != 1:
        return None
    kind = kinds.pop()
    of = _VECTORS.get(kind)
    if of is None:
        return None
    bits = 64
    if kind is int:
        present = [v for v in values if v is not None]
        low, high = min(present), max(present)
        wire.check_width(low)
        wire.check_width(high)
        bits = _bits(low) if _bits(low) == _bits(high) else 64
    if kind is str:
        for v in values:
            if v is not None:
                _text(v)
    return wire.Vector(of, tuple(values), bits)


_VECTORS: dict[type, wire.Kind] = {bool: "bool", int: "int", float: "float", str: "text"}


def _bits(value: int) -> int:
    return 32 if -(1 << 31) <= value < 1 << 31 else 64


def _text(value: str) -> wire.Text:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise TypeError("a string with half a surrogate pair, which is no text in UTF-8") from None
    return wire.Text(value)


def _timestamp(value: dt.datetime, nanosecond: int = 0) -> wire.Timestamp:
    zone = None
    if value.tzinfo is not None:
        zone = _zone(value)
        value = value.astimezone(dt.timezone.utc).replace(tzinfo=None)
    since = value.replace(tzinfo=None, fold=0) - _EPOCH
    micros = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    return wire.Timestamp(micros * 1000 + nanosecond, zone)


def _zone(value: dt.datetime) -> str:
    zone = value.tzinfo
    name = getattr(zone, "key", None) or getattr(zone, "zone", None)
    if zone is dt.timezone.utc or name in ("UTC", "Etc/UTC"):
        return "UTC"
    if name:
        return str(name)
    offset = value.utcoffset() or dt.timedelta()
    if not offset:
        return "UTC"
    if offset % dt.timedelta(minutes=1):
        raise TypeError("a time zone whose offset is not in whole minutes")
    minutes = abs(offset) // dt.timedelta(minutes=1)
    return f"{'-' if offset < dt.timedelta() else '+'}{minutes // 60:02}:{minutes % 60:02}"


def _decimal(value: decimal.Decimal) -> wire.Decimal:
    if not value.is_finite():
        raise TypeError(f"the decimal {value}, which only Python has")
    return wire.Decimal(str(value))


_EXACT: dict[type, Callable[[Any], wire.Value]] = {
    type(None): lambda v: wire.Null(),
    bool: wire.Bool,
    int: lambda v: wire.Int(int(v), _bits(v)),
    float: lambda v: wire.Float(float(v)),
    str: lambda v: _text(str(v)),
    bytes: wire.Bytes,
    bytearray: lambda v: wire.Bytes(bytes(v)),
    dt.datetime: _timestamp,
    dt.date: wire.Date,
    decimal.Decimal: _decimal,
}


class FromWire:
    """The crossing form to one Python value."""

    def __init__(self, spark: Spark) -> None:
        self._spark = spark

    def __call__(self, value: wire.Value) -> Any:
        match value:
            case wire.Null():
                return None
            case wire.Timestamp():
                return _datetime(value)
            case wire.Decimal(text):
                return decimal.Decimal(text)
            case wire.Vector(items=items):
                return list(items)
            case wire.List(items):
                return [self(i) for i in items]
            case wire.Tuple(items):
                return tuple(self(i) for i in items)
            case wire.Map(pairs):
                return {_key(self(k)): self(v) for k, v in pairs}
            case wire.Array(dtype, shape, data):
                import numpy as np

                return np.frombuffer(bytearray(data), dtype).reshape(shape)
            case wire.Table(path, flavor=flavor):
                table = read(path)
                return table if flavor == "arrow" else _frame(table)
            case wire.Frame(local=local):
                made = _frame(self._spark.collect(value)) if local else self._spark.frame(value)
                self._spark.drop(value)
                return made
            case _:
                return value.value


def _frame(table: Any) -> Any:
    return table.to_pandas()


def _key(key: Any) -> Any:
    if isinstance(key, list | dict):
        raise TypeError(f"a map with a {type(key).__name__} as key, which Python's dict can't have")
    return key


def _datetime(value: wire.Timestamp) -> dt.datetime:
    micros, rest = divmod(value.nanos, 1000)
    try:
        naive = _EPOCH + dt.timedelta(microseconds=micros)
    except OverflowError:
        raise TypeError("a timestamp outside the years 1 to 9999") from None
    stamp = naive if value.zone is None else _in_zone(naive, value.zone)
    if rest:
        pd = sys.modules.get("pandas")
        if pd is not None:  # its Timestamp is a datetime that has nanoseconds
            return pd.Timestamp(stamp) + pd.Timedelta(rest, "ns")  # type: ignore[no-any-return]
    return stamp


def _in_zone(naive: dt.datetime, zone: str) -> dt.datetime:
    utc = naive.replace(tzinfo=dt.timezone.utc)
    if zone == "UTC":
        return utc
    if zone[0] in "+-":
        hours, minutes = int(zone[1:3]), int(zone[4:6] or 0)
        offset = dt.timedelta(hours=hours, minutes=minutes)
        return utc.astimezone(dt.timezone(-offset if zone[0] == "-" else offset))
    import zoneinfo

    try:
        return utc.astimezone(zoneinfo.ZoneInfo(zone))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
        raise TypeError(
            f"a timestamp in the time zone {zone}, which Python does not know"
        ) from error
