"""R vectors to Arrow: the way back of vectors.py."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from ..foreign import ArrowData, NumpyData, RObject
from .engine import Engine, memory

_NA_INTEGER = -(2**31)
_NA_LOW_WORD = 1954  # what tells R's NA_real_ from other NaNs
_ROWS = 1_000_000  # strings taken out of R at a time
_KIND = {
    "logical": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "duration": pa.duration("us"),
}


class FromR:
    """data.frames to Arrow tables."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def table(self, frame: RObject) -> pa.Table:
        """
        Raises:
            ValueError: a column has no counterpart; the message names it.
        """
        names = [str(name) for name in frame.names] if len(frame) else []
        arrays = []
        for i, name in enumerate(names):
            try:
                arrays.append(self.column(frame[i]))
            except Exception as error:
                raise ValueError(f"Column {name!r}: {error}") from None
        return pa.table(arrays, names=names)

    def column(self, vector: object) -> ArrowData:
        parts = self._engine.call("column_parts", vector)
        kind, data = parts[0][0], parts[1]
        if kind == "character":
            return self._strings(data)
        if kind == "factor":
            levels = self._strings(parts[2])
            codes = _numbers(data, np.int32)
            missing = codes == _NA_INTEGER
            indices = pa.array(np.where(missing, 0, codes - 1), mask=missing)
            return pa.DictionaryArray.from_arrays(indices, levels)
        if kind in ("integer", "logical"):
            values = _numbers(data, np.int32)
            missing = values == _NA_INTEGER
            if kind == "logical":
                return pa.array(values.astype(bool), mask=missing)
            return pa.array(values, mask=missing if missing.any() else None)
        if kind == "integer64":
            wide = _numbers(data, np.float64).view(np.int64)
            return pa.array(wide, mask=wide == -(2**63))
        if kind == "double":
            reals = _numbers(data, np.float64)
            missing = _is_na(reals)
            return pa.array(reals, mask=missing if missing.any() else None, from_pandas=False)
        if kind in ("date", "timestamp", "duration"):
            return self._time(kind, _numbers(data, np.float64))
        return self._nested(kind, parts)

    def _time(self, kind: str, values: NumpyData) -> pa.Array:
        missing = ~np.isfinite(values)
        if kind == "date":
            whole = np.where(missing, 0, np.floor(values)).astype(np.int32)
        else:
            whole = np.where(missing, 0, np.round(values * 1e6)).astype(np.int64)
        return pa.array(whole, mask=missing).cast(_KIND[kind])

    def _nested(self, kind: str, parts: NumpyData) -> pa.Array:
        if kind == "struct":
            names = [str(name) for name in parts[2]]
            children = [_one(self.column(child)) for child in parts[1]]
            missing = np.array([bool(x) for x in parts[3]], dtype=bool)
            mask = pa.array(missing) if missing.any() else None
            if not names:
                return pa.nulls(int(parts[4][0]))
            return pa.StructArray.from_arrays(children, names=names, mask=mask)
        ends = _numbers(parts[2], np.float64)
        missing = _numbers(parts[3], np.int32).astype(bool)
        offsets = np.concatenate([[0], ends]).astype(np.int32)
        if kind == "binary":
            content = pa.py_buffer(bytes(memory(parts[1])))
            valid = pa.array(~missing).buffers()[1] if len(missing) else None
            return pa.Array.from_buffers(
                pa.binary(), len(ends), [valid, pa.py_buffer(offsets), content]
            )
        child = _one(self.column(parts[1]))
        mask = pa.array(missing) if missing.any() else None
        return pa.ListArray.from_arrays(pa.array(offsets), child, mask=mask)

    def _strings(self, vector: RObject) -> NumpyData:
        length = len(vector)
        if length == 0:
            return pa.array([], pa.string())
        missing = self._engine.call("missing_of", vector)
        mask = _numbers(missing, np.int32).astype(bool) if len(missing) else None
        chunks = []
        for start in range(0, length, _ROWS):
            end = min(length, start + _ROWS)
            first, last = float(start + 1), float(end)
            raw = self._engine.call("bytes_of_strings", vector, _real(first), _real(last))
            chunks.append(
                _split(
                    np.frombuffer(memory(raw), np.uint8),
                    end - start,
                    None if mask is None else mask[start:end],
                )
            )
        return chunks[0] if len(chunks) == 1 else pa.chunked_array(chunks)


def _split(data: NumpyData, count: int, mask: NumpyData) -> pa.Array:
    """Strings from bytes with a zero after each."""
    zeros = np.flatnonzero(data == 0)
    ends = zeros - np.arange(count)
    wide = bool(count) and int(ends[-1]) >= 2**31
    offsets = np.concatenate([[0], ends]).astype(np.int64 if wide else np.int32)
    valid = None if mask is None else pa.array(~mask).buffers()[1]
    content = pa.py_buffer(data[data != 0])
    kind = pa.large_string() if wide else pa.string()
    return pa.Array.from_buffers(kind, count, [valid, pa.py_buffer(offsets), content])


def _numbers(vector: RObject, dtype: NumpyData) -> RObject:
    """A view of an R vector's memory: valid while the vector is."""
    if not len(vector):
        return np.empty(0, dtype)
    return np.frombuffer(memory(vector), np.uint8).view(dtype)


def _is_na(values: NumpyData) -> NumpyData:
    missing = np.isnan(values)
    if missing.any():
        missing &= (values.view(np.uint64) & np.uint64(0xFFFFFFFF)) == _NA_LOW_WORD
    return missing


def _one(array: object) -> pa.Array:
    if isinstance(array, pa.ChunkedArray):
        return pa.concat_arrays(array.chunks)
    return array


def _real(value: float) -> NumpyData:
    from rpy2 import rinterface

    return rinterface.FloatSexpVector([value])
