"""Which names a cell assigns and reads, and the values that cross."""

from __future__ import annotations

import datetime
import decimal
import math
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped,unused-ignore]
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toree import wire
from toree.interpreters.python.values import FromWire, ToWire
from toree.interpreters.r.interpreter import RInterpreter
from toree.spark.arrow import read
from toree.testing import run

from .conftest import do, value

pytestmark = pytest.mark.r

STORE = wire.Files()
NO_SPARK: Any = None


def put(r: RInterpreter, name: str, sent: Any) -> None:
    """A value as Python hands it over."""
    r.put(name, ToWire(STORE, NO_SPARK)(sent))


def get(r: RInterpreter, name: str) -> Any:
    """A value as Python takes it; a table as Arrow's."""
    found = r.get(name)
    return read(found.path) if isinstance(found, wire.Table) else FromWire(NO_SPARK)(found)


ASSIGNS = {
    "x <- 1; y = 2; 3 -> z": {"x", "y", "z"},
    "a <- b <- 1": {"a", "b"},
    "if (TRUE) p <- 1 else q <- 2": {"p"},
    "if (FALSE) x <- 7": set(),
    "for (i in 1:2) k <- i": {"i", "k"},
    "f <- function() { inner <- 1; outer_one <<- 2 }; f()": {"f", "outer_one"},
    "x[2] <- 5; names(x) <- c('a', 'b')": {"x"},
    "local({ hidden <- 1 })": set(),
    "assign('by_name', 1)": {"by_name"},
    "suppressWarnings(w <- 3)": {"w"},
    "'v <- 1' # u <- 2": set(),
    "quote(v <- 1)": set(),
    ".hidden <- 1": set(),
    "rm(w)": {"w"},
}

READS = {
    "x + y": {"x", "y"},
    "x <- 1; x + y": {"y"},
    "x <- x + 1": {"x"},
    "x[1] <- 2": {"x"},
    "f <- function(a, b = d) a + b + e": {"d", "e"},
    "sapply(v, \\(i) i + off)": {"v", "off"},
    "people |> filter(age > limit)": {"people", "age", "limit"},
    "df$col; df@slot; pkg::name(z)": {"df", "z"},
    "if (a) b <- 1; b": {"a", "b"},
    "if (a) b <- 1 else b <- 2; b": {"a"},
    "for (i in s) i": {"s"},
    "quote(x); 'x' # x": set(),
    "bquote(a + .(b))": {"b"},
    "get('hid')": {"hid"},
    "glue::glue('{nm} is {n + 1}')": {"nm", "n"},
    ".env$x": {"x"},
    "name = 1": set(),
    "f(name = y)": {"y"},
    "x <-": set(),
}


def test_assigned(r: RInterpreter) -> None:
    for code, names in ASSIGNS.items():
        run(r, code)
        assert {a.name for a in r.assigned()} == names, code


def test_what_is_known_of_a_name(r: RInterpreter) -> None:
    do(r, "n <- 1; f <- function() 1; d <- head(iris, 2); gone <- 1; e <- new.env(); m <- diag(2)")
    known = {a.name: a for a in r.assigned()}
    assert (known["n"].kind, known["n"].type, known["n"].reason) == ("scalar", "numeric", "")
    assert (known["f"].kind, known["f"].reason) == ("function", "a function")
    assert (known["d"].kind, known["d"].size) == ("table", "2 x 5")
    assert known["m"].kind == "array" and known["e"].reason.startswith("an environment")
    do(r, "rm(gone)")
    assert [(a.name, a.deleted) for a in r.assigned()] == [("gone", True)]


def test_an_error_ends_the_assignments(r: RInterpreter) -> None:
    do(r, "x <- 1; y <- 1")
    run(r, "x <- 2; stop('e'); y <- 2")
    assert {a.name for a in r.assigned()} == {"x"}
    run(r, "y <- stop('e')")
    assert {a.name for a in r.assigned()} == set()


def test_references(r: RInterpreter) -> None:
    for code, names in READS.items():
        assert r.references(code) == names, code


@pytest.mark.parametrize(
    "sent",
    [
        None,
        True,
        5,
        -(2**31) + 1,
        2**60,
        1.5,
        math.inf,
        "ü😀",
        "",
        b"ab\0c",
        datetime.date(1960, 2, 3),
        datetime.datetime(1969, 12, 31, 23, 59, 59, 5, tzinfo=datetime.timezone.utc),
        [1, 2, None],
        ["a", None],
        [1, "a"],
        [],
        [[1, 2], ["x", "y"]],
        {"a": 1, "b": ["x", "y"]},
    ],
    ids=repr,
)
def test_values_come_back_as_they_were(r: RInterpreter, sent: Any) -> None:
    put(r, "v", sent)
    found = get(r, "v")
    assert _plain(found) == sent
    assert type(found) is type(sent) or isinstance(found, np.ndarray)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def test_values_that_change_their_type(r: RInterpreter) -> None:
    for sent, found in [(2**40, float(2**40)), (decimal.Decimal("1.5"), 1.5), ((1, 2), [1, 2])]:
        put(r, "v", sent)
        assert _plain(get(r, "v")) == found


