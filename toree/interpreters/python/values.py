"""Python values to and from the crossing form (`toree.wire`).

pandas, numpy and pyarrow are asked only when the user has imported them, or when a value that
comes in needs them: a plain Python session never pays for their import.
"""

from __future__ import annotations

import datetime as dt
import decimal
import sys
from collections.abc import Callable
from typing import Protocol

from ... import wire
from ...foreign import ArrowData, NumpyData, PandasData, PySparkFrame, UserValue
from ...spark.arrow import read, write
from .kinds import is_a, is_spark_frame, record, refusal
from .times import datetime, timestamp


class Spark(Protocol):
    """What of `toree.frames` the conversions need."""

    def hold(self, frame: object, name: str) -> wire.Frame: ...
    def drop(self, held: wire.Frame) -> None: ...
    def frame(self, held: wire.Frame) -> PySparkFrame: ...
    def collect(self, held: wire.Frame) -> PandasData: ...


class ToWire:
    """One value to the crossing form. What goes by file is written to the store."""

    def __init__(self, store: wire.Store, spark: Spark, flavor: wire.Flavor = "arrow") -> None:
        """`flavor`: what a pyarrow Table is marked with."""
        self._store = store
        self._spark = spark
        self._flavor = flavor

    def __call__(self, value: object, name: str = "value") -> wire.Value:
        """
        Raises:
            TypeError: it cannot cross; the message says why.
        """
        if is_spark_frame(value):
            return self._spark.hold(value, name)
        return self._value(value, 0)

    def _value(self, value: object, depth: int) -> wire.Value:
        if depth > wire.DEPTH:
            raise TypeError(f"it is nested more than {wire.DEPTH} levels deep, or contains itself")
        convert = _EXACT.get(type(value))
        if convert is not None:
            return convert(value)
        if isinstance(value, list):
            return _vector(value) or wire.List(tuple(self._value(i, depth + 1) for i in value))
        if (fields := record(value)) is not None:
            value = fields
        if isinstance(value, tuple):
            return wire.Tuple(tuple(self._value(i, depth + 1) for i in value))
        if isinstance(value, set | frozenset):
            return wire.Set(tuple(self._value(i, depth + 1) for i in value))
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

    def _library(self, value: object, depth: int) -> wire.Value | None:
        pd, np = sys.modules.get("pandas"), sys.modules.get("numpy")
        if pd is not None:
            if value is pd.NA or value is pd.NaT:
                return wire.Null()
            if isinstance(value, pd.Timestamp):
                return timestamp(value, value.nanosecond)
            if isinstance(value, pd.DataFrame):
                return self._pandas(value, "pandas")
            if isinstance(value, pd.Index):
                return self._pandas(
                    value.to_frame(index=False, name=value.name or "index"), "pandas"
                )
            if isinstance(value, pd.Series):
                name = "value" if value.name is None else value.name
                return self._pandas(value.to_frame(name), "series")
        if is_a(value, "pyarrow", "Table") or is_a(value, "pyarrow", "RecordBatch"):
            import pyarrow as pa

            table = value if isinstance(value, pa.Table) else pa.Table.from_batches([value])
            return self._table(table, self._flavor)
        if np is not None and isinstance(value, np.ndarray):
            return self._array(np, value, depth)
        if np is not None and isinstance(value, np.generic):
            return self._number(np, value)
        return None

    def _pandas(self, frame: object, flavor: wire.Flavor) -> wire.Table:
        import pyarrow as pa

        try:
            table = pa.Table.from_pandas(frame)
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
            raise TypeError(
                f"a pandas {type(frame).__name__} that Arrow can't hold: {error}"
            ) from error
        return self._table(table, flavor)

    def _table(self, table: ArrowData, flavor: wire.Flavor) -> wire.Table:
        path = self._store.path(".arrow")
        write(table, path)
        return wire.Table(str(path), table.num_rows, flavor)

    def _array(self, np: NumpyData, value: NumpyData, depth: int) -> wire.Value:
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

    def _number(self, np: NumpyData, value: NumpyData) -> wire.Value:
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


def _vector(values: list[UserValue]) -> wire.Vector | None:
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
        low, high = wire.width(min(present)), wire.width(max(present))
        if not (low and high):
            return None
        bits = low if low == high else 64
    if kind is str:
        for v in values:
            if v is not None:
                _text(v)
    return wire.Vector(of, tuple(values), bits)


_VECTORS: dict[type, wire.Kind] = {bool: "bool", int: "int", float: "float", str: "text"}


def _text(value: str) -> wire.Text:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise TypeError("a string with half a surrogate pair, which is no text in UTF-8") from None
    return wire.Text(value)


def _decimal(value: decimal.Decimal) -> wire.Decimal:
    if not value.is_finite():
        raise TypeError(f"the decimal {value}, which only Python has")
    return wire.Decimal(str(value))


_EXACT: dict[type, Callable[[UserValue], wire.Value]] = {
    type(None): lambda v: wire.Null(),
    bool: wire.Bool,
    int: lambda v: wire.integer(int(v)),
    float: lambda v: wire.Float(float(v)),
    str: lambda v: _text(str(v)),
    bytes: wire.Bytes,
    bytearray: lambda v: wire.Bytes(bytes(v)),
    dt.datetime: timestamp,
    dt.date: wire.Date,
    decimal.Decimal: _decimal,
}


class FromWire:
    """The crossing form to one Python value."""

    def __init__(self, spark: Spark) -> None:
        self._spark = spark

    def __call__(self, value: wire.Value) -> UserValue:
        match value:
            case wire.Null():
                return None
            case wire.Timestamp():
                return datetime(value)
            case wire.Decimal(text):
                return decimal.Decimal(text)
            case wire.Vector(items=items):
                return list(items)
            case wire.List(items):
                return [self(i) for i in items]
            case wire.Tuple(items):
                return tuple(self(i) for i in items)
            case wire.Set(items):
                return {_key(self(i)) for i in items}
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


def _frame(table: PandasData) -> PandasData:
    return table.to_pandas()


def _key(key: object) -> UserValue:
    if isinstance(key, set):
        return frozenset(key)
    try:
        hash(key)
    except TypeError:
        kind = type(key).__name__
        raise TypeError(
            f"a map or set with a {kind} as key or item, which Python's can't have"
        ) from None
    return key
