"""The variables a front end lists in its debugger side bar, in every kernel, of all languages."""

from __future__ import annotations

import re
from typing import Any

import pytest
from session import Session

pytestmark = [pytest.mark.spark, pytest.mark.r]


def ask(session: Session, command: str, **arguments: Any) -> Any:
    client = session.client
    content = {"type": "request", "seq": 1, "command": command, "arguments": arguments}
    message = client.session.msg("debug_request", content)
    client.control_channel.send(message)
    while True:
        reply = client.control_channel.get_msg(timeout=60)
        if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
            assert reply["content"]["success"], reply["content"]
            return reply["content"].get("body")


def variables(session: Session) -> dict[str, dict[str, Any]]:
    return {v["name"]: v for v in ask(session, "inspectVariables")["variables"]}


def opened(session: Session, variable: dict[str, Any]) -> dict[str, tuple[str, str]]:
    reference = variable["variablesReference"]
    assert reference > 0
    found = ask(session, "variables", variablesReference=reference)["variables"]
    return {v["name"]: (v["value"], v["type"]) for v in found}


def test_a_scala_kernel_lists_all_languages(kernel: Session) -> None:
    ask(kernel, "initialize", clientID="test", adapterID="", pathFormat="path")
    ask(kernel, "attach")
    try:
        for code in (
            'val apples = 3; val box = Map("a" -> Seq(1, 2)); val herd = spark.range(5).toDF("id")',
            "%%python\npears = 'two'; crates = {'x': [1, 2]}; spark",
            "%%r\nplums <- c(1.5, 2.5)",
            "%%sql -o sums\nselect sum(id) total from herd",
        ):
            assert kernel.run(code).status == "ok"
        jobs = kernel.run("sc.statusTracker.getJobIdsForGroup(null).length").result
        found = variables(kernel)
        assert (found["apples"]["value"], found["apples"]["type"]) == ("3", "Int (Scala)")
        assert (found["pears"]["value"], found["pears"]["type"]) == ("'two'", "str (Python)")
        assert found["plums"]["type"].endswith("(R)")
        assert opened(kernel, found["box"]) == {"'a'": ("[1, 2]", "vector")}
        assert opened(kernel, found["crates"])["'x'"][0] == "[1, 2]"
        assert opened(kernel, found["plums"])["1"] == ("2.5", "f8")
        columns = opened(kernel, found["herd"])
        assert columns["id"] == ("bigint", "column") and "first rows" in columns
        assert opened(kernel, found["sums"])["total"] == ("bigint", "column")
        # Until here nothing was computed.
        assert kernel.run("sc.statusTracker.getJobIdsForGroup(null).length").result == jobs
        data = ask(kernel, "richInspectVariables", variableName="herd")["data"]
        assert '<td class="num">4</td>' in data["text/html"]
    finally:
        ask(kernel, "disconnect", restart=False, terminateDebuggee=False)


def test_while_a_cell_runs_nothing_hangs(kernel: Session) -> None:
    kernel.run("val early = 1; val wide = Seq(1, 2, 3)")
    sent = kernel.client.execute("Thread.sleep(3000)")
    found = variables(kernel)
    assert found["early"]["type"] == "Int (Scala)"
    while kernel.client.get_shell_msg(timeout=60)["parent_header"]["msg_id"] != sent:
        pass
    assert opened(kernel, variables(kernel)["wide"])["2"] == ("3", "int")


#: As VS Code's Jupyter extension asks: it looks every name up among the globals.
VSCODE = """%%python
_VSCODE_rwho_ls = %who_ls
print({n: type(globals()[n]).__name__ for n in _VSCODE_rwho_ls})
"""


def test_python_s_lists_have_all_languages(kernel: Session) -> None:
    kernel.run("val pear = 3; val crate = spark.range(5).toDF(); val own = 1; val away = 1")
    kernel.run("%%r\nsack <- data.frame(a = 1:3); wood <- 1:1100000")
    kernel.run("%unshare away")
    ran = kernel.run(VSCODE)
    assert ran.status == "ok", ran.traceback
    for shown in ("'pear': 'int'", "'crate': 'DataFrame'", "'sack': 'DataFrame'"):
        assert shown in ran.text("stdout")
    assert "away" not in ran.text("stdout") and "wood" not in ran.text("stdout")  # too large
    listed = kernel.run("%%python\n%whos").text("stdout")
    assert re.search(r"^crate +DataFrame +Shape: \(\?, 1\)$", listed, re.M), listed
    ran = kernel.run("%%python\nown = 'mine'\n_ = %who_ls\nown")
    assert ran.result == "'mine'"  # not overwritten by what came
    shared = {
        row.split("|")[1].strip(): row for row in kernel.run("%shared").result.split("\n")[4:-2]
    }
    assert "Scala, Python" in shared["pear"] and "Scala" not in shared["own"]
    kernel.run("val pear = 4")
    ran = kernel.run("%%python\nkept = %who_ls int\n('pear' in kept, globals()['pear'])")
    assert ran.result == "(True, 4)"
    kernel.run("%%python\n%reset_selective -f kept")
    assert kernel.run("pear").result == "4"
