"""SQL cells, as a front end sees them."""

from __future__ import annotations

import pytest
from session import Session

pytestmark = pytest.mark.spark


def test_a_table_with_types(kernel: Session) -> None:
    ran = kernel.run("%%sql\nselect 1 as id, 'a' as name, array(1, 2) as xs, null as nothing")
    [bundle] = ran.bundles("execute_result")
    assert bundle["text/plain"].splitlines()[1:5] == [
        "| id  | name   | xs         | nothing |",
        "| int | string | array<int> | void    |",
        "+-----+--------+------------+---------+",
        "| 1   | a      | [1, 2]     | null    |",
    ]
    assert '<th scope="col" class="num">id<br><small>int</small></th>' in bundle["text/html"]


def test_several_statements_and_comments(kernel: Session) -> None:
    ran = kernel.run(
        "%%sql\n-- first; a view\ncreate or replace temp view v as select ';' as s;\n"
        "select * from v; /* last; */ select 2 as two;\n-- end"
    )
    assert ran.status == "ok", ran.traceback
    assert [";" in str(b) for b in ran.bundles("display_data")] == [True]
    assert "two" in ran.result


def test_options(kernel: Session) -> None:
    ran = kernel.run("%%sql -n 2\nselect * from range(10)")
    assert ran.result.endswith("first 2 rows, there are more")
    assert kernel.run("%%sql -q\nselect 1").messages == []
    ran = kernel.run(
        "%%sql --params low=8 name='x y' select id, :name as n from range(10) where id >= :low"
    )
    assert ran.result.endswith("2 rows"), ran.traceback
    assert "x y" in ran.result
    # An integer is what the literal is, and a shared one.
    ran = kernel.run(
        "%%sql --params a=5 b=3000000000 c=1.5 d=true e=null f=x g='5'\n"
        "select typeof(:a), typeof(5), typeof(:b), typeof(:c), typeof(:d), typeof(:e), typeof(:f),"
        " typeof(:g)"
    )
    assert ran.result.splitlines()[4].replace("|", " ").split() == (
        ["int", "int", "bigint", "double", "boolean", "void", "string", "string"]
    )
    ran = kernel.run("%%sql -x\nselect 1")
    assert ran.status == "error"
    assert "usage: %%sql" in ran.traceback


def test_errors_are_short_and_point(kernel: Session) -> None:
    ran = kernel.run("%%sql\nselect 1;\n\nselect nothing_here from range(1)")
    assert ran.status == "error"
    assert "nothing_here" in ran.reply["evalue"]
    assert "\tat org.apache" not in ran.traceback
    assert len(ran.traceback.splitlines()) < 20
    assert "at org.apache.spark" in kernel.run("%tb").text("stderr")
    assert "^" in kernel.run("%%sql\nselec 1").traceback


def test_empty_and_comments_only(kernel: Session) -> None:
    for code in ("%%sql", "%%sql\n-- nothing", "%%sql\n;;"):
        ran = kernel.run(code)
        assert (ran.status, ran.messages) == ("ok", [])


def test_completion(kernel: Session) -> None:
    kernel.run("%%sql\ncreate or replace temp view wide_view as select 1 as first_column")
    assert "SELECT" in kernel.complete("%%sql\nSEL|")["matches"]
    assert "wide_view" in kernel.complete("%%sql\nselect * from wide_v|")["matches"]
    assert "first_column" in kernel.complete("%%sql\nselect first_c| from wide_view")["matches"]
    kernel.run('val apart = Seq((1, "a")).toDF("number", "second_column")')
    assert "second_column" in kernel.complete("%%sql\nselect second_c| from apart")["matches"]
    assert kernel.complete("%%sql\nselect a.numb| from apart a")["matches"] == ["number"]
    assert "date_format" in kernel.complete("%%sql\nselect date_f|")["matches"]


@pytest.mark.r
def test_completion_knows_columns_of_other_languages_frames(kernel: Session) -> None:
    kernel.run("%%python\nsnake = spark.range(3).withColumnRenamed('id', 'scales')")
    kernel.run("%%r\nlibrary(dplyr); bird <- snake |> mutate(feathers = scales + 1)")
    assert "scales" in kernel.complete("%%sql\nselect sca| from snake")["matches"]
    assert kernel.complete("%%sql\nselect b.fea| from bird b")["matches"] == ["feathers"]


def test_is_complete(kernel: Session) -> None:
    assert kernel.is_complete("%%sql\nselect 'open")["status"] == "incomplete"
    assert kernel.is_complete("%%sql\nselect 1")["status"] == "complete"


def test_inspection_knows_tables_and_functions(kernel: Session) -> None:
    kernel.run("%%sql\ncreate or replace temp view inspected as select 1 as id, 'x' as name")
    found = kernel.inspect("%%sql\nselect * from inspec|ted")
    assert found["data"]["text/plain"].splitlines() == [
        "inspected: a table or view",
        "  id: int",
        "  name: string",
    ]
    assert (
        "Usage:" in kernel.inspect("%%sql\nselect cou|nt(*) from inspected")["data"]["text/plain"]
    )
    for code in ("%%sql\nselect no_such_thin|g", "%%sql\nselec|t 1", "%%sql\n|"):
        assert not kernel.inspect(code)["found"], code
