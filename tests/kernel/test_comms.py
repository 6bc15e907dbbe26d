"""Comms of Scala's: registered and answered there, opened from there; widgets that drive Spark."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import pytest
from session import Session

pytestmark = pytest.mark.spark


def send(kernel: Session, kind: str, **content: Any) -> None:
    channel = kernel.client.shell_channel
    channel.send(kernel.client.session.msg(kind, content))


def come(kernel: Session, kind: str, comm: str = "") -> dict[str, Any]:
    """The next message of a kind, of a comm."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        message = kernel.client.get_iopub_msg(timeout=60)
        content = message["content"]
        if message["msg_type"] == kind and comm in ("", content.get("comm_id")):
            return dict(content)
    raise AssertionError(f"no {kind}")


def test_the_front_end_opens_one(kernel: Session) -> None:
    ran = kernel.run("""
    kernel.comm.register("adder")
      .addOpenHandler((w, id, target, data) => println(s"opened $target ${data("by")}"))
      .addMsgHandler((w, id, data) =>
        w.writeMsg(Map("sum" -> spark.range(data("to").toString.toLong).count)))
      .addCloseHandler((w, id, data) => println("closed"))
    """)
    assert ran.status == "ok", ran.traceback
    assert kernel.run('kernel.comm.isRegistered("adder")').result == "true"
    comm = uuid.uuid4().hex
    send(kernel, "comm_open", comm_id=comm, target_name="adder", data={"by": "me"})
    assert come(kernel, "stream")["text"] == "opened adder me\n"
    for to in (7, 12):
        send(kernel, "comm_msg", comm_id=comm, data={"to": to})
        assert come(kernel, "comm_msg", comm)["data"] == {"sum": to}
    send(kernel, "comm_msg", comm_id=comm, data={})  # a handler that fails says so
    assert "key not found: to" in come(kernel, "stream")["text"]
    send(kernel, "comm_close", comm_id=comm, data={})
    assert come(kernel, "stream")["text"] == "closed\n"
    kernel.run('kernel.comm.unregister("adder")')
    other = uuid.uuid4().hex
    send(kernel, "comm_open", comm_id=other, target_name="adder", data={})
    come(kernel, "comm_close", other)  # as ipykernel says that there is no such target
    assert kernel.run("6*7").result == "42"


def test_scala_opens_one(kernel: Session) -> None:
    ran = kernel.run("""
    kernel.comm.register("back").addMsgHandler((w, id, data) => {
      w.writeMsg(Map("again" -> data("text"), "list" -> Seq(1, 2)))
      w.close()
    })
    val back = kernel.comm.open("back", Map("hello" -> 1))
    back.writeMsg(Map("first" -> true))
    """)
    opened, first = (m["content"] for m in ran.messages if m["msg_type"].startswith("comm"))
    assert (opened["target_name"], opened["data"]) == ("back", {"hello": 1})
    assert first["data"] == {"first": True}
    send(kernel, "comm_msg", comm_id=opened["comm_id"], data={"text": "ü"})
    assert come(kernel, "comm_msg", opened["comm_id"])["data"] == {"again": "ü", "list": [1, 2]}
    come(kernel, "comm_close", opened["comm_id"])


def test_threads_speak_by_comms_after_their_cell(kernel: Session) -> None:
    ran = kernel.run("""
    val early = kernel.comm.open("early", Map("hello" -> 1))
    val go = new java.util.concurrent.CountDownLatch(1)
    val shown = kernel.display.html("before")
    new Thread(() => {
      go.await()
      early.writeMsg(Map("rows" -> spark.range(4).count))
      kernel.comm.open("later").close()
      shown.update("after, " + scala.util.Try(kernel.ask("name? ")).isFailure)
    }).start
    """)
    comm = next(m["content"] for m in ran.messages if m["msg_type"] == "comm_open")["comm_id"]
    assert kernel.run("6*7").result == "42"  # that cell is over
    kernel.client.execute("go.countDown()")
    assert come(kernel, "comm_msg", comm)["data"] == {"rows": 4}
    assert come(kernel, "comm_open")["target_name"] == "later"
    assert come(kernel, "update_display_data")["data"] == {"text/html": "after, true"}


def test_sparkmonitor_s_extension_hears_of_jobs(kernel: Session) -> None:
    first, comm = uuid.uuid4().hex, uuid.uuid4().hex
    for each in (first, comm):  # the extension opens two, and draws what comes by either
        send(kernel, "comm_open", comm_id=each, target_name="SparkMonitor", data={})
        assert come(kernel, "comm_msg", each)["data"] == {"msgtype": "commopen"}
    send(kernel, "comm_close", comm_id=first, data={})
    kernel.client.execute("sc.parallelize(1 to 3, 3).map(_ => 1).sum")
    heard: dict[str, Any] = {}
    while "sparkJobEnd" not in heard or heard["sparkJobEnd"]["jobId"] != heard.get("job"):
        data = come(kernel, "comm_msg", comm)["data"]
        assert data["msgtype"] == "fromscala"
        message = json.loads(data["msg"])
        heard[message["msgtype"]] = message
        if message["msgtype"] == "sparkJobStart":
            heard["job"] = message["jobId"]
    start = heard["sparkJobStart"]
    (stage,) = start["stageIds"]
    assert start["numTasks"] == 3 and start["stageInfos"][str(stage)]["numTasks"] == 3
    assert heard["sparkApplicationStart"]["appId"] == start["appId"]
    assert heard["sparkTaskStart"]["launchTime"] <= heard["sparkTaskEnd"]["finishTime"]
    done = heard["sparkStageCompleted"]
    assert (done["stageId"], done["numCompletedTasks"], done["status"]) == (stage, 3, "COMPLETED")
    assert heard["sparkJobEnd"]["status"] == "COMPLETED"
    send(kernel, "comm_close", comm_id=comm, data={})


def test_a_widget_of_python_s_drives_scala_and_sql(kernel: Session) -> None:
    pytest.importorskip("ipywidgets")
    ran = kernel.run("""%%python
import ipywidgets
slider = ipywidgets.IntSlider(3)
def moved(change):
    kernel.data["limit"] = change["new"]
    get_ipython().run_cell_magic("sql", "-o chosen", "select * from range(:limit)")
    get_ipython().run_cell_magic("scala", "", 'println(s"scala has ${chosen.count}")')
slider.observe(moved, "value")
print(slider.comm.comm_id)
""")
    assert ran.status == "ok", ran.traceback
    comm = ran.text("stdout").strip()
    for value in (5, 8):
        update = {"method": "update", "state": {"value": value}, "buffer_paths": []}
        send(kernel, "comm_msg", comm_id=comm, data=update)
        text = ""
        while "scala has" not in text:
            text += come(kernel, "stream")["text"]
        assert f"scala has {value}" in text
