"""The bar of a cell whose Spark jobs take their time, in every language."""

from __future__ import annotations

import time
from typing import Any

import pytest
from session import Ran, Session

from toree.progress import MIME

pytestmark = pytest.mark.spark

SLOW = {
    "scala": "sc.parallelize(1 to 8, 8).map { x => Thread.sleep(500); x }.sum",
    "python": "%%python\nimport time\n"
    "sc.parallelize(range(8), 8).map(lambda x: time.sleep(0.5) or x).sum()",
    "sql": "%%sql\nselect sum(nap(id)) from range(0, 8, 1, 8)",
    "r": "%%r\nDBI::dbGetQuery(spark, 'select sum(nap(id)) from range(0, 8, 1, 8)')",
}


def bars(ran: Ran) -> list[dict[str, Any]]:
    found = [m for m in ran.messages if MIME in m["content"].get("data", {})]
    return [
        {
            "kind": m["msg_type"],
            "id": m["content"]["transient"]["display_id"],
            **m["content"]["data"],
        }
        for m in found
    ]


@pytest.mark.parametrize(
    "language", ["scala", "python", "sql", pytest.param("r", marks=pytest.mark.r)]
)
def test_a_slow_cell(kernel: Session, language: str) -> None:
    kernel.run('spark.udf.register("nap", (x: Long) => { Thread.sleep(500); x })')
    ran = kernel.run(SLOW[language])
    assert ran.status == "ok", ran.traceback
    shown = bars(ran)
    assert len(shown) >= 2
    assert len({bar["id"] for bar in shown}) == 1
    assert [bar["kind"] for bar in shown] == ["display_data"] + ["update_display_data"] * (
        len(shown) - 1
    )
    *during, last = shown
    assert all(bar[MIME]["tasks"]["total"] >= 8 for bar in during)
    assert during[0][MIME]["tasks"]["done"] < during[0][MIME]["tasks"]["total"]
    assert last[MIME]["over"] and last[MIME]["jobs"]["done"] == last[MIME]["jobs"]["total"]
    assert "<progress" in during[0]["text/html"] and "<progress" not in last["text/html"]
    # One message each that differs, and five a second at most.
    assert len(during) <= 2 + 5 * last[MIME]["elapsed"]


def test_a_short_cell_and_one_without_spark_show_none(kernel: Session) -> None:
    assert bars(kernel.run("Thread.sleep(800)")) == []
    kernel.run("spark.range(3).count()")  # what is slow the first time
    began = time.monotonic()
    shown = bars(kernel.run("spark.range(3).count()"))
    assert shown == [] or time.monotonic() - began > 0.5  # on a machine with other work


def test_every_execution_has_a_bar_of_its_own(kernel: Session) -> None:
    first, second = bars(kernel.run(SLOW["scala"])), bars(kernel.run(SLOW["scala"]))
    assert first and second and first[0]["id"] != second[0]["id"]


def test_progress_can_be_switched_off(kernel: Session) -> None:
    assert kernel.run("%progress off").text("stdout") == "Progress is off.\n"
    try:
        assert bars(kernel.run(SLOW["scala"])) == []
    finally:
        kernel.run("%progress on")
    assert bars(kernel.run(SLOW["scala"]))


#: More than a second, however many cores there are.
LONG = "sc.parallelize(range(2), 2).map(lambda x: __import__('time').sleep(1.2) or x).sum()"


def test_switched_off_in_the_middle_it_ends_with_the_truth(kernel: Session) -> None:
    code = f"%%python\n{LONG}\nget_ipython().run_line_magic('progress', 'off')\n{LONG}"
    try:
        ran = kernel.run(code)
    finally:
        kernel.run("%progress on")
    last = bars(ran)[-1][MIME]
    assert ran.status == "ok" and last["over"]
    assert last["jobs"] == {"done": 2, "failed": 0, "total": 2}


BUTTON = """%%python
import ipywidgets, time
button = ipywidgets.Button()
button.on_click(lambda _: sc.parallelize(range(2), 2).map(lambda x: time.sleep(nap) or x).sum())
print(button.comm.comm_id)
"""


