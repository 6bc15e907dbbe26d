"""Every language passes the contract of the seam, without Jupyter in between."""

from __future__ import annotations

import datetime as dt
import importlib.util
import shutil
import zoneinfo
from collections.abc import Iterator
from decimal import Decimal

import pytest

from toree import registry, wire
from toree.preview import Preview
from toree.testing.conformance import Conformance, Keep, Sample, opened
from toree.testing.values import COLUMNS, VALUES, Rows
from toree.workspace import Workspace

ROWS = registry.languages()

ONE = Preview([("one", "int")], [["1"]]).bundle()
NOON = dt.datetime(2024, 2, 29, 12, 34, 56, 5)
TEXT = VALUES["text"]


@pytest.fixture(scope="module")
def workspace() -> Iterator[Workspace]:
    with opened() as made:
        made.companion.entry()  # else the first cell says that it waits
        yield made


@pytest.mark.spark
class TestScala(Conformance):
    sample = Sample(
        ROWS["scala"],
        value=("6 * 7", "42"),
        shows=('println("hello")', ("stream", "stdout", "hello\n")),
        fails=("1 / 0", "java.lang.ArithmeticException"),
        wrong=("val = 1", "Compile Error"),
        nothing="// nothing",
        unfinished="def f = {",
        completes=("List(1).siz|", "size"),
        inspects=("List(1).siz|e", "size"),
        endless='println("begun"); while (true) {}',
        keep=Keep("val w = v"),
        own={
            Keep("val w = true"): wire.Bool(True),
            Keep("val w = 7"): wire.Int(7, 32),
            Keep("val w = 7L"): wire.Int(7, 64),
            Keep("val w = 0.5f"): wire.Float(0.5, 32),
            Keep("val w = 0.5"): wire.Float(0.5, 64),
            Keep('val w = "a"'): wire.Text("a"),
            Keep("val w = Array[Byte](0, -1)"): wire.Bytes(b"\x00\xff"),
            Keep("val w = java.time.LocalDate.of(2024, 2, 29)"): wire.Date(dt.date(2024, 2, 29)),
            Keep("val w = java.time.Instant.EPOCH"): wire.Timestamp(0, "UTC"),
            Keep('val w = BigDecimal("1.50")'): wire.Decimal("1.50"),
            Keep("val w = Option.empty[Int]"): wire.Null(),
            Keep("val w = Seq(1, 2)"): wire.Vector("int", (1, 2), 32),
            Keep('val w = List(1, "a")'): wire.List((wire.Int(1, 32), wire.Text("a"))),
            Keep('val w = (1, "a")'): wire.Tuple((wire.Int(1, 32), wire.Text("a"))),
            Keep('val w = Map("a" -> 1)'): wire.Map(((wire.Text("a"), wire.Int(1, 32)),)),
            Keep("val w = Array(1, 2)"): wire.Array("<i4", (2,), b"\1\0\0\0\2\0\0\0"),
            Keep("val w = spark.range(2).toDF"): Rows({"id": [0, 1]}),
        },
        crosses={"table": Rows(COLUMNS)},
    )


@pytest.mark.spark
class TestPython(Conformance):
    sample = Sample(
        ROWS["python"],
        value=("6 * 7", "42"),
        shows=("print('hello')", ("stream", "stdout", "hello\n")),
        fails=("1 / 0", "ZeroDivisionError"),
        wrong=("import = 7", "SyntaxError"),
        nothing="# nothing",
        unfinished="def f():",
        completes=("zi|", "zip"),
        inspects=("zi|p", "zip("),
        endless="print('begun')\nwhile True: pass",
        endless_elsewhere="print('begun')\n"
        "spark.range(10**15).selectExpr('sum(hash(id))').collect()",
        keep=Keep("w = v"),
        own={
            Keep("w = None"): wire.Null(),
            Keep("w = True"): wire.Bool(True),
            Keep("w = 7"): wire.Int(7, 32),
            Keep("w = 2**40"): wire.Int(2**40, 64),
            Keep("w = 0.5"): wire.Float(0.5, 64),
            Keep("w = 'a'"): wire.Text("a"),
            Keep("w = b'\\0\\xff'"): wire.Bytes(b"\x00\xff"),
            Keep("import datetime as _dt; w = _dt.date(2024, 2, 29)"): wire.Date(
                dt.date(2024, 2, 29)
            ),
            Keep("w = _dt.datetime(1970, 1, 1)"): wire.Timestamp(0),
            Keep("w = _dt.datetime(1970, 1, 1, tzinfo=_dt.timezone.utc)"): wire.Timestamp(0, "UTC"),
            Keep("import decimal as _decimal; w = _decimal.Decimal('1.50')"): wire.Decimal("1.50"),
            Keep("w = [1, 2]"): wire.Vector("int", (1, 2), 32),
            Keep("w = [1, 'a']"): wire.List((wire.Int(1, 32), wire.Text("a"))),
            Keep("w = (1, 'a')"): wire.Tuple((wire.Int(1, 32), wire.Text("a"))),
            Keep("w = {'a': 1}"): wire.Map(((wire.Text("a"), wire.Int(1, 32)),)),
            Keep("import numpy as _np; w = _np.array([1, 2], 'int32')"): wire.Array(
                "<i4", (2,), b"\1\0\0\0\2\0\0\0"
            ),
            Keep("import pandas as _pd; w = _pd.DataFrame({'a': [1, 2]})"): Rows(
                {"a": [1, 2]}, local=True
            ),
            Keep("w = spark.range(2)"): Rows({"id": [0, 1]}),
        },
        crosses={"float": wire.Float(0.5)},
    )


