"""Shared names in SQL: tables, parameters, and a catalog that stays as it was."""

from __future__ import annotations

import pytest
from session import Session, failed, result, run

pytestmark = pytest.mark.spark


def test_sql_leaves_the_catalog_as_it_was(kernel: Session) -> None:
    run(kernel, "val sqlFrame = spark.range(3).toDF")
    assert "| 3 " in result(kernel, "%%sql\nselect count(*) n from SQLFRAME")
    assert result(kernel, 'spark.catalog.tableExists("sqlFrame")') == "false"
    failed(kernel, "%%sql\nselect nothing from sqlFrame")
    assert result(kernel, 'spark.catalog.tableExists("sqlFrame")') == "false"
    assert result(kernel, 'spark.conf.getOption("spark.sql.legacy.storeAnalyzedPlanForView")') in (
        "None",
        "Some(false)",
    )


def test_a_view_of_the_same_name_wins_with_a_note(kernel: Session) -> None:
    run(kernel, 'spark.range(9).createTempView("both"); val both = spark.range(1).toDF')
    ran = run(kernel, "%%sql\nselect count(*) n from both")
    assert "| 9 " in str(ran.result)
    assert "`both` is a table or view of the catalog here" in ran.text("stderr")
    run(kernel, 'spark.catalog.dropTempView("both")')
    assert "| 1 " in result(kernel, "%%sql\nselect count(*) n from both")


def test_a_view_made_of_a_shared_dataframe_outlives_the_statement(kernel: Session) -> None:
    run(kernel, "val source = spark.range(4).toDF")
    run(kernel, "%%sql\ncreate temp view kept as select id + 1 as n from source")
    assert "| 10 " in result(kernel, "%%sql\nselect sum(n) s from kept")
    run(kernel, "%%sql\ncreate or replace temp view source as select * from source where id > 1")
    assert "| 2 " in result(kernel, "%%sql\nselect count(*) n from source")
    run(kernel, 'spark.catalog.dropTempView("kept"); spark.catalog.dropTempView("source")')


def test_names_of_a_with_clause_are_the_statements_own(kernel: Session) -> None:
    run(kernel, "val cte = spark.range(4).toDF")
    assert "| 1 " in result(kernel, "%%sql\nwith cte as (select 1 n) select count(*) from cte")
    assert "| 4 " in result(kernel, "%%sql\nselect (select count(*) from cte) as n")


def test_sql_parameters_are_typed(kernel: Session) -> None:
    run(
        kernel,
        "%%python\nimport datetime as dt\nday = dt.date(2024, 2, 29)\n"
        'name = "it\'s"\nnums = [1, 2]',
    )
    shown = result(kernel, "%%sql\nselect :day as d, :name as s, array_contains(:nums, 2) as c")
    assert shown.splitlines()[2].split() == ["|", "date", "|", "string", "|", "boolean", "|"]
    assert shown.splitlines()[4].split() == ["|", "2024-02-29", "|", "it's", "|", "true", "|"]


def test_what_sql_makes_sql_has(kernel: Session) -> None:
    run(kernel, "%%sql -o made\nselect id d from range(5)")
    assert "| 4 " in result(kernel, "%%sql\nselect max(d) m from made")
    run(kernel, "%%sql -o made\nselect d + 10 d from MADE")  # of itself, and in its place
    assert "| 14 " in result(kernel, "%%sql\nselect 1; select max(d) m from made")
    run(kernel, "%%python\nmade = made.filter('d < 13')")
    assert "| 12 " in result(kernel, "%%sql\nselect max(d) m from made")
    run(kernel, 'val made = spark.range(3).toDF("d")')
    assert "| 2 " in result(kernel, "%%sql\nselect max(d) m from made")
    run(kernel, "%%sql -o made\nselect max(d) + 5 d from made")
    assert result(kernel, "made.head.getLong(0)") == "7"
    assert "| 7 " in result(kernel, "%%sql\nselect * from made")
    run(kernel, "%%python\ndel made")
    assert "made" in failed(kernel, "%%sql\nselect * from made").reply["evalue"]