def test_nan_is_not_na(r: RInterpreter) -> None:
    put(r, "v", [1.0, None, math.nan])
    assert value(r, "is.na(v) & !is.nan(v)") == "[1] FALSE  TRUE FALSE"


def test_arrays_and_tables(r: RInterpreter) -> None:
    matrix = np.arange(6.0).reshape(2, 3)
    put(r, "m", matrix)
    assert value(r, "m[2, 3]") == "[1] 5"
    assert np.array_equal(get(r, "m"), matrix)
    put(r, "d", pd.DataFrame({"a": [1.5, None], "c": pd.Categorical(["x", "y"])}))
    assert value(r, "sapply(d, class)").split() == ["a", "c", '"numeric"', '"factor"']
    found = get(r, "d")
    assert isinstance(found, pa.Table)
    assert found.column("c").to_pylist() == ["x", "y"]


def test_what_stays_in_r(r: RInterpreter) -> None:
    do(r, "f <- function() 1; e <- new.env(); m <- lm(mpg ~ wt, mtcars); z <- 1i; g <- y ~ x")
    for name in "femzg":
        with pytest.raises(TypeError, match=r"function|environment|class lm|complex|formula"):
            get(r, name)
    with pytest.raises(KeyError):
        get(r, "no_such_name")
    with pytest.raises(TypeError, match="64 bit"):
        put(r, "v", 2**70)


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
VECTORS = st.one_of(
    *(
        st.lists(st.none() | item, min_size=2, max_size=20)  # one item alone is a scalar
        for item in (
            st.integers(-(2**31) + 1, 2**31 - 1),
            st.floats(allow_nan=False),
            st.booleans(),
            TEXT,
        )
    )
)
NAMES = st.text("abcxyz.", min_size=1, max_size=8)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(sent=VECTORS | st.dictionaries(NAMES, VECTORS, min_size=1, max_size=5))
def test_any_vectors_and_named_lists_come_back(r: RInterpreter, sent: Any) -> None:
    put(r, "v", sent)
    assert _plain(get(r, "v")) == sent


FRAMES = st.lists(
    st.tuples(
        st.none() | st.integers(-(2**31) + 1, 2**31 - 1),
        st.none() | st.floats(allow_nan=True),
        st.none() | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
        st.none() | st.booleans(),
        st.none() | st.dates(datetime.date(1, 1, 1), datetime.date(9999, 12, 31)),
        st.none() | st.datetimes(datetime.datetime(1900, 1, 1), datetime.datetime(2100, 1, 1)),
        st.none() | st.binary(),
        st.none() | st.lists(st.integers(-5, 5)),
    ),
    max_size=20,
)

SCHEMA = pa.schema(
    [
        ("i", pa.int32()),
        ("d", pa.float64()),
        ("s", pa.string()),
        ("b", pa.bool_()),
        ("day", pa.date32()),
        ("at", pa.timestamp("us", tz="UTC")),
        ("raw", pa.binary()),
        ("l", pa.list_(pa.int32())),
    ]
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=FRAMES)
def test_tables_come_back_as_they_were(r: RInterpreter, rows: list[tuple[Any, ...]]) -> None:
    columns = [list(c) for c in zip(*rows, strict=True)] if rows else [[] for _ in SCHEMA]
    table = pa.table(
        [pa.array(c, f.type) for c, f in zip(columns, SCHEMA, strict=True)], schema=SCHEMA
    )
    put(r, "t", table)
    back = get(r, "t")
    for field in SCHEMA:
        sent, found = table.column(field.name), back.column(field.name)
        if field.name == "at":  # doubles hold a microsecond of these centuries to within one
            found, sent = found.cast(pa.int64()), sent.cast(pa.int64())
            assert all(
                (a is None) == (b is None) and (a is None or abs(a - b) <= 1)
                for a, b in zip(sent.to_pylist(), found.to_pylist(), strict=True)
            )
        elif field.name == "d":
            assert repr(found.to_pylist()) == repr(sent.to_pylist())
        else:
            assert found.to_pylist() == sent.to_pylist(), field.name


@pytest.mark.spark
def test_spark_tables_cross_as_handles(rs: RInterpreter, companion: Any) -> None:
    do(
        rs,
        "shared <- tbl(spark, sql('SELECT id, id * 2 AS twice FROM range(10)')) |> filter(id > 4)",
    )
    handle = rs.get("shared")
    assert isinstance(handle, wire.Frame)
    dataset = companion.ask("getShared", "main", handle.key)
    assert dataset.count() == 5
    before = value(rs, "dbListTables(spark)")
    rs.put("again", handle)
    assert value(rs, "again |> summarise(s = sum(twice, na.rm = TRUE)) |> pull(s)") == "[1] 70"
    assert value(rs, "again |> inner_join(shared, by = 'id') |> count() |> pull(n)") == "[1] 5"
    assert value(rs, "dbListTables(spark)") == before
