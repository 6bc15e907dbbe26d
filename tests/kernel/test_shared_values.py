"""DataFrames, tables and values that cross between Scala, Python and SQL cells."""

from __future__ import annotations

import time

import pytest
from session import Session, printed, result, run

pytestmark = pytest.mark.spark


def test_a_dataframe_and_a_value_in_every_direction(kernel: Session) -> None:
    run(kernel, 'val people = spark.range(5).toDF("age"); val limit = 2')
    assert printed(kernel, "%%python\nprint(people.filter(people.age > limit).count())") == "2\n"
    table = run(kernel, "%%sql\nselect count(*) n from people where age > :limit")
    assert table.result.splitlines()[4].split() == ["|", "2", "|"]
    run(kernel, "%%python\nolder = people.filter('age > 3')")
    assert result(kernel, "older.count()") == "1"
    run(kernel, "%%sql -o total\nselect sum(age) total from people")
    assert result(kernel, "total.head.getLong(0)") == "10"
    assert result(kernel, "%%python\ntotal.first().total") == "10"


def test_lineage_is_kept_and_nothing_runs(kernel: Session) -> None:
    run(
        kernel,
        "val ran = sc.longAccumulator\n"
        "val lazyOnes = spark.range(3).map { x => ran.add(1); x + 1 }",
    )
    assert result(kernel, "%%python\nlazyOnes.columns") == "['value']"
    assert result(kernel, "ran.value") == "0"
    assert result(kernel, "%%python\nlazyOnes.count()") == "3"


def test_a_streaming_dataframe(kernel: Session) -> None:
    run(kernel, 'val stream = spark.readStream.format("rate").load()')
    assert result(kernel, "%%python\nstream.isStreaming") == "True"


def test_local_tables(kernel: Session) -> None:
    run(kernel, "%%python\nimport pandas as pd\nscores = pd.DataFrame({'city': ['a', 'b', 'a']})")
    assert result(kernel, 'scores.filter($"city" === "a").count()') == "2"
    assert "3" in result(kernel, "%%sql\nselect count(*) from scores")
    run(
        kernel,
        "case class City(name: String, size: Option[Int])\n"
        'val cities = Seq(City("x", Some(1)), City("y", None))',
    )
    assert result(
        kernel, "%%python\ntype(cities).__name__, cities.shape, cities.columns.tolist()"
    ) == ("('DataFrame', (2, 2), ['name', 'size'])")


def test_a_transfer_that_is_stopped_changes_nothing(kernel: Session) -> None:
    run(kernel, "%%python\nslow = 'old'")
    run(kernel, "val slow = Seq.fill(4000000)(scala.util.Random.nextDouble)")
    sent = kernel.client.execute("%%python\nlen(slow)")
    deadline = time.monotonic() + 60
    while kernel.client.get_iopub_msg(timeout=30)["msg_type"] != "execute_input":
        assert time.monotonic() < deadline
    kernel.manager.interrupt_kernel()
    reply = kernel.client.get_shell_msg(timeout=60)
    while reply["parent_header"].get("msg_id") != sent:
        reply = kernel.client.get_shell_msg(timeout=60)
    assert reply["content"]["ename"] == "KeyboardInterrupt"
    assert result(kernel, "slow.size") == "4000000"
    assert result(kernel, "%%python\nglobals()['slow']") == "'old'"
    assert result(kernel, "%%python\nlen(slow)") == "4000000"
    run(kernel, "%%python\ndel slow")