@pytest.mark.parametrize("nap", [1.2, 600])
def test_a_callback_of_a_widget_has_a_bar_and_can_be_stopped(kernel: Session, nap: float) -> None:
    """In the output of the newest Python cell."""
    pytest.importorskip("ipywidgets")
    comm = kernel.run(BUTTON).text("stdout").strip()
    cell = kernel.run(f"%%python\nnap = {nap}\nprint(nap)").messages[0]["parent_header"]["msg_id"]
    kernel.run("6 * 7")
    click = {"method": "custom", "content": {"event": "click"}}
    message = kernel.client.session.msg("comm_msg", {"comm_id": comm, "data": click})
    kernel.client.shell_channel.send(message)
    shown: list[dict[str, Any]] = []
    while not (shown and shown[-1][MIME]["over"]):
        message = kernel.client.get_iopub_msg(timeout=60)
        if MIME in (data := message["content"].get("data", {})):
            assert message["parent_header"]["msg_id"] == cell
            if nap > 60 and not shown:
                kernel.manager.interrupt_kernel()
            shown.append(data)
    assert len(shown) >= 2 and shown[-1][MIME]["jobs"]["failed"] == (nap > 60)
    assert ("stopped" in shown[-1]["text/plain"]) == (nap > 60)
    assert kernel.run("%%python\nspark.range(7).count()").result == "7"


@pytest.mark.parametrize("language", ["scala", "python", "sql"])
def test_the_bar_of_a_stopped_cell_says_so(kernel: Session, language: str) -> None:
    body = {
        "scala": "sc.parallelize(1 to 8, 8).map { x => Thread.sleep(20000); x }.sum",
        "python": "sc.parallelize(range(8), 8).map(lambda x: time.sleep(20)).count()",
        "sql": "select sum(id % 7 * (id % 11)) from range(100000000000)",
    }
    stopped: list[bool] = []

    def stop(message: dict[str, Any]) -> None:
        if MIME in message["content"].get("data", {}) and not stopped:
            stopped.append(True)
            kernel.manager.interrupt_kernel()

    kernel.run("%%python\nimport time")
    ran = kernel.run(f"%%{language}\n{body[language]}", during=stop)
    assert (ran.status, stopped) == ("error", [True])
    assert bars(ran)[-1]["text/plain"].endswith(", stopped")


def test_a_failed_job(kernel: Session) -> None:
    code = 'Thread.sleep(500); if (x == 8) { Thread.sleep(500); sys.error("no") }; x'
    code = f"sc.parallelize(1 to 8, 8).map {{ x => {code} }}.sum"
    ran = kernel.run(code)
    assert ran.status == "error"
    assert bars(ran)[-1][MIME]["jobs"]["failed"] == 1
    assert bars(ran)[-1][MIME]["tasks"]["done"] >= 1  # those before it stay done
    assert "failed" in bars(ran)[-1]["text/plain"]


HEARD = """%%python
heard = []
def hear(stages, inflight_tasks, operation_id, done):
    heard.append((done, [(s.num_completed_tasks, s.num_tasks, s.done) for s in stages]))
spark.registerProgressHandler(hear)
"""


def test_handlers_of_pyspark_s_hear_of_cells(kernel: Session) -> None:
    assert kernel.run(HEARD).status == "ok"
    for cell in (SLOW["scala"], "%%python\nspark.range(3).count()"):  # a bar, and none
        kernel.run(cell)
        ran = kernel.run("%%python\nprint(heard[-1], len({d for d, _ in heard})); heard.clear()")
        assert ran.text("stdout").startswith("(True, [(") and "False)" not in ran.text("stdout")
    assert "(8, 8, True)" in ran.text("stdout") or cell != SLOW["scala"]
    ran = kernel.run(
        "%%python\nspark.clearProgressHandlers()\n"
        "spark.registerProgressHandler(lambda **facts: 1 / 0)\nspark.range(3).count()"
    )
    assert ran.status == "ok" and "division by zero" in ran.text("stderr")
    kernel.run("%%python\nspark.registerProgressHandler(hear)\nspark.removeProgressHandler(hear)")
    kernel.run("spark.range(3).count()")
    assert kernel.run("%%python\nlen(heard)").result == "0"


def test_a_thread_that_goes_on_has_a_bar_of_its_own(kernel: Session) -> None:
    sent = kernel.client.execute(f"new Thread(() => {{ {SLOW['scala']} }}).start")
    shown: list[dict[str, Any]] = []
    while not (shown and shown[-1][MIME]["over"] and shown[-1][MIME]["jobs"]["done"] == 1):
        message = kernel.client.get_iopub_msg(timeout=60)
        data = message["content"].get("data", {})
        if MIME in data and message["parent_header"]["msg_id"] == sent:
            shown.append(data)
    assert len(shown) >= 2


def test_threads_of_python_s_are_the_cell_s(kernel: Session) -> None:
    ran = kernel.run(
        "%%python\nimport threading, time\n"
        "def nap(n): time.sleep(n); return n\n"
        "def job(): sc.parallelize([0.5] * 8, 8).map(nap).sum()\n"
        "threads = [threading.Thread(target=job) for _ in range(2)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]\n"
    )
    assert ran.status == "ok" and bars(ran)[-1][MIME]["jobs"]["total"] == 2
