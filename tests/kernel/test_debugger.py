"""JupyterLab's debugger in Python cells (debug_request of the Jupyter protocol)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from session import Session

CODE = "def f(x):\n    y = x + 1\n    return y\nf(3)"


def test_a_breakpoint_stops_and_goes_on(specs: Path, tmp_path: Path) -> None:
    env = {**os.environ, "SPARK_HOME": str(tmp_path)}  # no JVM is needed here
    with Session("toree_pyspark", env=env) as session:
        client = session.client

        def ask(command: str, **arguments: Any) -> Any:
            content = {"type": "request", "seq": 1, "command": command, "arguments": arguments}
            message = client.session.msg("debug_request", content)
            client.control_channel.send(message)
            while True:
                reply = client.control_channel.get_msg(timeout=30)
                if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                    assert reply["content"]["success"], reply["content"]
                    return reply["content"].get("body")

        ask("initialize", clientID="test", adapterID="", pathFormat="path")
        ask("attach")
        path = ask("dumpCell", code=CODE)["sourcePath"]
        ask("setBreakpoints", breakpoints=[{"line": 2}], source={"path": path})
        ask("configurationDone")

        def go_on(message: dict[str, Any]) -> None:
            content = message["content"]
            if message["msg_type"] == "debug_event" and content["event"] == "stopped":
                thread = content["body"]["threadId"]
                frames = ask("stackTrace", threadId=thread)["stackFrames"]
                assert [frame["name"] for frame in frames[:2]] == ["f", "<module>"]
                stopped.append(thread)
                ask("continue", threadId=thread)

        stopped: list[int] = []
        # While a cell stands at a breakpoint, its events have it as no parent: look at them all.
        sent = client.execute(CODE)
        while True:
            message = client.get_iopub_msg(timeout=60)
            go_on(message)
            if message["parent_header"].get("msg_id") == sent and (
                message["content"].get("execution_state") == "idle"
            ):
                break
            if message["msg_type"] == "execute_result":
                assert message["content"]["data"]["text/plain"] == "4"
        assert len(stopped) == 1
