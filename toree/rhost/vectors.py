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

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from rpy2 import rinterface

from ..foreign import Json, NumpyData, RObject
from . import buffers
from .engine import Engine, memory, set_attribute, strings
from .udts import Matrices

_NA_INTEGER = -(2**31)
_NA_REAL = np.uint64(0x7FF00000000007A2)
_EXACT = 2**53
_NA_INTEGER64 = -(2**63)
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

    def frame(self, table: pa.Table) -> RObject:
        names, rows = table.column_names, table.num_rows
        columns = []
        for i in range(table.num_columns):
            columns.append(self.column(table.column(i)))
        made = rinterface.ListSexpVector(columns)
        return self._engine.call(
            "data_frame_of", made, strings(names), rinterface.FloatSexpVector([rows])
        )

    def column(self, data: pa.ChunkedArray) -> RObject:
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

    def _nested(self, data: pa.ChunkedArray) -> RObject:
        array = data.combine_chunks() if data.num_chunks != 1 else data.chunk(0)
        kind = array.type
        if isinstance(kind, pa.BaseExtensionType):
            array = array.storage
        missing = buffers.positions(array)
        if isinstance(kind, Matrices):
            parts = [self.column(pa.chunked_array([part])) for part in array.flatten()]
            return self._engine.call("matrices", *parts)
        if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            ends, first, last = buffers.ends(array, kind in (pa.large_binary(),))
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
            ends, first, last = buffers.ends(array, False)
            parts = [array.keys.slice(first, last - first), array.items.slice(first, last - first)]
            child = rinterface.ListSexpVector([self.column(pa.chunked_array([p])) for p in parts])
            return self._engine.call("slices", child, ends, missing, _flag(True))
        if pa.types.is_list(kind) or pa.types.is_large_list(kind):
            ends, first, last = buffers.ends(array, pa.types.is_large_list(kind))
            inner = self.column(pa.chunked_array([array.values.slice(first, last - first)]))
            return self._engine.call("slices", inner, ends, missing, _flag(False))
        return self._strings(pa.chunked_array([pa.array([_text(x) for x in array], pa.string())]))

    def _integers(self, data: pa.ChunkedArray) -> RObject:
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

    def _integer64(self, data: pa.ChunkedArray) -> RObject:
        made = self._engine.call("new_vector", strings(["double"]), _size(len(data)))
        buffers.fill(made, data, np.int64, lambda part, mask: part.__setitem__(mask, _NA_INTEGER64))
        return self._with(made, {"class": strings(["integer64"])})

    def _has(self, package: str) -> bool:
        return bool(self._engine.call("has_package", strings([package]))[0])

    def _fixed(
        self, data: pa.ChunkedArray, kind: str, dtype: object, divisor: float = 1.0
    ) -> RObject:
        made = self._engine.call("new_vector", strings([kind]), _size(len(data)))

        def real(part: NumpyData, mask: NumpyData) -> None:
            part.view(np.uint64)[mask] = _NA_REAL

        def whole(part: NumpyData, mask: NumpyData) -> None:
            part[mask] = _NA_INTEGER

        buffers.fill(made, data, dtype, real if dtype is np.float64 else whole, divisor)
        return made

    def _with(self, vector: object, attributes: Json) -> RObject:
        for name, value in attributes.items():
            set_attribute(vector, name, value)
        return vector

    def _factor(self, data: pa.ChunkedArray) -> RObject:
        array = data.unify_dictionaries().combine_chunks()
        if isinstance(array, pa.ChunkedArray):
            array = array.chunk(0)
        levels = self._strings(pa.chunked_array([array.dictionary.cast(pa.string())]))
        codes = pc.add(array.indices.cast(pa.int32()), 1)
        return self._engine.call(
            "factor_of", self._fixed(pa.chunked_array([codes]), "integer", np.int32), levels
        )

    def _raw(self, content: NumpyData) -> RObject:
        made = self._engine.call("new_vector", strings(["raw"]), _size(len(content)))
        if len(content):
            np.frombuffer(memory(made), np.uint8)[:] = np.frombuffer(content, np.uint8)
        return made

    def _strings(self, data: pa.ChunkedArray) -> RObject:
        pieces, counts, utf8 = [], [], False
        for part in buffers.pieces(data):
            joined, zeros = buffers.joined(part)
            if zeros != len(part):
                self._warn("Zero bytes inside strings were removed: R's strings can't hold them.")
                joined, _ = buffers.joined(pc.replace_substring(part, "\0", ""))
            utf8 = utf8 or bool(len(joined) and joined.max() >= 128)
            pieces.append(self._raw(joined))
            counts.append(len(part))
        missing = buffers.positions(data)
        return self._engine.call(
            "strings_of_bytes",
            rinterface.ListSexpVector(pieces),
            rinterface.IntSexpVector(counts),
            missing,
            _flag(utf8),
        )


def _size(length: int) -> RObject:
    return rinterface.FloatSexpVector([float(length)])


def _flag(value: bool) -> RObject:
    return rinterface.BoolSexpVector([value])


def _text(value: RObject) -> str | None:
    plain = value.as_py()
    return None if plain is None else str(plain)
