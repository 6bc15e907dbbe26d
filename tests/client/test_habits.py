"""What programs do that nobody had in mind: after the end, in loops of others, with odd values."""

from __future__ import annotations

import asyncio
import sys
import threading

import pytest
from lines import file_of
from session import Session

from toree.client import AsyncClient, Client, ConnectionLost, ExecutionError, Stream


def test_after_the_client_was_left(python_kernel: Session) -> None:
    """What has come is there; what would need the kernel is refused in a sentence."""
    with pytest.raises(KeyError), Client.connect(file_of(python_kernel)) as client:
        done = client.execute("print('out'); 42")
        failed = client.execute("1 / 0")
        failed.wait()
        waiting = client.execute("import time; time.sleep(0.2)")
        raise KeyError
    assert done.result().text == "42" and next(iter(done)) == Stream("stdout", "out\n")
    assert [output["output_type"] for output in done.outputs] == ["stream", "execute_result"]
    told: list[object] = []
    done.on_result(lambda result: told.append(result.text))
    failed.on_error(lambda error: told.append(type(error)))
    assert told == ["42", ExecutionError]
    for call in (
        waiting.result,
        lambda: client.execute("1"),
        lambda: client.fetch("x"),
        client.info,
        lambda: client.session("late"),
    ):
        with pytest.raises(ConnectionLost, match="closed"):
            call()
    client.close()


def test_loops_of_others(python_kernel: Session) -> None:
    """A notebook's thread has a running loop; `asyncio.run` a second time has another one."""

    async def plain() -> str:
        with Client.connect(file_of(python_kernel)) as client:
            return client.execute("1 + 1").result().text

    assert asyncio.run(plain()) == "2"

    async def made() -> AsyncClient:
        return await AsyncClient.connect(file_of(python_kernel))

    async def used(client: AsyncClient) -> None:
        client.execute("1")

    with pytest.raises(ConnectionLost, match="another event loop"):
        asyncio.run(used(asyncio.run(made())))


def test_odd_values_and_callbacks(python_kernel: Session) -> None:
    with Client.connect(file_of(python_kernel)) as client:
        for code in (None, b"1", 5):
            with pytest.raises(TypeError, match="code is a text"):
                client.execute(code)  # type: ignore[arg-type]
        for limit in (-1, "x"):
            with pytest.raises(ValueError, match="number of rows"):
                client.fetch("x", limit=limit)  # type: ignore[arg-type]
        told, heard = [], threading.Event()
        execution = client.execute("'value'")
        execution.on_result(lambda _: sys.exit(3))  # ends no thread
        execution.on_result(lambda result: (told.append(result.text), heard.set()))
        assert execution.result().text == "'value'"
        assert heard.wait(30) and told == ["'value'"]
