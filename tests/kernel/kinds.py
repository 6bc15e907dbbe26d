"""What every kind of value becomes in another language: the tables of docs/sharing.md, by running them.

PYTHONPATH=tests python tests/kernel/kinds.py KERNEL    prints the tables, for the docs
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence

from session import Session

PYTHON = """
None | True | 30 | 2**40 | 2**70 | 1.5 | float('nan') | float('-inf') | 'ü😀' | b'\\x00\\xff'
D('1.50') | D('NaN') | dt.date(2024, 2, 29) | dt.datetime(2024, 2, 29, 12, 30, 0, 5)
dt.datetime(2024, 2, 29, tzinfo=dt.timezone.utc) | dt.datetime(2024, 2, 29, tzinfo=ZoneInfo('Europe/Berlin'))
[1, 2] | [1, 2**40] | [1, None] | [1, 2.5] | [0.1, float('inf')] | ['a', None] | ['a', 1] | [[1], [2, 3]] | [] | [None]
(1, 'a') | {'a': 1, 'b': 2} | {1: 'x', 2: None} | {'a': [1, 2], 'b': {'c': True}} | {1, 2} | frozenset({'a'})
DC(1, 'a') | NT(1, 'a')
np.int16(7) | np.int64(7) | np.float32(0.5) | np.bool_(True) | np.datetime64('2024-02-29T12:00')
np.array([1, 2], 'int8') | np.array([1, 2], 'uint8') | np.array([1, 2], 'int16') | np.array([1, 2], 'uint16')
np.array([1, 2], 'int32') | np.array([1, 2], 'uint32') | np.array([1, 2], 'int64') | np.array([1, 2], 'uint64')
np.array([1, 2], 'float16') | np.array([1, 2], 'float32') | np.array([1, 2], 'float64') | np.array([True, False])
np.array([1j]) | np.array([[1, 2], [3, 4]]) | np.array(['a', 'b'])
pd.DataFrame({'a': [1, 2]}) | pd.DataFrame({'a': [1, 2]}, index=pd.Index(['x', 'y'], name='k'))
pd.DataFrame({'c': pd.Categorical(['x', 'y'])}) | pd.DataFrame({'n': pd.array([1, None], 'Int64')})
pd.Series([1, 2], name='s') | pa.table({'a': [1, 2]}) | spark.range(2)
len | open(os.devnull)
"""

PYTHON_SETUP = """%%python
import collections, dataclasses, datetime as dt, os
NT = collections.namedtuple('NT', 'x y')
@dataclasses.dataclass
class DC:
    x: int
    y: str
from decimal import Decimal as D
from zoneinfo import ZoneInfo
import numpy as np, pandas as pd, pyarrow as pa
def kind_of(x):
    t = type(x)
    name = t.__name__ if t.__module__ == 'builtins' else t.__module__.split('.')[0] + '.' + t.__name__
    if isinstance(x, np.ndarray): return f'numpy {x.dtype} array' + (f', {x.ndim} dimensions' if x.ndim > 1 else '')
    if isinstance(x, pd.DataFrame):
        texts = {c for c in x if len(x) and isinstance(x[c].iloc[0], str) and str(x[c].dtype) in ('str', 'object')}
        return 'pandas DataFrame: ' + ', '.join(f"{c} {'text' if c in texts else d}" for c, d in x.dtypes.items())
    if isinstance(x, pd.Series): return f'pandas Series: {x.dtype}'
    if isinstance(x, dt.datetime): return 'datetime' + (f', {x.tzinfo}' if x.tzinfo else '')
    if 'pyspark' in t.__module__: return 'Spark DataFrame'
    if t.__module__ == 'pyarrow.lib': return f'pyarrow {name.split(".")[1]}'
    if isinstance(x, list) and x: return 'list of ' + ', '.join(sorted({kind_of(i) for i in x}))
    return name.replace('datetime.', '').replace('decimal.', '')
def same_value(a, b):
    if isinstance(a, pd.DataFrame): return isinstance(b, pd.DataFrame) and a.equals(b)
    if isinstance(a, pd.Series): return isinstance(b, pd.Series) and a.equals(b)
    if 'pyspark' in type(a).__module__: return 'pyspark' in type(b).__module__ and a.collect() == b.collect()
    if isinstance(a, pa.Table): return isinstance(b, pa.Table) and a.equals(b)
    if isinstance(a, np.ndarray): return isinstance(b, np.ndarray) and a.dtype == b.dtype and (a == b).all()
    return type(a) is type(b) and (repr(a) == repr(b))
