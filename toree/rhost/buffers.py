"""Arrow's buffers as R's vectors are filled from them: strings, values, offsets, nulls."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from rpy2 import rinterface

from ..foreign import NumpyData
from .engine import memory

_PIECE = 1 << 26  # bytes of strings handed to R at a time


def joined(part: pa.Array) -> tuple[NumpyData, int]:
    """The strings' bytes, a zero after each, and how many zeros there are."""
    empty, zero = pa.scalar("", part.type), pa.scalar("\0", part.type)
    text = pc.binary_join_element_wise(
        part, empty, zero, null_handling="replace", null_replacement=""
    )
    first, last = bounds(text, pa.types.is_large_string(text.type))
    data = (
        np.frombuffer(text.buffers()[2], np.uint8)[first:last]
        if last > first
        else np.empty(0, np.uint8)
    )
    return data, len(data) - int(np.count_nonzero(data))


def pieces(data: pa.ChunkedArray) -> Iterator[pa.Array]:
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


def fill(
    made: NumpyData,
    data: pa.ChunkedArray,
    dtype: NumpyData,
    set_missing: NumpyData,
    divisor: float = 1.0,
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


def bounds(array: pa.Array, large: bool) -> tuple[int, int]:
    buffer = array.buffers()[1]
    if buffer is None or not len(array):
        return 0, 0
    offsets = np.frombuffer(buffer, np.int64 if large else np.int32)
    return int(offsets[array.offset]), int(offsets[array.offset + len(array)])


def ends(array: pa.Array, large: bool) -> tuple[NumpyData, int, int]:
    """Where each element ends, counted from the first; and the range of the child they use."""
    first, last = bounds(array, large)
    if not len(array):
        return rinterface.FloatSexpVector([]), 0, 0
    offsets = np.frombuffer(array.buffers()[1], np.int64 if large else np.int32)
    part = offsets[array.offset + 1 : array.offset + len(array) + 1]
    return rinterface.FloatSexpVector((part - first).astype(float).tolist()), first, last


def positions(data: NumpyData) -> NumpyData:
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
