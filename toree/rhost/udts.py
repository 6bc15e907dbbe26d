"""Spark's vectors and matrices, user-defined types, as what they mean and not as they are stored.

A vector becomes a list of doubles, a matrix a `Matrices` array, wherever they stand in a column.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from ..foreign import ArrowData, Json

_MOST = 1 << 28  # doubles that sparse vectors may become: 2 GB


class Matrices(pa.ExtensionType):  # type: ignore[misc]
    """Matrices: rows, columns, and the values column by column, as R has them."""

    def __init__(self) -> None:
        parts = {"rows": pa.int32(), "columns": pa.int32(), "values": pa.list_(pa.float64())}
        super().__init__(pa.struct(list(parts.items())), "toree.matrices")

    def __arrow_ext_serialize__(self) -> bytes:
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage: object, serialized: bytes) -> Matrices:
        return cls()


def has_udt(kind: object) -> bool:
    """Whether a Spark type is, or holds, a vector or matrix."""
    name = type(kind).__name__
    if name in ("VectorUDT", "MatrixUDT"):
        return True
    inner = [getattr(kind, part, None) for part in ("elementType", "keyType", "valueType")]
    inner += [field.dataType for field in getattr(kind, "fields", ()) or ()]
    return any(has_udt(part) for part in inner if part is not None)


def plain(table: pa.Table, kinds: list[object]) -> pa.Table:
    """The table of these Spark types with its vectors and matrices as what they mean."""
    for i, kind in enumerate(kinds):
        if has_udt(kind):
            column = table.column(i)
            chunks = [_plain(chunk, kind) for chunk in column.chunks]
            made = pa.chunked_array(chunks) if chunks else _none(column.type, kind)
            table = table.set_column(i, table.field(i).name, made)
    return table


def _none(stored: pa.DataType, kind: object) -> pa.ChunkedArray:
    return pa.chunked_array([_plain(pa.array([], stored), kind)])


def _plain(array: ArrowData, kind: ArrowData) -> ArrowData:
    name = type(kind).__name__
    if not has_udt(kind):
        return array
    if name in ("VectorUDT", "MatrixUDT"):
        made = (_vectors if name == "VectorUDT" else _matrices)(_present(array))
        return _spread(made, array)
    missing = array.is_null() if array.null_count else None
    if name == "ArrayType":
        ends, items = _ends(array)
        return pa.ListArray.from_arrays(ends, _plain(items, kind.elementType), mask=missing)
    if name == "MapType":
        ends, _ = _ends(array)
        first, last = _range(array)
        parts = [part.slice(first, last - first) for part in (array.keys, array.items)]
        keys, values = _plain(parts[0], kind.keyType), _plain(parts[1], kind.valueType)
        return pa.MapArray.from_arrays(ends, keys, values, mask=missing)
    # Not flatten(): a field that is never null can't take the nulls of the whole.
    children = [_plain(array.field(i), field.dataType) for i, field in enumerate(kind.fields)]
    return pa.StructArray.from_arrays(children, names=[f.name for f in kind.fields], mask=missing)


def _range(array: ArrowData) -> tuple[int, int]:
    offsets = array.offsets.to_numpy()
    return (int(offsets[0]), int(offsets[-1])) if len(offsets) else (0, 0)


def _ends(array: ArrowData) -> tuple[ArrowData, ArrowData]:
    """Offsets from 0 of a list array, and the part of its items that they are of."""
    first, last = _range(array)
    offsets = array.offsets.to_numpy() - first
    return pa.array(offsets, pa.int32()), array.values.slice(first, last - first)


def _present(array: ArrowData) -> ArrowData:
    """The structs that are not null."""
    if not array.null_count:
        return array
    # Made anew: drop_null() and flatten() fail on fields that are declared to have no nulls.
    fields = [array.type.field(i).name for i in range(array.type.num_fields)]
    children = [array.field(i).filter(array.is_valid()) for i in range(len(fields))]
    return pa.StructArray.from_arrays(children, names=fields)


def _spread(made: ArrowData, array: ArrowData) -> ArrowData:
    """What was made of the elements that are not null, with the nulls where they were."""
    if not array.null_count:
        return made
    missing = array.is_null().to_numpy(zero_copy_only=False)
    places = pa.array(np.cumsum(~missing) - 1, mask=missing)
    if isinstance(made, pa.ExtensionArray):
        return pa.ExtensionArray.from_storage(made.type, made.storage.take(places))
    return made.take(places)


def _parts(array: ArrowData) -> Json:
    return {array.type.field(i).name: array.field(i) for i in range(array.type.num_fields)}


def _lengths(lists: ArrowData) -> ArrowData:
    return lists.value_lengths().fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)


def _numbers(array: ArrowData) -> ArrowData:
    return array.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)


def _vectors(array: ArrowData) -> ArrowData:
    """struct<type (0: sparse), size, indices, values> to lists."""
    parts = _parts(array)
    sparse = _numbers(parts["type"]) == 0
    given = _lengths(parts["values"])
    sizes = np.where(sparse, _numbers(parts["size"]), given)
    starts = _starts(sizes)
    rows = np.repeat(np.arange(len(array)), given)
    inside = np.arange(len(rows)) - _starts(given)[:-1][rows]
    indices = parts["indices"].flatten().to_numpy(zero_copy_only=False)
    inside[sparse[rows]] = indices
    return _lists(starts, starts[:-1][rows] + inside, parts["values"])


def _matrices(array: object) -> ArrowData:
    """struct<type (0: sparse), numRows, numCols, colPtrs, rowIndices, values, isTransposed>."""
    parts = _parts(array)
    rows, columns = _numbers(parts["numRows"]), _numbers(parts["numCols"])
    starts = _starts(rows * columns)
    places = [
        start + _places(*(part[i].as_py() for part in parts.values()))
        for i, start in enumerate(starts[:-1])
    ]
    flat = np.concatenate(places) if places else np.empty(0, np.int64)
    lists = _lists(starts, flat, parts["values"])
    fields = [pa.array(rows, pa.int32()), pa.array(columns, pa.int32()), lists]
    stored = pa.StructArray.from_arrays(fields, names=["rows", "columns", "values"])
    return pa.ExtensionArray.from_storage(Matrices(), stored)


def _places(
    kind: int,
    rows: int,
    columns: int,
    ends: list[int] | None,
    indices: list[int] | None,
    values: list[float],
    transposed: bool,
) -> ArrowData:
    """Where each value of a matrix stands, counted column by column."""
    if kind == 0:
        minor = np.array(indices, np.int64)
        major = np.repeat(np.arange(len(ends or [0]) - 1), np.diff(ends or [0]))
    else:
        minor, major = (
            np.arange(len(values)) % max(1, columns if transposed else rows),
            np.arange(len(values)) // max(1, columns if transposed else rows),
        )
    return minor * rows + major if transposed else major * rows + minor


def _starts(sizes: ArrowData) -> ArrowData:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def _lists(starts: ArrowData, places: ArrowData, values: ArrowData) -> ArrowData:
    total = int(starts[-1])
    if total > _MOST:
        raise ValueError(
            f"The vectors would take {total * 8 >> 30} GB, sparse ones written out: select less."
        )
    dense = np.zeros(total)
    dense[places] = values.flatten().to_numpy(zero_copy_only=False)
    return pa.ListArray.from_arrays(pa.array(starts, pa.int32()), pa.array(dense))
