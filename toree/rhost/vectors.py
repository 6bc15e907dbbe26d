"""Arrow to R vectors and back: memory copies, and R's own readBin and writeBin for strings.

Arrow                      R
bool                       logical
int8, int16, int32, uint8  integer (double where -2^31 occurs, R's mark for NA)
int64, uint*               double; beyond 2^53 integer64 (package bit64), else character
float, double, decimal     double; null is NA, NaN stays NaN
string                     character (UTF-8)
dictionary of strings      factor
date                       Date
timestamp with zone        POSIXct in the session's time zone
timestamp without zone     POSIXct in UTC
duration                   difftime in seconds
binary                     list of raw
list, map, struct          list of vectors, of named lists
Matrices (udts.py)         list of matrices
null                       logical NA
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from rpy2 import rinterface

from .engine import Engine, memory, set_attribute, strings
from .udts import Matrices

_NA_INTEGER = -(2**31)
_NA_REAL = np.uint64(0x7FF00000000007A2)
_EXACT = 2**53
_NA_INTEGER64 = -(2**63)
_PIECE = 1 << 26  # bytes of strings handed to R at a time
_SECONDS = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}

Warn = Callable[[str], None]


class ToR:
    """Arrow tables to data.frames."""

    def __init__(self, engine: Engine, zone: str, warn: Warn, bigint: str = "") -> None:
        """
        Args:
            zone: time zone in which timestamps are shown, an Olson name.
            warn: told in a sentence about values R can't hold as they are.
            bigint: what int64 becomes: "integer" (where they fit), "numeric", "integer64",
                "character", or "" as above.
        """
        self._engine = engine
        self._zone = zone
        self._warn = warn
        self._bigint = bigint

    def frame(self, table: pa.Table) -> Any:
        names, rows = table.column_names, table.num_rows
        columns = []
        for i in range(table.num_columns):
            columns.append(self.column(table.column(i)))
        made = rinterface.ListSexpVector(columns)
        return self._engine.call(
            "data_frame_of", made, strings(names), rinterface.FloatSexpVector([rows])
        )

    def column(self, data: pa.ChunkedArray) -> Any:
        kind = data.type
        if getattr(pa.types, "is_string_view", pa.types.is_null)(kind) and kind != pa.null():
            return self._strings(data.cast(pa.string()))
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            return self._strings(data)
        if pa.types.is_boolean(kind):
            return self._fixed(data.cast(pa.int32()), "logical", np.int32)
        if pa.types.is_integer(kind):
            return self._integers(data)
        if pa.types.is_floating(kind):
            return self._fixed(data, "double", np.float64)
        if pa.types.is_decimal(kind):
            return self._fixed(data.cast(pa.float64()), "double", np.float64)
        if pa.types.is_date(kind):
            days = self._fixed(data.cast(pa.date32()).cast(pa.int32()), "double", np.float64)
            return self._with(days, {"class": strings(["Date"])})
        if pa.types.is_timestamp(kind):
            zone = self._zone if kind.tz else "UTC"
            seconds = self._fixed(data.cast(pa.int64()), "double", np.float64, _SECONDS[kind.unit])
            return self._with(
                seconds, {"class": strings(["POSIXct", "POSIXt"]), "tzone": strings([zone])}
            )
        if pa.types.is_duration(kind):
            seconds = self._fixed(data.cast(pa.int64()), "double", np.float64, _SECONDS[kind.unit])
            return self._with(seconds, {"class": strings(["difftime"]), "units": strings(["secs"])})
        if pa.types.is_dictionary(kind):
            return self._factor(data)
        if pa.types.is_null(kind):
            return self._fixed(
                pa.chunked_array([pa.nulls(len(data), pa.int32())]), "logical", np.int32
            )
        return self._nested(data)

    def _nested(self, data: pa.ChunkedArray) -> Any:
        array = data.combine_chunks() if data.num_chunks != 1 else data.chunk(0)
        kind = array.type
        if isinstance(kind, pa.BaseExtensionType):
            array = array.storage
        missing = _positions(array)
        if isinstance(kind, Matrices):
            parts = [self.column(pa.chunked_array([part])) for part in array.flatten()]
            return self._engine.call("matrices", *parts)
        if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            ends, first, last = _ends(array, kind in (pa.large_binary(),))
            buffer = array.buffers()[2]
            content = memoryview(buffer)[first:last] if buffer is not None else b""
            return self._engine.call("binary_of_bytes", self._raw(content), ends, missing)
        if pa.types.is_struct(kind):
            # Not flatten(): a field that is never null can't take the nulls of the whole.
            parts = [array.field(i) for i in range(kind.num_fields)]
            children = [self.column(pa.chunked_array([part])) for part in parts]
            names = [kind.field(i).name for i in range(kind.num_fields)]
            return self._engine.call(
                "records",
                rinterface.ListSexpVector(children),
                strings(names),
                rinterface.IntSexpVector([len(array)]),
                missing,
            )
        if pa.types.is_map(kind):
            ends, first, last = _ends(array, False)
            parts = [array.keys.slice(first, last - first), array.items.slice(first, last - first)]
            child = rinterface.ListSexpVector([self.column(pa.chunked_array([p])) for p in parts])
            return self._engine.call("slices", child, ends, missing, _flag(True))
        if pa.types.is_list(kind) or pa.types.is_large_list(kind):
            ends, first, last = _ends(array, pa.types.is_large_list(kind))
            inner = self.column(pa.chunked_array([array.values.slice(first, last - first)]))
            return self._engine.call("slices", inner, ends, missing, _flag(False))
        return self._strings(pa.chunked_array([pa.array([_text(x) for x in array], pa.string())]))

    def _integers(self, data: pa.ChunkedArray) -> Any:
        bounds = pc.min_max(data)
        low, high = bounds["min"].as_py() or 0, bounds["max"].as_py() or 0
        if data.type.bit_width <= 32 and low > -(2**31) and high < 2**31:
            return self._fixed(data, "integer", np.int32)
        exact = low >= -_EXACT and high <= _EXACT
        wide = data.type.bit_width == 64
        if wide and self._bigint == "integer" and low > -(2**31) and high < 2**31:
            return self._fixed(data, "integer", np.int32)
        if wide and self._bigint == "character":
            return self._strings(data.cast(pa.string()))
        if wide and (
            self._bigint == "integer64"
            or (not exact and self._bigint not in ("numeric", "integer"))
        ):
            if low > _NA_INTEGER64 and high < 2**63 and self._has("bit64"):
                return self._integer64(data)
            if not exact:
                self._warn(
                    "Integers beyond 2^53 came as character: "
                    "install the R package bit64 for integer64."
                )
                return self._strings(data.cast(pa.string()))
        if not exact:
            self._warn("Integers beyond 2^53 were rounded to double, as asked (bigint).")
        return self._fixed(data, "double", np.float64)

    def _integer64(self, data: pa.ChunkedArray) -> Any:
        made = self._engine.call("new_vector", strings(["double"]), _size(len(data)))
        _fill(made, data, np.int64, lambda part, mask: part.__setitem__(mask, _NA_INTEGER64))
        return self._with(made, {"class": strings(["integer64"])})

    def _has(self, package: str) -> bool:
        return bool(self._engine.call("has_package", strings([package]))[0])

    def _fixed(self, data: pa.ChunkedArray, kind: str, dtype: Any, divisor: float = 1.0) -> Any:
        made = self._engine.call("new_vector", strings([kind]), _size(len(data)))

        def real(part: Any, mask: Any) -> None:
            part.view(np.uint64)[mask] = _NA_REAL

        def whole(part: Any, mask: Any) -> None:
            part[mask] = _NA_INTEGER

        _fill(made, data, dtype, real if dtype is np.float64 else whole, divisor)
        return made

    def _with(self, vector: Any, attributes: dict[str, Any]) -> Any:
        for name, value in attributes.items():
            set_attribute(vector, name, value)
        return vector

    def _factor(self, data: pa.ChunkedArray) -> Any:
        array = data.unify_dictionaries().combine_chunks()
        if isinstance(array, pa.ChunkedArray):
            array = array.chunk(0)
        levels = self._strings(pa.chunked_array([array.dictionary.cast(pa.string())]))
        codes = pc.add(array.indices.cast(pa.int32()), 1)
        return self._engine.call(
            "factor_of", self._fixed(pa.chunked_array([codes]), "integer", np.int32), levels
        )

    def _raw(self, content: Any) -> Any:
        made = self._engine.call("new_vector", strings(["raw"]), _size(len(content)))
        if len(content):
            np.frombuffer(memory(made), np.uint8)[:] = np.frombuffer(content, np.uint8)
        return made

    def _strings(self, data: pa.ChunkedArray) -> Any:
        pieces, counts, utf8 = [], [], False
        for part in _pieces(data):
            joined, zeros = _joined(part)
            if zeros != len(part):
                self._warn("Zero bytes inside strings were removed: R's strings can't hold them.")
                joined, _ = _joined(pc.replace_substring(part, "\0", ""))
            utf8 = utf8 or bool(len(joined) and joined.max() >= 128)
            pieces.append(self._raw(joined))
            counts.append(len(part))
        missing = _positions(data)
        return self._engine.call(
            "strings_of_bytes",
            rinterface.ListSexpVector(pieces),
            rinterface.IntSexpVector(counts),
            missing,
            _flag(utf8),
        )


def _joined(part: pa.Array) -> tuple[Any, int]:
    """The strings' bytes, a zero after each, and how many zeros there are."""
    empty, zero = pa.scalar("", part.type), pa.scalar("\0", part.type)
    text = pc.binary_join_element_wise(
        part, empty, zero, null_handling="replace", null_replacement=""
    )
    first, last = _bounds(text, pa.types.is_large_string(text.type))
    data = (
        np.frombuffer(text.buffers()[2], np.uint8)[first:last]
        if last > first
        else np.empty(0, np.uint8)
    )
    return data, len(data) - int(np.count_nonzero(data))


