"""Shared names: R's values to the crossing form (`toree.wire`) and back."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from rpy2 import rinterface

from .. import wire
from ..foreign import ArrowData, RObject
from ..spark.arrow import index_named, read, to_arrow, write
from .columns import FromR
from .engine import Engine, set_attribute, strings
from .session import Session
from .vectors import ToR

#: Arrow's types of R's vectors: what a vector of them is called, how wide, and numpy's name of it.
_VECTORS: dict[pa.DataType, tuple[wire.Kind, int, str]] = {
    pa.bool_(): ("bool", 64, "|b1"),
    pa.int32(): ("int", 32, "<i4"),
    pa.int64(): ("int", 64, "<i8"),
    pa.float64(): ("float", 64, "<f8"),
    pa.string(): ("text", 64, ""),
    pa.large_string(): ("text", 64, ""),
}
_ARROW = {"bool": pa.bool_(), "float": pa.float64(), "text": pa.string()}


class Values:
    """Gets and puts global variables of R."""

    def __init__(self, engine: Engine, session: Session, brought: dict[str, int]) -> None:
        self._engine = engine
        self._session = session
        self._brought = brought

    # -- out of R --------------------------------------------------------------

    def get(self, name: str, store: wire.Store) -> wire.Value:
        """
        Raises:
            KeyError: no such global variable.
            TypeError: its value can't cross; the message says why.
        """
        if not self._engine.call("has_global", strings([name]))[0]:
            raise KeyError(name)
        return self._wire(rinterface.globalenv[name], store, 0)

    def _wire(self, value: object, store: wire.Store, depth: int) -> wire.Value:
        if depth > wire.DEPTH:
            raise TypeError(f"it is nested more than {wire.DEPTH} levels deep")
        parts = self._engine.call("share_parts", value)
        kind, data = parts[0][0], parts[len(parts) > 1]
        match kind:
            case "stays":
                raise TypeError(str(data[0]))
            case "null":
                return wire.Null()
            case "frame":
                if depth:
                    raise TypeError("a list with a Spark table in it; give it a name of its own")
                return self._frame(data[0])
            case "table":
                return self._table(data, store)
            case "bytes":
                return wire.Bytes(bytes(data))
            case "list":
                return wire.List(tuple(self._wire(item, store, depth + 1) for item in data))
            case "map":
                names = [wire.Text(str(name)) for name in parts[2]]
                items = [self._wire(item, store, depth + 1) for item in data]
                return wire.Map(tuple(zip(names, items, strict=True)))
        array = self._array(data)
        if kind == "scalar":
            return _scalar(array, 0)
        if kind == "named":
            names = [wire.Text(str(name)) for name in parts[2]]
            items = [_scalar(array, i) for i in range(len(array))]
            return wire.Map(tuple(zip(names, items, strict=True)))
        return _numbers(array, list(parts[2])) if kind == "array" else _vector(array)

    def _array(self, vector: object) -> pa.Array:
        array = FromR(self._engine).column(vector)
        if isinstance(array, pa.ChunkedArray):
            array = array.combine_chunks()
        return array.cast(pa.string()) if pa.types.is_dictionary(array.type) else array

    def _table(self, frame: object, store: wire.Store) -> wire.Table:
        table = FromR(self._engine).table(frame)
        path = store.path(".arrow")
        write(table, path)
        return wire.Table(str(path), table.num_rows, "r")

    def _frame(self, text: str) -> wire.Frame:
        frame = self._session.frame(text)
        key = f"toree-r-{uuid.uuid4().hex}"
        self._session.keep(key, frame)
        return wire.Frame(key)

    # -- into R ----------------------------------------------------------------

    def put(self, name: str, value: wire.Value) -> None:
        """
        Raises:
            TypeError: R has no counterpart for the value.
        """
        rinterface.globalenv[name] = self.made(name, value)
        self._brought[name] = int(rinterface.globalenv[name].rid)

    def drop(self, name: str) -> None:
        """Takes back what `put` made, unless a cell has assigned the name since."""
        place = self._brought.pop(name, None)
        if name in rinterface.globalenv and int(rinterface.globalenv[name].rid) == place:
            del rinterface.globalenv[name]

    def made(self, name: str, value: wire.Value) -> RObject:
        """
        Raises:
            TypeError: R has no counterpart for the value.
        """
        if not isinstance(value, wire.Frame):
            return self._r(value)
        frame = self._session.taken(value.key)
        if frame is None:
            raise TypeError("the DataFrame is gone")
        if value.local:
            return self._to_r().frame(to_arrow(frame))
        made, columns = self._session.adopt(name, frame)
        return self._engine.call("lazy_table", strings([made]), strings(columns))

    def _r(self, value: wire.Value) -> RObject:
        match value:
            case wire.Null():
                return rinterface.NULL
            case wire.Bytes(data):
                return rinterface.ByteSexpVector(data)
            case wire.Table(path):
                return self._to_r().frame(index_named(read(path)))
            case wire.Map(pairs):
                names = [key.value for key, _ in pairs if isinstance(key, wire.Text)]
                if len(names) < len(pairs):
                    raise TypeError("R has lists by name only: every key must be a string")
                made = rinterface.ListSexpVector([self._r(item) for _, item in pairs])
                set_attribute(made, "names", strings(names))
                return made
            case wire.List(items) | wire.Tuple(items) | wire.Set(items):
                array = _one_kind(items)
                if array is not None:
                    return self._column(array)
                return rinterface.ListSexpVector([self._r(item) for item in items])
            case wire.Vector(of, items):
                return self._column(
                    _integers(items) if of == "int" else pa.array(items, _ARROW[of])
                )
            case wire.Array(dtype, shape, data):
                return self._numbers(dtype, shape, data)
            case wire.Frame():
                raise TypeError("a Spark DataFrame inside another value")
            case _:
                array = _one_kind((value,))
                assert array is not None  # a scalar
                return self._column(array)

    def _numbers(self, dtype: str, shape: Sequence[int], data: bytes) -> RObject:
        if np.dtype(dtype).kind == "c":
            raise TypeError("an array of complex numbers")
        values = np.frombuffer(data, dtype).reshape(shape)
        made = self._column(pa.array(values.ravel(order="F")))
        if len(shape) > 1:
            set_attribute(made, "dim", rinterface.IntSexpVector(list(shape)))
        return made

    def _column(self, array: pa.Array) -> RObject:
        return self._to_r().column(pa.chunked_array([array]))

    def _to_r(self) -> ToR:
        return ToR(self._engine, self._session.zone, self._session.warn)


# -------------------------------------------------------------------- Arrow to the form


def _scalar(array: pa.Array, index: int) -> wire.Scalar:
    kind, value = array.type, array[index]
    if not value.is_valid:
        return wire.Null()
    if pa.types.is_timestamp(kind):
        return wire.Timestamp(value.value * 1000, "UTC")
    if pa.types.is_duration(kind):
        raise TypeError("a difftime; share as.numeric() of it")
    plain = value.as_py()
    if pa.types.is_boolean(kind):
        return wire.Bool(plain)
    if pa.types.is_integer(kind):
        return wire.Int(plain, kind.bit_width)
    if pa.types.is_floating(kind):
        return wire.Float(plain)
    if pa.types.is_date(kind):
        return wire.Date(plain)
    return wire.Text(plain)


def _vector(array: pa.Array) -> wire.Value:
    """Numbers are an array of them; what has gaps, or is text, a vector."""
    known = _VECTORS.get(array.type)
    if known is None or array.null_count == len(array):
        return wire.List(tuple(_scalar(array, i) for i in range(len(array))))
    of, bits, dtype = known
    if array.null_count or not dtype or len(array) == 1:
        return wire.Vector(of, tuple(array.to_pylist()), bits)
    return wire.Array(dtype, (len(array),), array.to_numpy(zero_copy_only=False).tobytes())


def _numbers(array: pa.Array, shape: list[int]) -> wire.Value:
    """A matrix, or an array of more dimensions, which R has column by column."""
    values = array.to_numpy(zero_copy_only=False).reshape(shape, order="F")
    if values.dtype.kind in "biuf":
        plain = np.ascontiguousarray(values)
        return wire.Array(plain.dtype.str, tuple(shape), plain.tobytes())
    return _nested([_scalar(array, i) for i in range(len(array))], shape)


def _nested(items: list[wire.Scalar], shape: list[int]) -> wire.Value:
    order = np.arange(len(items)).reshape(shape, order="F")

    def rows(part: ArrowData) -> wire.Value:
        if part.ndim == 0:
            return items[int(part)]
        return wire.List(tuple(rows(inner) for inner in part))

    return rows(order)


# -------------------------------------------------------------------- the form to Arrow


def _one_kind(items: Sequence[wire.Value]) -> pa.Array | None:
    """Scalars of one kind as an Arrow array; None where they are something else."""
    kinds = {type(item) for item in items} - {wire.Null}
    if kinds == {wire.Int, wire.Float}:
        kinds = {wire.Float}
    if len(kinds) != 1:
        return None
    kind = kinds.pop()
    if kind is wire.Timestamp:
        return _timestamps(items)
    if kind is wire.Decimal:
        texts = [item.text if isinstance(item, wire.Decimal) else None for item in items]
        return pa.array([None if text is None else float(text) for text in texts], pa.float64())
    plain = [getattr(item, "value", None) for item in items]
    if kind is wire.Int:
        return _integers(plain)
    if kind is wire.Float:
        return pa.array([None if x is None else float(x) for x in plain], pa.float64())
    if kind not in (wire.Bool, wire.Text, wire.Date):
        return None
    return pa.array(plain)


def _integers(values: Sequence[ArrowData]) -> pa.Array:
    present = [value for value in values if value is not None]
    if any(not -(2**63) <= value < 2**63 for value in present):
        raise TypeError("R has no integers beyond 64 bit")
    small = all(abs(value) < 2**31 for value in present)
    return pa.array(values, pa.int32() if small else pa.int64())


def _timestamps(items: Sequence[wire.Value]) -> pa.Array | None:
    times = [item for item in items if isinstance(item, wire.Timestamp)]
    zoned = {item.zone is not None for item in times}
    if len(zoned) != 1:
        return None
    fine = any(item.nanos % 1000 for item in times)
    unit, step = ("ns", 1) if fine else ("us", 1000)
    kind = pa.timestamp(unit, "UTC" if zoned.pop() else None)
    nanos = [item.nanos // step if isinstance(item, wire.Timestamp) else None for item in items]
    return pa.array(nanos, kind)