def come_back(a, b): return 'same' if same_value(a, b) else kind_of(b)
"""

SCALA = """
true | 30 | 1L << 40 | 1.5f | 1.5 | Double.NaN | 'c' | "ü😀" | Array[Byte](0, -1) | BigDecimal("1.50")
BigInt(7) | BigInt(2).pow(70) | java.time.LocalDate.of(2024, 2, 29) | java.sql.Date.valueOf("2024-02-29")
java.time.Instant.parse("2024-02-29T12:00:00.000005Z") | java.sql.Timestamp.from(java.time.Instant.EPOCH)
java.time.LocalDateTime.of(2024, 2, 29, 12, 30) | java.time.ZonedDateTime.parse("2024-02-29T00:00+01:00[Europe/Berlin]")
Option.empty[Int] | Option(1) | Seq(1, 2) | List(1L, 2L) | Vector("a", null) | Seq(Some(1), None) | Seq(1, "a") | Seq(Seq(1), Seq(2, 3)) | Seq.empty[Int] | 1 to 3
Array(1, 2) | Array(1L, 2L) | Array(0.5, 1.5) | Array(true, false) | Array("a", "b") | Array(Array(1, 2), Array(3, 4))
Set(1, 2) | Map("a" -> 1, "b" -> 2) | Map(1 -> "x") | scala.collection.mutable.ArrayBuffer(1, 2) | (1, "a") | LazyList.from(1)
Place("x", 1) | Seq(Place("x", 1), Place("y", 2)) | spark.range(2).collect | spark.range(2).toDF.collect | spark.range(2).toDF | Seq(1, 2).toDS | sc.range(0, 2)
(x: Int) => x
"""

SCALA_SETUP = """case class Place(name: String, size: Int)
def kindOf[T](x: T)(implicit t: scala.reflect.runtime.universe.TypeTag[T]): String =
  t.tpe.toString.replaceAll("(scala|java|org|collection|immutable|lang|math|time|apache|spark|sql)\\\\.", "")
    .replace("[bigint]", "").replace("[Row]", "")
def sameValue(a: Any, b: Any): Boolean = (a, b) match {
  case (x: Array[_], y: Array[_]) => x.getClass == y.getClass && x.toSeq.zip(y).forall { case (i, j) => sameValue(i, j) }
  case (x: org.apache.spark.sql.Dataset[_], y: org.apache.spark.sql.Dataset[_]) => x.toDF.collect.toSeq == y.toDF.collect.toSeq
  case (x: Double, y: Double) => x.equals(y)
  case _ => a == b
}
def comeBack[A, B](a: A, b: B)(implicit s: scala.reflect.runtime.universe.TypeTag[A], t: scala.reflect.runtime.universe.TypeTag[B]): String =
  if (kindOf(a) == kindOf(b) && sameValue(a, b)) "same" else kindOf(b)
