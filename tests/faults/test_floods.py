"""Too much of everything: cut with a note or answered, and the front's memory stays bounded."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
from jupyter_client import BlockingKernelClient
from session import Session
from victim import READY, stopped

pytestmark = pytest.mark.spark

#: How much a flood may add to the front's memory.
ROOM = 400 * 2**20


@pytest.fixture(autouse=True)
def memory_is_bounded(kernel: Session, measured: dict[str, float], request: Any) -> Iterator[None]:
    assert kernel.run("6*7").result == "42"
    front = psutil.Process(kernel.pid)
    before, peak, over = front.memory_info().rss, [0], threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            peak[0] = max(peak[0], front.memory_info().rss)

    thread = threading.Thread(target=watch)
    thread.start()
    yield
    over.set()
    thread.join()
    measured[f"MB more in the front, {request.node.name}"] = (peak[0] - before) / 2**20
    assert peak[0] - before < ROOM
    assert kernel.run("6*7").result == "42"
    assert kernel.run("%%python\n6*7").result == "42"


def cut(ran: Any) -> bool:
    assert ran.status == "ok"
    return (
        "output cut" in ran.text("stderr") + ran.text("stdout")[-100:]
        and len(ran.text("stdout")) < 40 * 2**20
    )


def test_a_gigabyte_printed_by_scala(kernel: Session) -> None:
    code = 'val line = "x" * 99999; for (_ <- 1 to 10000) println(line)'
    assert cut(kernel.run(code, timeout=250))


def test_a_gigabyte_printed_by_python(kernel: Session) -> None:
    # Each line is a text of its own: one that is kept by anybody stays in memory.
    code = "%%python\nfor n in range(1000): print(str(n % 10) * 999999)"
    assert cut(kernel.run(code, timeout=250))


@pytest.mark.r
def test_much_printed_by_r(kernel: Session) -> None:
    code = '%%r\nline <- strrep("x", 99999)\nfor (i in 1:1000) cat(line, "\\n")'
    assert cut(kernel.run(code, timeout=250))


def test_a_line_of_fifty_megabytes(kernel: Session) -> None:
    assert cut(kernel.run('println("y" * 50000000)'))
    assert cut(kernel.run("%%python\nprint('y' * 50000000)"))


def test_results_of_a_million_elements(kernel: Session) -> None:
    for code in (
        "(1 to 1000000).toList",
        "Array.fill(1000000)(7)",
        '"z" * 50000000',
        "%%python\nlist(range(1000000))",
        "%%sql\nselect collect_list(id) as ids from range(1000000)",
    ):
        ran = kernel.run(code)
        assert ran.status == "ok", code
        assert len(str(ran.result)) < 40 * 2**20, code


def test_a_to_string_without_end(kernel: Session) -> None:
    code = (
        "class Endless { override def toString: String = "
        f'{{ println("{READY}"); while (true) {{}}; "" }} }}\nnew Endless'
    )
    ran, _ = stopped(kernel, code)
    assert ran.status == "error"


def test_a_thousand_queued_cells(kernel: Session) -> None:
    sent = [kernel.client.execute(f"val q = {i}; println(q)") for i in range(1000)]
    for message in sent:
        assert kernel._reply(message, 250)["content"]["status"] == "ok"
    assert kernel.run("q").result == "999"


def test_twenty_clients_at_once(kernel: Session) -> None:
    """Each gets the replies to its own cells, in the order it sent them."""
    failures: list[Any] = []

    def client(number: int) -> None:
        # A ZeroMQ context of its own: the manager's is not for use by many threads.
        mine = BlockingKernelClient(connection_file=kernel.manager.connection_file)
        mine.load_connection_file()
        mine.start_channels()
        try:
            mine.wait_for_ready(timeout=120)
            sent = [
                mine.execute(
                    f"{number} * 1000 + {i}" if i % 2 else f"%%python\n{number} * 1000 + {i}"
                )
                for i in range(5)
            ]
            left = set(sent)
            results: dict[str, str] = {}
            while left:
                reply = mine.get_shell_msg(timeout=200)
                if reply["msg_type"] == "execute_reply":
                    assert reply["parent_header"]["msg_id"] in left
                    left.remove(reply["parent_header"]["msg_id"])
            while len(results) < 5:
                message = mine.get_iopub_msg(timeout=200)
                if message["msg_type"] == "execute_result":
                    parent = message["parent_header"]["msg_id"]
                    if parent in sent:
                        results[parent] = message["content"]["data"]["text/plain"]
            assert [results[m] for m in sent] == [str(number * 1000 + i) for i in range(5)]
        except BaseException as error:
            failures.append((number, error))
        finally:
            mine.stop_channels()

    threads = [threading.Thread(target=client, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(250)
    assert failures == []


def test_a_flood_of_comms(kernel: Session) -> None:
    """Messages of comms nobody knows, thousands of them, between two cells."""
    session, channel = kernel.client.session, kernel.client.shell_channel
    for i in range(3000):
        content = {"comm_id": f"nobody-{i}", "target_name": "nobody", "data": {"i": i}}
        channel.send(session.msg("comm_open" if i % 2 else "comm_msg", content))
    assert kernel.run("6*7", timeout=120).result == "42"