def _pieces(data: pa.ChunkedArray) -> Iterator[pa.Array]:
    """The column in arrays of a size that is good for R: neither thousands nor gigabytes."""
    held: list[pa.Array] = []
    size = 0
    for chunk in data.chunks:
        rows = (
            max(1, len(chunk) * _PIECE // max(1, chunk.nbytes))
            if chunk.nbytes > _PIECE
            else len(chunk)
        )
        for start in range(0, len(chunk), max(rows, 1)):
            part = chunk.slice(start, rows)
            held.append(part)
            size += part.nbytes
            if size >= _PIECE:
                yield pa.concat_arrays(held)
                held, size = [], 0
    if held:
        yield held[0] if len(held) == 1 else pa.concat_arrays(held)


def _fill(
    made: Any, data: pa.ChunkedArray, dtype: Any, set_missing: Any, divisor: float = 1.0
) -> None:
    """Copies fixed-width values, chunk by chunk, into the memory of an R vector."""
    if not len(data):
        return
    target = np.frombuffer(memory(made), np.uint8).view(dtype)
    start = 0
    source = np.dtype(data.type.to_pandas_dtype())
    for chunk in data.chunks:
        if not len(chunk):
            continue
        values = np.frombuffer(
            chunk.buffers()[1], source, len(chunk), chunk.offset * source.itemsize
        )
        part = target[start : start + len(chunk)]
        if divisor == 1.0:
            part[:] = values
        else:
            np.divide(values, divisor, out=part)
        if chunk.null_count:
            set_missing(part, chunk.is_null().to_numpy(zero_copy_only=False))
        start += len(chunk)


def _bounds(array: pa.Array, large: bool) -> tuple[int, int]:
    buffer = array.buffers()[1]
    if buffer is None or not len(array):
        return 0, 0
    offsets = np.frombuffer(buffer, np.int64 if large else np.int32)
    return int(offsets[array.offset]), int(offsets[array.offset + len(array)])


def _ends(array: pa.Array, large: bool) -> tuple[Any, int, int]:
    """Where each element ends, counted from the first; and the range of the child they use."""
    first, last = _bounds(array, large)
    if not len(array):
        return rinterface.FloatSexpVector([]), 0, 0
    offsets = np.frombuffer(array.buffers()[1], np.int64 if large else np.int32)
    part = offsets[array.offset + 1 : array.offset + len(array) + 1]
    return rinterface.FloatSexpVector((part - first).astype(float).tolist()), first, last


def _positions(data: Any) -> Any:
    """1-based positions of nulls."""
    if not data.null_count:
        return rinterface.IntSexpVector([])
    mask = data.is_null()
    if isinstance(mask, pa.ChunkedArray):
        mask = mask.combine_chunks()
        if isinstance(mask, pa.ChunkedArray):
            mask = pa.concat_arrays(mask.chunks)
    found = np.flatnonzero(mask.to_numpy(zero_copy_only=False)) + 1
    made = rinterface.baseenv["vector"]("integer", len(found))
    np.frombuffer(memory(made), np.int32)[:] = found
    return made


def _size(length: int) -> Any:
    return rinterface.FloatSexpVector([float(length)])


def _flag(value: bool) -> Any:
    return rinterface.BoolSexpVector([value])


def _text(value: Any) -> str | None:
    plain = value.as_py()
    return None if plain is None else str(plain)