"""

R = """
NULL | TRUE | NA | 30L | NA_integer_ | 1.5 | NaN | -Inf | NA_real_ | "ü😀" | NA_character_ | as.raw(c(0, 255))
as.Date("2024-02-29") | as.POSIXct("2024-02-29 12:00", tz = "UTC") | as.POSIXct("2024-02-29 12:00", tz = "Europe/Berlin")
c(1L, 2L) | c(0.5, 1.5) | c(1L, NA) | c(TRUE, FALSE) | c("a", NA) | factor(c("x", "y")) | c(a = 1, b = 2)
list(1, "a") | list(a = 1L, b = "x") | matrix(1:4, 2) | data.frame(a = 1:2) | data.frame(f = factor(c("x", "y")))
data.frame(d = as.Date("2024-02-29"), t = as.POSIXct("2024-02-29", tz = "UTC")) | dplyr::tibble(l = list(1:2, 3L))
function(x) x | new.env() | lm(mpg ~ wt, mtcars)
"""

R_SETUP = """%%r
kind_of <- function(x) {
  if (is.data.frame(x)) return(paste0("data.frame: ", paste(names(x), sapply(x, function(c) class(c)[1]), collapse = ", ")))
  if (inherits(x, "tbl_lazy")) return("dplyr table")
  if (is.list(x)) return(if (is.null(names(x))) "list" else "named list")
  if (is.matrix(x)) return(paste(typeof(x), "matrix"))
  tz <- attr(x, "tzone")
  name <- paste0(class(x)[1], if (!is.null(tz) && nzchar(tz[1])) paste0(", ", tz[1]))
  if (length(x) == 1L && is.na(x) && !is.nan(x)) name <- paste0(name, " NA")
  name
}
come_back <- function(a, b) if (identical(a, b) || isTRUE(all.equal(a, b, tolerance = 0)) && identical(class(a), class(b))) "same" else kind_of(b)
"""


def values(text: str) -> list[str]:
    return [v.strip() for line in text.strip().splitlines() for v in line.split(" | ")]


def columns(kernel: Session, cells: Sequence[str]) -> list[str]:
    """What each cell prints; for one that fails, why the value did not come."""
    found = []
    for cell in cells:
        ran = kernel.run(cell)
        if ran.status == "ok":
            found.append(ran.text("stdout").strip() or str(ran.result))
        else:
            whole = f"{ran.text('stderr')}\n{ran.traceback}"
            reason = re.search(r"did not come over: (.*)\.$", whole, re.M)
            found.append(f"*{reason.group(1)}*" if reason else f"?? {ran.traceback[-200:]}")
    return found


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def python_in_scala(kernel: Session) -> str:
    kernel.run(PYTHON_SETUP)
    kernel.run(SCALA_SETUP)
    rows = []
    for n, value in enumerate(values(PYTHON)):
        kernel.run(f"%%python\np{n} = {value}")
        there = columns(kernel, [f"print(kindOf(p{n}))"])[0]
        back = ""
        if not there.startswith("*"):
            kernel.run(f"val q{n} = p{n}")
            back = columns(kernel, [f"%%python\nprint(come_back(p{n}, q{n}))"])[0]
        rows.append((f"`{value}`", there, back))
    return table(("Python", "in Scala", "and back"), rows)


def scala_in_python(kernel: Session) -> str:
    kernel.run(PYTHON_SETUP)
    kernel.run(SCALA_SETUP)
    rows = []
    for n, value in enumerate(values(SCALA)):
        kernel.run(f"val s{n} = {value}")
        there = columns(kernel, [f"%%python\nprint(kind_of(s{n}))"])[0]
        back = ""
        if not there.startswith("*"):
            kernel.run(f"%%python\nt{n} = s{n}")
            back = columns(kernel, [f"print(comeBack(s{n}, t{n}))"])[0]
        rows.append((f"`{value}`", there, back))
    return table(("Scala", "in Python", "and back"), rows)


def python_in_r(kernel: Session) -> str:
    kernel.run(PYTHON_SETUP)
    kernel.run(R_SETUP)
    rows = []
    for n, value in enumerate(values(PYTHON)):
        kernel.run(f"%%python\nu{n} = {value}")
        there = columns(kernel, [f"%%r\ncat(kind_of(u{n}))"])[0]
        back = ""
        if not there.startswith("*"):
            kernel.run(f"%%r\nv{n} <- u{n}")
            back = columns(kernel, [f"%%python\nprint(come_back(u{n}, v{n}))"])[0]
        rows.append((f"`{value}`", there, back))
    return table(("Python", "in R", "and back"), rows)


def r_elsewhere(kernel: Session) -> str:
    kernel.run(PYTHON_SETUP)
    kernel.run(SCALA_SETUP)
    kernel.run(R_SETUP)
    rows = []
    for n, value in enumerate(values(R)):
        kernel.run(f"%%r\nr{n} <- {value}")
        there = columns(kernel, [f"%%python\nprint(kind_of(r{n}))", f"print(kindOf(r{n}))"])
        back = ""
        if not there[0].startswith("*"):
            kernel.run(f"%%python\nw{n} = r{n}")
            back = columns(kernel, [f"%%r\ncat(come_back(r{n}, w{n}))"])[0]
        rows.append((f"`{value}`", *there, back))
    return table(("R", "in Python", "in Scala", "and back from Python"), rows)


TABLES = {
    "python-scala": python_in_scala,
    "scala-python": scala_in_python,
    "python-r": python_in_r,
    "r": r_elsewhere,
}


def documented(text: str) -> Iterator[tuple[str, str]]:
    """The tables in the docs: each stands under `<!-- table: NAME -->`."""
    for part in text.split("<!-- table: ")[1:]:
        name, _, rest = part.partition(" -->\n")
        lines = []
        for line in rest.splitlines():
            if not line.startswith("|"):
                break
            lines.append(line)
        yield name, "\n".join(lines)


if __name__ == "__main__":
    with Session(sys.argv[1]) as session:
        for name in sys.argv[2:] or TABLES:
            print(f"<!-- table: {name} -->\n{TABLES[name](session)}\n", flush=True)
