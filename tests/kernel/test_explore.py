"""%explore: a table as a grid whose pages, order, filters and summaries are Spark's work."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from session import Session

from toree.spark.grid import _WIDGET

pytestmark = pytest.mark.spark

pytest.importorskip("tablescope")


class Grid:
    """The front end's side of a grid that a cell has shown."""

    def __init__(self, kernel: Session, code: str) -> None:
        ran = kernel.run(code)
        assert ran.status == "ok", ran.traceback
        (self.bundle,) = [
            m["content"]["data"] for m in ran.messages if _WIDGET in m["content"].get("data", {})
        ]
        self._comm = self.bundle[_WIDGET]["model_id"]
        self._kernel = kernel

    def ask(self, kind: str, **payload: Any) -> Any:
        client = self._kernel.client
        content = {"type": kind, "request_id": kind, "payload": payload}
        data = {"comm_id": self._comm, "data": {"method": "custom", "content": content}}
        client.shell_channel.send(client.session.msg("comm_msg", data))
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            message = client.get_iopub_msg(timeout=60)
            said = message["content"].get("data", {})
            if message["msg_type"] == "comm_msg" and said.get("method") == "custom":
                assert said["content"]["ok"], said
                return said["content"]["payload"]
        raise AssertionError(f"no answer to {kind}")


def test_a_table_of_each_language(kernel: Session) -> None:
    kernel.run(
        'val sea = spark.range(5000).selectExpr("id", "id % 7 seven", "id + 1 ID", '
        "\"named_struct('a', id) deep\", \"map('k', id) m\")"
    )
    grids: list[Callable[[], Grid]] = [
        lambda: Grid(kernel, "%explore sea"),
        lambda: Grid(kernel, "kernel.display.explore(sea)"),
        lambda: Grid(kernel, "%%python\nkernel.display.explore(sea)"),
        lambda: Grid(kernel, "%%sql\n%explore sea"),
    ]
    for make in grids:
        grid = make()
        page = grid.ask("fetch_rows", offset=4990, limit=100)
        assert page["total_rows"] == 5000
        assert [row["id"] for row in page["rows"]] == list(range(4990, 5000))
        # Who shows no widgets shows the first rows.
        assert "first 20 rows" in grid.bundle["text/html"]
        assert "first 20 rows" in grid.bundle["text/plain"]
    first = page["rows"][0]
    assert (first["ID (2)"], first["deep"], first["m"]) == (4991, "{4990}", "{k -> 4990}")


def test_order_filters_and_summaries_are_spark_s(kernel: Session) -> None:
    kernel.run('spark.range(5000).selectExpr("id", "id % 7 seven").createOrReplaceTempView("sea")')
    grid = Grid(kernel, "%explore sea")
    down = [{"column": "id", "descending": True}]
    page = grid.ask("fetch_rows", offset=0, limit=3, sort=down)
    assert [row["id"] for row in page["rows"]] == [4999, 4998, 4997]
    fours = [{"column": "seven", "operator": "eq", "value": 4}]
    page = grid.ask("fetch_rows", offset=0, limit=2, sort=down, filters=fours)
    assert page["total_rows"] == 714
    assert [row["id"] for row in page["rows"]] == [4995, 4988]
    stats = grid.ask("describe_column", column="seven")["stats"]
    assert (stats["row_count"], stats["null_count"], stats["min"], stats["max"]) == (5000, 0, 0, 6)
    bins = grid.ask("histogram", column="id", bin_count=5)["bins"]
    assert [b["count"] for b in bins] == [1000] * 5


def test_what_is_no_table_says_so(kernel: Session) -> None:
    kernel.run("val notATable = 5")
    for name, said in (("notATable", "is no table"), ("nowhere", "TABLE_OR_VIEW_NOT_FOUND")):
        ran = kernel.run(f"%explore {name}")
        assert ran.status == "error"
        assert said in ran.traceback
    kernel.run('val endless = spark.readStream.format("rate").load()')
    assert "a stream has no pages" in kernel.run("%explore endless").traceback


def test_without_the_library_there_are_the_first_rows_and_a_sentence(kernel: Session) -> None:
    kernel.run("val few = spark.range(3)")
    hide = "import sys; from toree.spark import grid; grid._kind.cache_clear()"
    name = "sys.modules['tablescope.widget']"
    kernel.run(f"%%python\n{hide}; {name} = None")
    try:
        ran = kernel.run("%explore few")
    finally:
        kernel.run(f"%%python\n{hide}; del {name}")
    assert ran.status == "ok", ran.traceback
    (bundle,) = ran.bundles("execute_result")
    assert sorted(bundle) == ["text/html", "text/plain"]
    assert "3 rows; a grid to page, sort and filter needs" in bundle["text/plain"]
    assert "spark-polyglot-kernel[explore]" in bundle["text/html"]


def test_local_tables(kernel: Session) -> None:
    kernel.run("%%python\nimport pandas as pd\nlocal = pd.DataFrame({'a': [3, 1, 2]})")
    for code in ("%explore local", "%%python\nkernel.display.explore(local)"):
        grid = Grid(kernel, code)
        page = grid.ask("fetch_rows", offset=0, limit=9, sort=[{"column": "a"}])
        assert [row["a"] for row in page["rows"]] == [1, 2, 3]


def test_a_table_that_the_same_cell_makes(kernel: Session) -> None:
    grid = Grid(kernel, "%%python\nfresh = spark.range(4)\n%explore fresh")
    assert grid.ask("fetch_rows", offset=0, limit=9)["total_rows"] == 4
