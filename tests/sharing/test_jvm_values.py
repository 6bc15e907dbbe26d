"""Values to Scala and back, in a real companion: every one as it was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toree import wire
from toree.companion.companion import Companion
from toree.config import Config
from toree.interpreters.python.values import FromWire, ToWire

from .values import BIG, NoSpark, nested, plain, same

pytestmark = pytest.mark.spark

many = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def store() -> Iterator[wire.Store]:
    made = wire.Files(limit=2000)
    yield made
    made.close()


@pytest.fixture(scope="module")
def companion() -> Iterator[Companion]:
    made = Companion(Config(initialization_mode="none"))
    made.ask("awaitRepl")
    yield made
    made.close()


def through_scala(companion: Companion, store: wire.Store, value: Any) -> tuple[str, Any]:
    """The Scala type of a value, and the value as it comes back."""
    text = wire.dumps(ToWire(store, NoSpark())(value), store)
    kind = companion.ask("giveShared", "main", "crossing", text)
    back = companion.ask("takeShared", "main", "crossing", "frame", *store.place())
    return str(kind).replace("_root_.", ""), FromWire(NoSpark())(wire.loads(back))


floats = st.floats() | st.floats(width=32)
others = plain.filter(lambda v: type(v) not in (int, float))


# An int among floats becomes one of them in Scala: the two are tried apart.
@many
@given(value=nested(others | BIG | st.integers(-(2**63), 2**63 - 1)))
def test_values_with_integers(companion: Companion, store: wire.Store, value: Any) -> None:
    assert same(value, through_scala(companion, store, value)[1])


@many
@given(
    value=st.one_of(
        others | floats, st.lists(floats | st.none()), st.dictionaries(st.text("ab"), floats)
    )
)
def test_values_with_floats(companion: Companion, store: wire.Store, value: Any) -> None:
    assert same(value, through_scala(companion, store, value)[1])


@many
@given(value=st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), min_size=1001, max_size=1100))
def test_long_lists(companion: Companion, store: wire.Store, value: Any) -> None:
    assert same(value, through_scala(companion, store, value)[1])


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ([1, 2.5], "scala.collection.immutable.Seq[scala.Double]"),
        (2**70, "scala.math.BigInt"),
        ([1, 2**70], "scala.collection.immutable.Seq[scala.math.BigInt]"),
        ({1, 2}, "scala.collection.immutable.Set[scala.Int]"),
        ({"a", 1}, "scala.collection.immutable.Set[scala.Any]"),
        ([1, 2**40, None], "scala.collection.immutable.Seq[scala.Option[scala.Long]]"),
        ([None], "scala.collection.immutable.Seq[scala.Option[scala.Nothing]]"),
        ([[], [1]], "scala.collection.immutable.Seq[scala.collection.immutable.Seq[scala.Int]]"),
        (
            [(1, "a"), (2, None)],
            "scala.collection.immutable.Seq["
            "scala.Tuple2[scala.Int, scala.Option[java.lang.String]]]",
        ),
        ({"a": 1, "b": [1]}, "scala.collection.immutable.Map[java.lang.String, scala.Any]"),
        ((), "scala.collection.immutable.Seq[scala.Nothing]"),
        ((1,) * 23, "scala.collection.immutable.Seq[scala.Int]"),
    ],
)
def test_the_scala_type(companion: Companion, store: wire.Store, value: Any, kind: str) -> None:
    assert through_scala(companion, store, value)[0] == kind


np = pytest.importorskip("numpy")


@pytest.mark.parametrize("dtype", ["bool", "int16", "int32", "int64", "float32", "float64"])
@pytest.mark.parametrize("shape", [(0,), (3,), (2, 3), (2, 1, 3)])
def test_arrays(
    companion: Companion, store: wire.Store, dtype: str, shape: tuple[int, ...]
) -> None:
    array = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    kind, back = through_scala(companion, store, array)
    assert kind.count("scala.Array[") == len(shape)
    assert back.dtype == array.dtype
    assert back.tolist() == array.tolist()
