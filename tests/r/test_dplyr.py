"""dplyr on Spark gives what dplyr gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from toree.interpreters.r.interpreter import RInterpreter

from .conftest import do, fails, value

pytestmark = [pytest.mark.r, pytest.mark.spark]


def test_verbs(rs: RInterpreter) -> None:
    code = (Path(__file__).parent / "verbs.R").read_text(encoding="utf-8")
    do(rs, "suppressPackageStartupMessages(suppressWarnings({\n" + code + "\n}))")
    text = do(
        rs,
        "cat(length(cases), '\\n'); bad <- nzchar(differences)\n"
        "cat(sprintf('%s: %s\\n', names(cases), differences)[bad])",
    ).text("stdout")
    count, _, rest = text.partition("\n")
    assert int(count) >= 75
    assert rest.splitlines() == []


def test_lazy_and_shown(rs: RInterpreter) -> None:
    do(
        rs,
        "d <- tibble(g = c('a', 'b', 'a'), x = 1:3)\nt <- copy_to(spark, d, 'shown', TRUE)",
    )
    query = "tbl(spark, 'shown') |> filter(x > 1) |> count(g) |> arrange(desc(n))"
    text = do(rs, query + " |> show_query()").text("stdout")
    assert "SELECT `g`, COUNT(*) AS `n`" in text and "ORDER BY `n` DESC" in text
    shown = value(rs, "tbl(spark, 'shown')")
    assert shown.startswith("# Source:") and "[local[2]]" in shown and "<chr>" in shown
    assert "tbl_df" in value(rs, f"class(collect({query}))")
    assert "Physical Plan" in do(rs, query + " |> explain()").text("stdout")


def test_tables_by_other_names(rs: RInterpreter) -> None:
    do(rs, "dbExecute(spark, 'CREATE SCHEMA IF NOT EXISTS other')")
    do(
        rs,
        "id <- Id(schema = 'other', table = 't'); dbWriteTable(spark, id, tibble(x = 1:3))",
    )
    assert value(rs, "tbl(spark, dbplyr::in_schema('other', 't')) |> count() |> pull(n)") == "[1] 3"
    assert value(rs, "tbl(spark, sql('SELECT 7 AS seven')) |> pull(seven)") == "[1] 7"
    do(rs, "DBI::dbRemoveTable(spark, DBI::Id(schema = 'other', table = 't'))")


def test_sample(rs: RInterpreter) -> None:
    do(rs, "invisible(copy_to(spark, data.frame(x = 1:50), 'sampled', overwrite = TRUE))")
    assert (
        value(rs, "tbl(spark, 'sampled') |> slice_sample(n = 5) |> collect() |> nrow()") == "[1] 5"
    )


def test_compute_and_copy(rs: RInterpreter) -> None:
    do(rs, "invisible(copy_to(spark, mtcars, 'motor_cars', overwrite = TRUE))")
    assert "exists" in fails(rs, "copy_to(spark, mtcars, 'motor_cars')").message
    do(rs, "big <- tbl(spark, 'motor_cars') |> filter(mpg > 20) |> compute('big_motor_cars')")
    assert value(rs, "dbExistsTable(spark, 'big_motor_cars')") == "[1] TRUE"
    assert value(rs, "big |> count() |> pull(n)") == "[1] 14"


def test_an_unknown_table(rs: RInterpreter) -> None:
    result = fails(rs, "tbl(spark, 'no_such_table')")
    assert "TABLE_OR_VIEW_NOT_FOUND" in result.message
    assert "UnresolvedRelation" not in result.message


def test_columns_complete_without_a_query(rs: RInterpreter) -> None:
    do(rs, "lazy <- tbl(spark, sql('SELECT 1 AS first_column, 2 AS `other one`'))")
    found = rs.complete("lazy |> filter(first", len("lazy |> filter(first"))
    assert "first_column" in found.matches
    code = "lazy |> mutate(x = 1) |> select(oth"
    assert "`other one`" in rs.complete(code, len(code)).matches


#: What `transmute(x = ...)` of an INT i, a BIGINT n, a DOUBLE d and a DATE day is in Spark.
TYPES = {
    "i * 2": "double",
    "i * 2L": "int",
    "i %% 2": "int",
    "n %% 2L": "bigint",
    "n %/% 3": "bigint",
    "d %% 2": "double",
    "i + NaN": "double",
    "i + Inf": "double",
    "1e308": "double",
    "-0.1 - i": "double",
    "0.1 + 0.2": "double",
    "NA_real_": "double",
    "if_else(i > 2, 1, 0)": "double",
    "coalesce(i, 2L)": "int",
    "as.Date('2024-03-01')": "date",
    "date_add(day, 7)": "date",
    "lag(i, 1, order_by = n)": "int",
    "n + bit64::as.integer64('9007199254740993')": "bigint",
}


def test_literals_have_their_types(rs: RInterpreter) -> None:
    do(
        rs,
        'typed <- tbl(spark, sql("SELECT CAST(id AS INT) i, id n, id * 1.5D d, '
        "DATE'2024-02-29' day FROM range(5)\"))\n"
        "type_of <- function(t) dbGetQuery(spark, paste('DESCRIBE QUERY', "
        "dbplyr::sql_render(t)))$data_type",
    )
    columns = ", ".join(f"x{i} = {code}" for i, code in enumerate(TYPES))
    shown = do(rs, f"cat(type_of(typed |> transmute({columns})))").text("stdout")
    assert dict(zip(TYPES, shown.split(), strict=True)) == TYPES


def test_literals_have_their_values(rs: RInterpreter) -> None:
    code = (
        "x <- typed |> filter(n == 3) |> transmute(a = 0.1 + 0.2, b = NaN, c = -Inf, d = 1e308, "
        "e = 5e-324, f = i %% 2, g = -i %/% 2, h = i * 2) |> collect()\n"
        "identical(unlist(x), c(a = 0.1 + 0.2, b = NaN, c = -Inf, d = 1e308, e = 5e-324, "
        "f = 1, g = -2, h = 6))"
    )
    assert value(rs, code) == "[1] TRUE"
    missing = "typed |> filter(day > !!as.Date(NA) | n == !!NA_real_) |> count() |> pull()"
    assert value(rs, missing) == "[1] 0"
    # Other databases get what dbplyr gives them.
    assert value(rs, "dbplyr::translate_sql(2, con = dbplyr::simulate_hive())") == "<SQL> 2.0"
