"""A streaming DataFrame as a live table: until it is stopped, ends or fails."""

from __future__ import annotations

from typing import Any

import pytest
from session import Ran, Session, has_r

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def stream(kernel: Session) -> Session:
    kernel.run('val flow = spark.readStream.format("rate").option("rowsPerSecond", 50).load()')
    return kernel


def live(ran: Ran) -> list[dict[str, Any]]:
    """The displays of the live table."""
    return [
        m["content"]
        for m in ran.messages
        if str(m["content"].get("transient", {}).get("display_id")).startswith("toree-stream-")
    ]


def stopped_once_rows_came(kernel: Session, code: str) -> list[dict[str, Any]]:
    stopped = []

    def stop(message: dict[str, Any]) -> None:
        if "rows/s" in str(message["content"].get("data", {}).get("text/html")) and not stopped:
            stopped.append(True)
            kernel.manager.interrupt_kernel()

    ran = kernel.run(code, during=stop)
    assert (ran.status, stopped) == ("error", [True])
    assert kernel.run("spark.streams.active.length").result == "0"
    return live(ran)


@pytest.mark.parametrize(
    "code",
    [
        "flow",
        "kernel.display.stream(flow, 5)",
        "%%python\nflow",
        "%%python\nkernel.display.stream(flow)",
        "%%sql\nselect value, timestamp from flow",
        pytest.param("%%r\nflow", marks=pytest.mark.r),
        pytest.param(
            "%%r\ntryCatch(kernel$display$stream(flow), error = identity)", marks=pytest.mark.r
        ),
    ],
)
def test_it_is_shown_until_it_is_stopped(stream: Session, code: str) -> None:
    shown = stopped_once_rows_came(stream, code)
    assert len({one["transient"]["display_id"] for one in shown}) == 1
    assert "Streaming: " in shown[0]["data"]["text/plain"]
    assert "The stream has ended: " in shown[-1]["data"]["text/plain"]
    assert "value" in shown[-1]["data"]["text/html"]


def test_an_aggregation_shows_all_its_groups(stream: Session) -> None:
    stream.run('spark.conf.set("spark.sql.shuffle.partitions", 2)')
    try:
        shown = stopped_once_rows_came(
            stream, 'flow.groupBy($"value" % 2 as "odd").count().orderBy("odd")'
        )
    finally:
        stream.run('spark.conf.unset("spark.sql.shuffle.partitions")')
    assert "2 rows" not in shown[-1]["data"]["text/plain"]  # the footer is the stream's
    assert len(shown[-1]["data"]["text/plain"].splitlines()) == 8


@pytest.mark.parametrize(
    "how",
    [
        "{}",
        "%%python\n{}",
        "%%sql\nselect raise_error('no') from flow",
        pytest.param("%%r\ndplyr::mutate(flow, z = raise_error('no'))", marks=pytest.mark.r),
    ],
)
def test_its_failure_is_the_cell_s(stream: Session, how: str) -> None:
    ran = stream.run(how.format("""kernel.display.stream(flow.selectExpr("raise_error('no')"))"""))
    assert ran.status == "error"
    assert ran.traceback.count("[USER_RAISED_EXCEPTION] no") == 1
    assert ran.reply["evalue"].count("[USER_RAISED_EXCEPTION] no") == 1
    assert "Logical Plan" not in ran.traceback
    assert stream.run("spark.streams.active.length").result == "0"


def test_a_function_of_python_s_that_fails_shows_its_line(stream: Session) -> None:
    ran = stream.run("""%%python
from pyspark.sql.functions import udf
@udf("long")
def worse(x):
    return 1 // (x - x)
worse_flow, worse_frame = flow.select(worse("value")), spark.range(3).select(worse("id"))
worse_flow
""")
    elsewhere = ["worse_flow", "worse_frame.collect()", "%%sql\nfrom worse_frame"]
    if has_r:
        elsewhere += ["%%r\nworse_flow", "%%r\nworse_frame"]
    for told in (ran, *map(stream.run, elsewhere)):
        assert told.status == "error"
        assert (
            told.reply["evalue"].splitlines()[0]
            == "ZeroDivisionError: integer division or modulo by zero"
        )
        assert "----> 5 return 1 // (x - x)" in told.traceback
        assert "ipykernel" not in told.traceback
    assert stream.run("spark.streams.active.length").result == "0"
    stream.run("%%python\ndel worse_flow, worse_frame")


@pytest.mark.r
def test_in_r_it_needs_to_be_a_table_of_spark_s_that_streams(stream: Session) -> None:
    assert "shows tables of Spark" in stream.run("%%r\nkernel$display$stream(mtcars)").traceback
    still = stream.run("%%r\nkernel$display$stream(dplyr::tbl(spark, dplyr::sql('select 1 as a')))")
    assert "no streaming table" in still.traceback
    ran = stream.run("%%r\nflow\ncat('goes on')")
    assert (ran.status, ran.text("stdout")) == ("ok", "goes on")
    assert "as the last value" in ran.bundles("display_data")[0]["text/plain"]
    assert "kernel$display$stream" in stream.run("%%r\nprint(flow)").traceback