def column(value: object) -> Rows:
    return Rows({"v": [value]})


@pytest.mark.spark
class TestSql(Conformance):
    sample = Sample(
        ROWS["sql"],
        value=("select 1 as one", ONE["text/plain"]),
        shows=("select 1 as one; select 2 as two", ("display", ONE)),
        fails=("select raise_error('oh')", "org.apache.spark.SparkRuntimeException"),
        wrong=("selec 1", "org.apache.spark.sql.catalyst.parser.ParseException"),
        nothing="-- nothing",
        unfinished="select 'open",
        completes=("SELE|", "SELECT"),
        inspects=("select coun|t(1)", "count"),
        endless="select 1;\nselect sum(hash(id)) from range(1000000000000000)",
        keep=Keep("select :v as v", {"name": "w"}),
        keep_table=Keep("select * from v", {"name": "w"}),
        own={Keep("select 1 as one", {"name": "w"}): Rows({"one": [1]})},
        crosses={
            "null": column(None),
            "bool": column(True),
            "int": column(7),
            "long": column(2**40),
            "double": column(0.1),
            "float": column(0.5),
            "nan": column(float("nan")),
            "text": column(TEXT.value if isinstance(TEXT, wire.Text) else None),
            "bytes": column(b"\x00\xff"),
            "date": column(dt.date(2024, 2, 29)),
            "local": column(NOON),
            "instant": column(NOON.replace(tzinfo=zoneinfo.ZoneInfo("UTC"))),
            "zoned": column(NOON.replace(tzinfo=zoneinfo.ZoneInfo("UTC"))),
            "decimal": column(Decimal("123.4500")),
            "bools": column([True, None, False]),
            "ints": column([1, None, 3]),
            "longs": column([1, 2**40, None]),
            "doubles": column([0.1, None, float("inf")]),
            "texts": column(["a", None, ""]),
            "list": "a list of values of several kinds",
            "tuple": column({"col1": 1, "col2": "a"}),
            "set": column([1]),
            "map": column([("a", 1), ("b", 2)]),
            "array": column([[1.0, 1.0], [1.0, 1.0]]),
            "table": Rows(COLUMNS),
        },
    )


@pytest.mark.r
@pytest.mark.spark
@pytest.mark.skipif(
    shutil.which("R") is None or importlib.util.find_spec("rpy2") is None, reason="needs R"
)
class TestR(Conformance):
    sample = Sample(
        ROWS["r"],
        value=("6 * 7", "[1] 42"),
        shows=("cat('hello\\n')", ("stream", "stdout", "hello\n")),
        fails=("stop('boom')", "Error"),
        wrong=("a <- = 2", "SyntaxError"),
        nothing="# nothing",
        unfinished="f <- function(x) {",
        completes=("zi|", "zip"),
        inspects=("prin|t(1)", "print"),
        endless="cat('begun\\n'); repeat {}",
        keep=Keep("w <- v"),
        own={
            Keep("w <- NULL"): wire.Null(),
            Keep("w <- TRUE"): wire.Bool(True),
            Keep("w <- 7L"): wire.Int(7, 32),
            Keep("w <- 0.5"): wire.Float(0.5),
            Keep("w <- 'a'"): wire.Text("a"),
            Keep("w <- as.raw(c(0, 255))"): wire.Bytes(b"\x00\xff"),
            Keep("w <- as.Date('2024-02-29')"): wire.Date(dt.date(2024, 2, 29)),
            Keep("w <- as.POSIXct('1970-01-01', tz = 'UTC')"): wire.Timestamp(0, "UTC"),
            Keep("w <- c(1L, NA)"): wire.Vector("int", (1, None), 32),
            Keep("w <- list(1L, 'a')"): wire.List((wire.Int(1, 32), wire.Text("a"))),
            Keep("w <- list(a = 1L)"): wire.Map(((wire.Text("a"), wire.Int(1, 32)),)),
            Keep("w <- matrix(c(1L, 2L), 1)"): wire.Array("<i4", (1, 2), b"\1\0\0\0\2\0\0\0"),
            Keep("w <- data.frame(a = 1:2)"): Rows({"a": [1, 2]}, local=True),
        },
        crosses={
            "long": wire.Float(2.0**40),
            "float": wire.Float(0.5),
            "local": wire.Timestamp(1_709_210_096_000_005_000, "UTC"),
            "zoned": wire.Timestamp(1_709_210_096_000_005_000, "UTC"),
            "decimal": wire.Float(123.45),
            "longs": wire.Vector("float", (1.0, 2.0**40, None)),
            "set": wire.Int(1, 32),  # a vector of one, as any of one kind
            "table": Rows({**COLUMNS, "id": [1.0, 2.0, None]}, local=True),
            "tuple": wire.List((wire.Int(1, 32), wire.Text("a"))),
        },
    )
