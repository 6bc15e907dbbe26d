"""Private sessions of one kernel: what is in one is not in another, and none waits for another."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from lines import LIGHT, file_of, text, until
from session import Session as Notebook

from toree.client import Client, ExecutionError, RequestFailed, Session, Stream


@pytest.fixture(scope="module")
def notebook(specs: object) -> Iterator[Notebook]:
    """A Python kernel without a JVM, and a notebook on it."""
    with Notebook("toree_pyspark", env=LIGHT) as notebook:
        yield notebook


@pytest.fixture(scope="module")
def client(notebook: Notebook) -> Iterator[Client]:
    with Client.connect(file_of(notebook)) as client:
        yield client


@pytest.fixture
def pair(client: Client) -> Iterator[tuple[Session, Session]]:
    one, two = client.session("one"), client.session("two")
    yield one, two
    for session in (one, two):
        session.end()


def test_names_and_numbers_are_its_own(client: Client, pair: tuple[Session, Session]) -> None:
    one, two = pair
    text(client, "x = 'all'")
    text(one, "x = 1; _secret = 2; import math as m\nclass C: pass")
    assert text(two, "sorted(n for n in globals() if n in ('x', '_secret', 'm', 'C'))") == "[]"
    text(two, "x = 2")
    assert [text(cells, "x") for cells in (client, one, two)] == ["'all'", "1", "2"]
    assert text(one, "Out[max(Out)], _") == "(1, 1)"
    assert text(one, "import pickle; pickle.loads(pickle.dumps(m.pi)) == m.pi") == "True"
    assert {row["name"] for row in one.variables()} >= {"x"}
    assert all(row["type"] != "str" for row in one.variables() if row["name"] == "x")
    with pytest.raises(ExecutionError, match="_secret"):
        text(two, "_secret")


def test_a_session_is_found_by_its_name(client: Client, notebook: Notebook) -> None:
    with client.session("kept") as first:
        text(first, "here = 1")
    with Client.connect(file_of(notebook)) as other, other.session("kept") as again:
        assert text(again, "here") == "1"
        again.end()
    with client.session("kept") as new, pytest.raises(ExecutionError, match="here"):
        text(new, "here")
    new.end()
    with pytest.raises(RequestFailed, match="no session"):
        new.end()
    for name in ("main", "a b", "", "../x"):
        with pytest.raises(RequestFailed, match="can't be the name"):
            client.session(name)


def test_none_waits_for_another(client: Client, pair: tuple[Session, Session]) -> None:
    one, two = pair
    endless = one.execute("print('begun')\nwhile True: pass")
    assert next(iter(endless)) == Stream("stdout", "begun\n")
    assert text(two, "1 + 1") == "2"
    assert text(client, "2 + 1") == "3"
    also = two.execute("import time\nprint('x')\nwhile True: time.sleep(0.01)")
    next(iter(also))
    endless.cancel()
    with pytest.raises(ExecutionError) as stopped:
        endless.result()
    assert stopped.value.ename == "KeyboardInterrupt"
    assert not also.done  # an interrupt is for one
    assert text(one, "'alive'") == "'alive'"
    two.interrupt()
    with pytest.raises(ExecutionError):
        also.result()
    assert text(two, "'alive'") == "'alive'"


def test_what_awaits_is_stopped(pair: tuple[Session, Session]) -> None:
    one, _ = pair
    waiting = one.execute("import asyncio\nprint('x')\nawait asyncio.sleep(600)")
    next(iter(waiting))
    waiting.cancel()
    with pytest.raises(ExecutionError) as stopped:
        waiting.result()
    assert stopped.value.ename == "KeyboardInterrupt"
    assert text(one, "1") == "1"


def test_outputs_go_to_who_asked(client: Client, pair: tuple[Session, Session]) -> None:
    code = (
        "import time, IPython.display\n"
        "for n in range(60):\n"
        "    print(f'{who}{n}'); time.sleep(0.01)\n"
        "    if n % 20 == 0: display({'text/plain': who}, raw=True)\n"
        "    if n % 20 == 1: IPython.display.display({'text/plain': who}, raw=True)\n"
        "who * 2"
    )
    all_of_them = {"a": client, "b": pair[0], "c": pair[1]}
    running = {
        who: cells.execute(f"who = {who!r}\n{code}", timeout=60)
        for who, cells in all_of_them.items()
    }
    for who, execution in running.items():
        assert execution.result().text == repr(who * 2)
        printed = "".join(e.text for e in execution if isinstance(e, Stream))
        assert printed == "".join(f"{who}{n}\n" for n in range(60))
        shown = [o["data"]["text/plain"] for o in execution.outputs if "data" in o]
        assert shown == [who] * 6 + [repr(who * 2)]


def test_what_nobody_uses_goes(client: Client) -> None:
    session = client.session("short", keep=1.5)
    text(session, "x = 1")
    time.sleep(3)  # it is used, as long as it is open
    assert text(session, "x") == "1"
    session.close()
    until(lambda: "short" not in text(client, "%session").split() and _ended(client))
    with pytest.raises(ExecutionError):
        text(session, "x")


def _ended(client: Client) -> bool:
    (shown := client.execute("%session")).wait()
    return "short" not in str(shown.outputs)


def test_a_notebook_enters_one(notebook: Notebook, client: Client) -> None:
    notebook.run("where = 'main'")
    sent = [
        notebook.client.execute(code)
        for code in ("%session mine", "'where' in globals()", "where = 'mine'", "%session")
    ]
    replies = {}
    while len(replies) < len(sent):  # all sent at once, as Run All does
        reply = notebook.client.get_shell_msg(timeout=60)
        replies[reply["parent_header"]["msg_id"]] = reply["content"]["status"]
    assert [replies[one] for one in sent] == ["ok"] * 4
    assert notebook.run("where").result == "'mine'"
    assert text(client, "where") == "'main'"
    assert "whe" in str(notebook.complete("whe|")["matches"])
    listed = notebook.run("%session").text("stdout").splitlines()
    assert {"* mine", "  main"} <= set(listed)
    # The stop button is the notebook's.
    began = time.monotonic()
    stop = {"sent": False}

    def press(message: dict[str, Any]) -> None:
        if message["msg_type"] == "stream" and not stop["sent"]:
            stop["sent"] = True
            notebook.manager.interrupt_kernel()

    ran = notebook.run("print('x', flush=True)\nwhile True: pass", timeout=60, during=press)
    assert ran.status == "error" and ran.reply["ename"] == "KeyboardInterrupt"
    assert time.monotonic() - began < 50
    assert notebook.run("where").result == "'mine'"
    assert notebook.run("%session main").status == "ok"
    assert notebook.run("where").result == "'main'"
    assert notebook.run("%session --end mine").status == "ok"
    assert notebook.run("%session --end mine").status == "error"


def test_every_client_can_have_its_own(specs: object) -> None:
    environment = {**LIGHT, "TOREE_OPTS": "--sessions=private --session-timeout=3"}
    with Notebook("toree_pyspark", env=environment) as notebook:
        assert notebook.run("x = 1\nx").result == "1"
        with Client.connect(file_of(notebook)) as client:
            assert text(client, "'x' in globals()") == "False"
        assert notebook.run("x").result == "1"
        until(lambda: len(notebook.run("%session").text("stdout").split("client-")) == 2)
        time.sleep(5)  # it has been away for too long
        assert notebook.run("'x' in globals()").result == "False"
