"""DBI on Spark, and data both ways with every type."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from toree.interpreters.r.interpreter import RInterpreter
from toree.testing import Recorder, run

from .conftest import do, fails, value

pytestmark = [pytest.mark.r, pytest.mark.spark]


def query(sql: str) -> str:
    return f'dbGetQuery(spark, "{sql}")'


TYPES = {
    "1": ("integer", "[1] 1"),
    "-2147483648": ("numeric", "[1] -2147483648"),
    "1L": ("numeric", "[1] 1"),
    "1.5": ("numeric", "[1] 1.5"),
    "double(0.1)": ("numeric", "[1] 0.1"),
    "float(0.5)": ("numeric", "[1] 0.5"),
    "'é😀'": ("character", '[1] "é😀"'),
    "true": ("logical", "[1] TRUE"),
    "date'1960-02-03'": ("Date", '[1] "1960-02-03"'),
    "timestamp'2020-07-01 12:00:00'": ("POSIXct", '[1] "2020-07-01 12:00:00 CEST"'),
    "timestamp_ntz'2020-07-01 12:00:00'": ("POSIXct", '[1] "2020-07-01 12:00:00 UTC"'),
    "interval '2' second": ("difftime", "Time difference of 2 secs"),
    "X'0102'": ("list", "[[1]]\n[1] 01 02\n"),
    "array(1, null)": ("list", "[[1]]\n[1]  1 NA\n"),
    "array(array('a'), array())": (
        "list",
        '[[1]]\n[[1]][[1]]\n[1] "a"\n\n[[1]][[2]]\ncharacter(0)\n\n',
    ),
    "struct(1 as a, 'b' as c)": ("list", '[[1]]\n[[1]]$a\n[1] 1\n\n[[1]]$c\n[1] "b"\n\n'),
    "map('k', 1)": ("list", "[[1]]\n[[1]]$k\n[1] 1\n\n"),
    "cast(null as int)": ("integer", "[1] NA"),
    "cast(null as string)": ("character", "[1] NA"),
    "cast(null as double)": ("numeric", "[1] NA"),
    "double('NaN')": ("numeric", "[1] NaN"),
    "null": ("logical", "[1] NA"),
    "cast(null as binary)": ("list", "[[1]]\nNULL\n"),
    "cast(null as date)": ("Date", "[1] NA"),
}


@pytest.mark.parametrize("sql", TYPES)
def test_types_from_spark(rs: RInterpreter, sql: str) -> None:
    kind, text = TYPES[sql]
    do(rs, f'x <- dbGetQuery(spark, "SELECT {sql} AS x")$x')
    assert value(rs, "class(x)[[1]]") == f'[1] "{kind}"'
    assert value(rs, "options(jupyter.rich_display = FALSE); x").rstrip("\n") == text.rstrip("\n")


def test_large_integers_never_change_in_silence(rs: RInterpreter) -> None:
    big = "SELECT 9007199254740993L AS x"
    assert value(rs, f"as.character({query(big)}$x)") == '[1] "9007199254740993"'
    code = f'con <- dbConnect(Spark(), bigint = "character"); dbGetQuery(con, "{big}")$x'
    assert value(rs, code) == '[1] "9007199254740993"'
    recorder = do(rs, f'con <- dbConnect(Spark(), bigint = "numeric"); dbGetQuery(con, "{big}")')
    assert "rounded" in recorder.text("stderr")


def test_zero_bytes_are_told(rs: RInterpreter) -> None:
    recorder = do(rs, query("SELECT concat('a', char(0), 'b') AS x") + "$x")
    assert "Zero bytes" in recorder.text("stderr")
    assert recorder.events[-1][1]["text/plain"] == '[1] "ab"'


def test_shapes(rs: RInterpreter) -> None:
    assert value(rs, f"dim({query('SELECT 1 AS a, 2 AS a')})") == "[1] 1 2"
    assert value(rs, f"names({query('SELECT 1 AS a, 2 AS a')})") == '[1] "a" "a"'
    assert value(rs, f"dim({query('SELECT id FROM range(0)')})") == "[1] 0 1"
    assert value(rs, f"dim({query('SELECT id, id FROM range(25000)')})") == "[1] 25000     2"


ROUND_TRIP = """
d <- data.frame(
  i = c(1L, NA, -2L), n = c(1.5, NA, NaN), s = c("é", NA, ""), b = c(TRUE, NA, FALSE),
  f = factor(c("x", NA, "y")), day = as.Date(c("1960-01-01", NA, "2024-02-29")),
  at = as.POSIXct(c("1969-12-31 23:59:59", NA, "2024-06-01 12:00:00"), tz = "UTC") + 0.25,
  took = as.difftime(c(1, NA, 2.5), units = "mins")
)
d$raw <- list(as.raw(1:2), NULL, raw())
d$l <- list(1:2, NULL, integer())
d$r <- list(list(a = 1, b = "x"), NULL, list(a = 2, b = NA_character_))
invisible(copy_to(spark, d, "round_trip", overwrite = TRUE))
back <- as.data.frame(collect(tbl(spark, "round_trip")))
same <- sapply(names(d), function(n) {
  x <- d[[n]]; y <- back[[n]]
  if (is.factor(x)) x <- as.character(x)
  if (inherits(x, "difftime")) units(x) <- "secs"
  if (inherits(x, "POSIXct")) { x <- as.numeric(x); y <- as.numeric(y) }
  nan <- identical(is.nan(unlist(x)), is.nan(unlist(y)))
  nan && isTRUE(all.equal(x, y, check.attributes = FALSE))
})
names(d)[!same]
"""


def test_a_data_frame_comes_back(rs: RInterpreter) -> None:
    assert value(rs, ROUND_TRIP) == "character(0)"


def test_no_counterpart(rs: RInterpreter) -> None:
    assert "'z'" in fails(rs, "copy_to(spark, tibble(z = 1i), 'z')").message


def test_tables(rs: RInterpreter) -> None:
    do(rs, "dbWriteTable(spark, 'cars', mtcars, row.names = 'model', temporary = TRUE)")
    assert value(rs, "dbExistsTable(spark, 'cars')") == "[1] TRUE"
    assert value(rs, "'cars' %in% dbListTables(spark)") == "[1] TRUE"
    letters = fails(rs, "dbReadTable(spark, 'cars', row.names = letters)")
    assert "`row.names`" in letters.message
    assert value(rs, "head(dbListFields(spark, 'cars'), 2)") == '[1] "model" "mpg"  '
    assert "exists" in fails(rs, "dbWriteTable(spark, 'cars', mtcars)").message
    assert value(rs, "dim(dbReadTable(spark, 'cars'))") == "[1] 32 12"
    assert value(rs, "dbAppendTable(spark, 'cars', head(dbReadTable(spark, 'cars'), 2))") == "[1] 2"
    assert value(rs, "nrow(dbReadTable(spark, 'cars'))") == "[1] 34"
    do(rs, "dbRemoveTable(spark, 'cars')")
    assert value(rs, "dbExistsTable(spark, 'cars')") == "[1] FALSE"
    do(rs, "dbWriteTable(spark, 'kept', tibble(a = 1:2), field.types = c(a = 'BIGINT'))")
    do(rs, "dbWriteTable(spark, 'kept', tibble(a = 3:4), append = TRUE)")
    assert value(rs, "sum(dbReadTable(spark, 'kept')$a)") == "[1] 10"
    assert value(rs, query("DESCRIBE kept") + "$data_type") == '[1] "bigint"'
    do(rs, "dbWriteTable(spark, 'kept', tibble(b = 1), overwrite = TRUE)")
    assert value(rs, "dbListFields(spark, 'kept')") == '[1] "b"'
    do(rs, "dbRemoveTable(spark, 'kept')")


def test_parameters(rs: RInterpreter) -> None:
    assert value(rs, "dbGetQuery(spark, 'SELECT ? + 1 AS x', params = list(2L))$x") == "[1] 3"
    assert value(rs, "dbGetQuery(spark, 'SELECT :a AS x', params = list(a = \"it's\"))$x") == (
        '[1] "it\'s"'
    )
    assert value(rs, "dbGetQuery(spark, 'SELECT ? AS x', params = list(1:3))$x") == "[1] 1 2 3"
    code = "r <- dbSendQuery(spark, 'SELECT :d AS x'); dbBind(r, list(d = as.Date('2020-01-02')))"
    assert value(rs, code + "; x <- dbFetch(r); dbClearResult(r); x$x") == '[1] "2020-01-02"'
    assert (
        value(rs, "dbGetQuery(spark, 'SELECT ? IS NULL AS x', params = list(NA))$x") == "[1] TRUE"
    )


def test_results_in_pieces(rs: RInterpreter) -> None:
    do(rs, "r <- dbSendQuery(spark, 'SELECT id FROM range(5)')")
    assert value(rs, "c(nrow(dbFetch(r, 2)), dbHasCompleted(r), dbGetRowCount(r))") == "[1] 2 0 2"
    assert value(rs, "c(nrow(dbFetch(r)), dbHasCompleted(r), dbGetRowCount(r))") == "[1] 3 1 5"
    do(rs, "invisible(dbClearResult(r))")
    assert "cleared" in fails(rs, "dbFetch(r)").message


def test_quoting(rs: RInterpreter) -> None:
    assert (
        value(rs, r"dbQuoteString(spark, c('a\'b\\c', NA))") == r"<SQL> 'a\'b\\c'" + "\n<SQL> NULL"
    )
    text = r"c('it\'s', 'back\\slash', 'new\nline', '😀')"
    code = f"""
    x <- {text}
    back <- function(s) dbGetQuery(spark, paste('SELECT', dbQuoteString(spark, s), 'AS x'))$x
    identical(unname(sapply(x, back)), x)
    """
    assert value(rs, code) == "[1] TRUE"
    assert (
        value(rs, "dbGetQuery(spark, paste0('SELECT 1 AS ', dbQuoteIdentifier(spark, 'a`b c')))")
        != ""
    )


def test_errors_are_short_and_nothing_leaks(rs: RInterpreter) -> None:
    recorder = Recorder()
    result = run(rs, query("SELECT nope FROM range(1)"), recorder)
    assert result.name == "SparkError"  # type: ignore[union-attr]
    assert "UNRESOLVED_COLUMN" in result.message  # type: ignore[union-attr]
    assert recorder.events == []
    result = fails(rs, query("SELECT raise_error('mine')"))
    assert "mine" in result.message and "\tat " not in result.message
    assert "at org.apache.spark" in result.detail
    assert not any("\tat " in line for line in result.traceback)
    assert "is not true" in fails(rs, query("SELECT assert_true(id > 1) FROM range(1)")).message
    marked = fails(rs, query("SELECT id, nope FROM range(1)"))
    assert "SELECT id, nope FROM range(1)\n           ^^^^" in marked.message
    assert "Project" not in marked.message
    assert any(line.startswith("----> 1 ") for line in marked.traceback)


def test_the_session_is_the_companions(rs: RInterpreter, companion: Any) -> None:
    do(rs, "dbExecute(spark, 'CREATE OR REPLACE TEMP VIEW from_r AS SELECT 1 AS x')")
    outcome = companion.entry().session().table("from_r").count()
    assert outcome == 1


def test_no_secret_in_the_process(rs: RInterpreter, companion: Any) -> None:
    _, secret = companion.address
    assert value(rs, "sum(grepl('PYSPARK_GATEWAY', names(Sys.getenv())))") == "[1] 0"
    pid = value(rs, "Sys.getpid()").split()[1]
    for name in ("environ", "cmdline"):
        assert secret.encode() not in Path(f"/proc/{pid}/{name}").read_bytes()


def test_a_new_r_on_the_same_session(rs: RInterpreter) -> None:
    do(rs, "invisible(copy_to(spark, tibble(x = 1:3), 'survives', overwrite = TRUE))")
    run(rs, "tools::pskill(Sys.getpid(), 9); Sys.sleep(5)")
    assert value(rs, "DBI::dbGetQuery(spark, 'SELECT sum(x) s FROM survives')$s") == "[1] 6"
    do(rs, "suppressMessages({library(DBI); library(dplyr)})")


def test_spark_in_a_forked_process_is_refused(rs: RInterpreter) -> None:
    code = """
    f <- function(i) try(dbGetQuery(spark, 'SELECT 1'), silent = TRUE)
    inherits(parallel::mclapply(1:2, f)[[1]], 'try-error')
    """
    assert value(rs, code) == "[1] TRUE"


def test_host_dies_with_its_front(companion: Any) -> None:
    """Killed fronts leave no R behind."""
    import subprocess
    import sys
    import time

    code = (
        "import asyncio; from tests.r.conftest import without_spark; "
        "from toree.testing import Recorder; r = without_spark();\n"
        "class Out(Recorder):\n    def stream(self, n, t): print(t, flush=True)\n"
        "asyncio.run(r.execute('cat(Sys.getpid()); flush(stdout()); Sys.sleep(0.1); "
        'system("sleep 60")\', Out()))'
    )
    root = str(Path(__file__).parents[2])
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=root
    ) as front:
        assert front.stdout is not None
        pid = int(front.stdout.readline())
        time.sleep(0.5)
        front.kill()
    deadline = time.monotonic() + 10
    while _alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _alive(pid)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state != "Z"
