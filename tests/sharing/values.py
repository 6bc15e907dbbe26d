"""Strategies for the crossing form (`toree.wire`) and for Python values that cross."""

from __future__ import annotations

import datetime as dt
import math
import zoneinfo
from typing import Any

from hypothesis import strategies as st

from toree import wire

INT64 = st.integers(-(2**63), 2**63 - 1)
BIG = st.integers(-(2**200), 2**200)
#: Text every language can hold: no lone surrogates, no NUL (R has none).
TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"))
DATES = st.dates(dt.date(1, 1, 1), dt.date(9999, 12, 31))
ZONES = st.sampled_from([None, "UTC", "Europe/Berlin", "+05:30", "America/New_York"])


def float32(value: float) -> bool:
    return math.isnan(value) or math.isinf(value) or abs(value) <= 3.4028234663852886e38


scalars: st.SearchStrategy[wire.Value] = st.one_of(
    st.just(wire.Null()),
    st.builds(wire.Bool, st.booleans()),
    st.builds(wire.Int, st.integers(-(2**31), 2**31 - 1), st.just(32)),
    st.builds(wire.Int, INT64, st.just(64)),
    st.builds(wire.Int, BIG, st.just(0)),
    st.builds(wire.Float, st.floats(), st.just(64)),
    st.builds(wire.Float, st.floats(width=32), st.just(32)),
    st.builds(wire.Text, TEXT),
    st.builds(wire.Bytes, st.binary()),
    st.builds(wire.Date, DATES),
    st.builds(wire.Timestamp, st.integers(-(10**18), 10**18), ZONES),
    st.builds(
        wire.Decimal,
        st.decimals(
            allow_nan=False, allow_infinity=False, places=4, min_value=-(10**20), max_value=10**20
        ).map(str),
    ),
)

vectors: st.SearchStrategy[wire.Value] = st.one_of(
    st.builds(wire.Vector, st.just("bool"), st.lists(st.none() | st.booleans()).map(tuple)),
    st.builds(wire.Vector, st.just("int"), st.lists(st.none() | INT64).map(tuple)),
    st.builds(wire.Vector, st.just("float"), st.lists(st.none() | st.floats()).map(tuple)),
    st.builds(wire.Vector, st.just("text"), st.lists(st.none() | TEXT).map(tuple)),
)

arrays: st.SearchStrategy[wire.Value] = st.builds(
    wire.Array, st.just("<i4"), st.just((2, 3)), st.binary(min_size=24, max_size=24)
)

values: st.SearchStrategy[wire.Value] = st.recursive(
    st.one_of(scalars, vectors, arrays),
    lambda inner: st.one_of(
        st.builds(wire.List, st.lists(inner, max_size=4).map(tuple)),
        st.builds(wire.Set, st.lists(scalars, max_size=4).map(tuple)),
        st.builds(wire.Tuple, st.lists(inner, max_size=4).map(tuple)),
        st.builds(wire.Map, st.lists(st.tuples(scalars, inner), max_size=4).map(tuple)),
    ),
    max_leaves=12,
)

zones = st.sampled_from([None, dt.timezone.utc, zoneinfo.ZoneInfo("Europe/Berlin")])
plain = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    BIG,
    st.floats(),
    TEXT,
    st.binary(max_size=50),
    st.dates(),
    st.datetimes(
        dt.datetime(1900, 1, 1), dt.datetime(2200, 1, 1), timezones=zones, allow_imaginary=False
    ),
    st.decimals(allow_nan=False, allow_infinity=False),
)


def nested(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Python values of these, in lists, tuples and dicts."""
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=5),
            st.lists(inner, min_size=1, max_size=5).map(tuple),
            st.dictionaries(st.one_of(TEXT, st.integers(0, 9)), inner, max_size=4),
            st.sets(TEXT | st.frozensets(st.integers(0, 9), max_size=3), max_size=4),
        ),
        max_leaves=15,
    )


class NoSpark:
    def hold(self, frame: Any, name: str) -> wire.Frame:
        raise AssertionError

    def frame(self, held: wire.Frame) -> Any:
        raise AssertionError

    def collect(self, held: wire.Frame) -> Any:
        raise AssertionError

    def drop(self, held: wire.Frame) -> None:
        raise AssertionError


def same(one: Any, other: Any) -> bool:
    """Equal in value and in every type; nan is nan."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return (math.isnan(one) and math.isnan(other)) or repr(one) == repr(other)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return len(one) == len(other) and all(
            same(k, m) and same(v, w)
            for (k, v), (m, w) in zip(one.items(), other.items(), strict=True)
        )
    return bool(one == other)
