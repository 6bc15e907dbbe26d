"""What nobody should send: a clear result, and the next cell works."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from session import Session

from toree.progress import MIME

pytestmark = pytest.mark.spark


@pytest.fixture(autouse=True)
def the_next_cell_works(kernel: Session) -> Iterator[None]:
    yield
    assert kernel.run("6*7").result == "42"
    assert kernel.run("%%python\n6*7").result == "42"


def test_unknown_magics_are_refused_before_anything_runs(kernel: Session) -> None:
    ran = kernel.run('println("no")\n%nope\n%LsMagic\n%neither x')
    assert (ran.reply["ename"], ran.text("stdout")) == ("Error parsing magics!", "")
    assert "Magics [nope, neither] do not exist!" in ran.reply["evalue"]
    ran = kernel.run("%%cobol\nx")
    assert "Magic cobol does not exist!" in ran.reply["evalue"]


def test_wrong_arguments_say_the_usage(kernel: Session) -> None:
    for code in ("%ShowTypes maybe", "%AddJar x.txt", "%restart a b", "%ShowTypes 'open"):
        ran = kernel.run(code)
        assert ran.status == "error", code
    assert "usage: %AddJar" in kernel.run("%AddJar").text("stdout")


@pytest.mark.parametrize(
    "code", ["", " ", "\n\n", "\t\n", "// only\n// comments", "/* open", "%%scala"]
)
def test_nothing_to_run(kernel: Session, code: str) -> None:
    ran = kernel.run(code)
    assert ran.status == ("error" if code == "/* open" else "ok")
    assert [k for k in ran.kinds if k != "error"] == []


def test_shell_commands_in_scala_cells(kernel: Session) -> None:
    ran = kernel.run("!echo one\nval y = 2\n!echo two")
    assert ran.text("stdout").split() == ["one", "two"]


def test_a_hundred_megabytes_are_cut_with_a_note(kernel: Session) -> None:
    ran = kernel.run('val line = "x" * 99999\nfor (_ <- 1 to 1000) println(line)')
    assert ran.status == "ok"
    printed = len(ran.text("stdout"))
    assert 30_000_000 < printed < 40_000_000
    assert "output cut" in ran.text("stderr")


def test_a_huge_line(kernel: Session) -> None:
    ran = kernel.run('println("y" * 20000000)')
    assert ran.text("stdout") == "y" * 20_000_000 + "\n"


def test_an_endless_to_string_is_stopped(kernel: Session) -> None:
    import threading

    timer = threading.Timer(3, kernel.manager.interrupt_kernel)
    timer.start()
    ran = kernel.run("new Object { override def toString: String = { while (true) {}; null } }")
    timer.join()
    assert ran.status == "error"
    assert "nterrupt" in ran.reply["ename"]


def test_a_cell_sent_in_answer_to_an_error_is_not_taken_for_a_queued_one(kernel: Session) -> None:
    for code in ["%%python\n1 / 0"] * 30 + ["nope"] * 10:
        sent = kernel.client.execute(code)
        while kernel.client.get_shell_msg(timeout=30)["parent_header"]["msg_id"] != sent:
            pass
        assert kernel.run("%%python\n1 + 1").result == "2"


@pytest.mark.parametrize("cell", ["", "%%python\n", "%%sql\nselect * from "])
def test_wide_tables_and_names_that_are_code(kernel: Session, cell: str) -> None:
    kernel.run(
        'val wide = spark.range(1).selectExpr((0 until 3000).map(i => s"$i c$i"): _*)\n'
        'val odd = spark.range(1).toDF("<script>alert(1)</script>")'
    )
    bundle = kernel.run(f"{cell}wide").bundles("execute_result")[0]
    assert "the first 100 of 3,000 columns" in bundle["text/plain"]
    bundle = kernel.run(f"{cell}odd").bundles("execute_result")[0]
    assert "<script" not in bundle["text/html"] and "&lt;script" in bundle["text/html"]


def test_widgets_that_are_gone(kernel: Session) -> None:
    pytest.importorskip("ipywidgets")
    code = "%%python\nimport ipywidgets\ngone = ipywidgets.IntSlider(3); print(gone.comm.comm_id)"
    comm = kernel.run(code).text("stdout").strip()
    kernel.run("%%python\ngone.close()")
    for name in (comm, "of no widget"):
        data = {"method": "update", "state": {"value": 5}, "buffer_paths": []}
        content = {"comm_id": name, "data": data}
        kernel.client.shell_channel.send(kernel.client.session.msg("comm_msg", content))


def test_a_plot_of_ten_million_points(kernel: Session) -> None:
    pytest.importorskip("matplotlib")
    code = "import numpy, matplotlib.pyplot as plt\nplt.plot(numpy.random.rand(10_000_000))"
    (picture,) = kernel.run(f"%%python\n{code}").bundles("display_data")
    assert "image/png" in picture and picture["text/plain"].startswith("<Figure")


def test_a_bar_for_many_stages(kernel: Session) -> None:
    ran = kernel.run(
        "(1 to 150).foldLeft(sc.parallelize(1 to 2, 1).map(x => (x, x)))((rows, i) =>"
        " rows.reduceByKey(_ + _).map { case (k, v) => (k + 1, v) }).count"
    )
    shown = [m for m in ran.messages if MIME in m["content"].get("data", {})]
    assert shown[-1]["content"]["data"][MIME]["stages"]["total"] == 151
    assert all(len(json.dumps(m["content"])) < 2000 for m in shown)
    assert len(shown) <= 2 + 5 * shown[-1]["content"]["data"][MIME]["elapsed"]
