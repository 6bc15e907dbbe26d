"""Python values to the crossing form and back, by way of its JSON."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import decimal
import io
import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given

from toree import wire
from toree.interpreters.python.kinds import describe
from toree.interpreters.python.values import FromWire, ToWire

from .values import NoSpark, nested, plain, same, values

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")
pa = pytest.importorskip("pyarrow")


@pytest.fixture(scope="module")
def store() -> Iterator[wire.Store]:
    made = wire.Files(limit=1000)
    yield made
    made.close()


def crossed(value: Any, store: wire.Store) -> Any:
    to, back = ToWire(store, NoSpark()), FromWire(NoSpark())
    return back(wire.loads(wire.dumps(to(value), store)))


@given(value=nested(plain))
def test_a_round_trip_keeps_value_and_type(store: wire.Store, value: Any) -> None:
    assert same(value, crossed(value, store))


@given(value=values)
def test_every_crossing_form_is_some_python_value(value: wire.Value) -> None:
    try:
        FromWire(NoSpark())(value)
    except TypeError as error:
        assert str(error)


@pytest.mark.parametrize(
    "dtype",
    [
        "bool",
        *(f"{s}int{b}" for s in ("", "u") for b in (8, 16, 32, 64)),
        "float16",
        "float32",
        "float64",
        "complex64",
        "complex128",
        ">i4",
        ">f8",
    ],
)
@pytest.mark.parametrize("shape", [(0,), (3,), (2, 3), (2, 1, 3)])
def test_arrays_of_every_numeric_dtype(
    store: wire.Store, dtype: str, shape: tuple[int, ...]
) -> None:
    array = np.arange(math.prod(shape)).reshape(shape).astype(dtype)
    back = crossed(array, store)
    assert back.dtype == np.dtype(dtype).newbyteorder("=")
    assert back.shape == shape
    assert (back == array).all()
    assert back.flags.writeable


def test_a_transposed_and_a_sliced_array(store: wire.Store) -> None:
    array = np.arange(12).reshape(3, 4)
    assert (crossed(array.T, store) == array.T).all()
    assert (crossed(array[::2, ::-1], store) == array[::2, ::-1]).all()


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": [1.5, float("nan")]}),
        pd.DataFrame({"a": [1, 2]}, index=pd.Index(["x", "y"], name="k")),
        pd.DataFrame({"a": [1, 2]}, index=pd.MultiIndex.from_tuples([("x", 1), ("y", 2)])),
        pd.DataFrame({"c": pd.Categorical(["x", "y", "x"], ordered=True)}),
        pd.DataFrame({"n": pd.array([1, None], "Int64"), "b": pd.array([True, None], "boolean")}),
        pd.DataFrame({"t": pd.to_datetime(["2024-01-01", None]).tz_localize("Europe/Berlin")}),
        pd.DataFrame({"t": pd.to_datetime(["2024-01-01T00:00:00.123456", None])}),
        pd.DataFrame({"d": pd.to_timedelta([1, 2], "s")}),
        pd.DataFrame({"a": []}),
        pd.DataFrame(),
    ],
    ids=str,
)
def test_pandas_frames(store: wire.Store, frame: Any) -> None:
    back = crossed(frame, store)
    pd.testing.assert_frame_equal(back, frame)


def test_pyarrow_tables(store: wire.Store) -> None:
    table = pa.table({"a": [1, None], "s": [["x"], []]})
    assert crossed(table, store).equals(table)


def test_numbers_of_numpy_and_pandas(store: wire.Store) -> None:
    assert same(crossed(np.int64(7), store), 7)
    assert same(crossed(np.float32(0.5), store), 0.5)
    assert crossed(pd.NA, store) is None
    assert crossed(pd.NaT, store) is None
    stamp = pd.Timestamp("2024-01-01T00:00:00.123456789", tz="UTC")
    assert crossed(stamp, store) == stamp
    assert crossed(np.datetime64("2024-01-01T12"), store) == dt.datetime(2024, 1, 1, 12)


@dataclasses.dataclass
class Place:
    name: str
    size: int = 0


Spot = collections.namedtuple("Spot", "x y")


@pytest.mark.parametrize(
    ("value", "there"),
    [
        (2**70, 2**70),
        ([1, -(2**63) - 1], [1, -(2**63) - 1]),
        ({1, 2}, {1, 2}),
        (frozenset({"a"}), {"a"}),
        ({frozenset({1}): {2}}, {frozenset({1}): {2}}),
        (Place("here", 3), {"name": "here", "size": 3}),
        ([Spot(1, Place("a"))], [{"x": 1, "y": {"name": "a", "size": 0}}]),
    ],
    ids=repr,
)
def test_values_with_a_natural_counterpart(store: wire.Store, value: Any, there: Any) -> None:
    assert same(crossed(value, store), there)


def loop() -> list[Any]:
    made: list[Any] = []
    made.append(made)
    return made


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (decimal.Decimal("NaN"), "the decimal NaN, which only Python has"),
        ("\ud800", "half a surrogate pair"),
        (["a", "\udfff"], "half a surrogate pair"),
        (loop(), "contains itself"),
        (io.StringIO(), "an open file"),
        (len, "a function"),
        (int, "a class"),
        (math, "a module"),
        ((i for i in ()), "a generator"),
        ({"a": {"b": object()}}, "a Python object of builtins.object"),
        (pd.DataFrame({"a": [1, object()]}), "that Arrow can't hold"),
        (np.array([object()]), "a Python object of builtins.object"),
        (dt.timedelta(1), "a Python object of datetime.timedelta"),
    ],
    ids=lambda v: v if isinstance(v, str) and v.isascii() else "",
)
def test_what_cannot_cross_says_why(store: wire.Store, value: Any, reason: str) -> None:
    with pytest.raises(TypeError, match=reason):
        crossed(value, store)


@pytest.mark.parametrize(
    ("value", "kind", "text", "size", "mutable", "reason"),
    [
        (1, "scalar", "int", "", False, ""),
        ([1], "list", "list", "1 items", True, ""),
        ((1, "a"), "tuple", "tuple", "2 items", False, ""),
        ((1, []), "tuple", "tuple", "2 items", True, ""),
        (pd.DataFrame({"a": [1]}), "table", "pandas.DataFrame", "1 x 1", True, ""),
        (pa.table({"a": [1]}), "table", "pyarrow.Table", "1 x 1", False, ""),
        (np.zeros((2, 3)), "array", "numpy.ndarray", "2 x 3 float64", True, ""),
        (len, "function", "builtin_function_or_method", "", False, "a function"),
        (math, "module", "module", "", False, "a module"),
        (io.StringIO(), "object", "_io.StringIO", "", False, "an open file"),
    ],
)
def test_what_is_said_at_a_glance(
    value: Any, kind: str, text: str, size: str, mutable: bool, reason: str
) -> None:
    found = describe("x", value)
    assert (found.kind, found.type, found.size, found.mutable, found.reason) == (
        kind,
        text,
        size,
        mutable,
        reason,
    )
