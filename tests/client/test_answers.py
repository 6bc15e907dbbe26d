"""What cells ask of their clients: each gets its own answer."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from lines import Connect, file_of, run
from session import Session as Notebook

from toree.client import (
    AsyncClient,
    ExecutionError,
)


def test_input(connect: Connect) -> None:
    async def later(prompt: str, password: bool) -> str:
        await asyncio.sleep(0.01)
        return f"{prompt}{password}"

    async def body() -> None:
        async with await connect() as client:
            asked = client.execute("input('who? ')", on_input=lambda prompt, _: prompt + "me")
            assert (await asked.result()).text == "'who? me'"
            asked = client.execute("import getpass; getpass.getpass('key')", on_input=later)
            assert (await asked.result()).text == "'keyTrue'"
            with pytest.raises(ExecutionError, match="StdinNotImplementedError"):
                await client.execute("input()").result()

            def end(prompt: str, password: bool) -> str:
                raise EOFError

            with pytest.raises(ExecutionError, match="EOFError"):
                await client.execute("input()", on_input=end).result()

    run(body())


def test_two_clients_that_answer_one_question(connect: Connect) -> None:
    async def body() -> None:
        async with await connect() as client, await connect() as other:
            asked = asyncio.Event()
            answer = asyncio.Event()

            async def slow(prompt: str, password: bool) -> str:
                asked.set()
                await answer.wait()
                return "right"

            execution = client.execute("input('?')", on_input=slow)
            await asyncio.wait_for(asked.wait(), 30)
            other._connection.ask("stdin", "input_reply", {"status": "ok", "value": "wrong"})
            await asyncio.sleep(0.3)
            assert not execution.done
            answer.set()
            assert (await execution.result()).text == "'right'"
            again = client.execute("input('?')", on_input=lambda prompt, _: "again")
            assert (await again.result()).text == "'again'"

    run(body())


def test_two_questions_at_once(python_kernel: Notebook) -> None:
    """Each gets its own answer: in two sessions of one client, of two, in any order."""

    async def body() -> None:
        file = file_of(python_kernel)
        async with await AsyncClient.connect(file) as one, await AsyncClient.connect(file) as two:
            sessions = [await one.session("asks-1"), await one.session("asks-2")]
            sessions.append(await two.session("asks-3"))
            await _each_its_own([one, *sessions])
            for session in sessions:
                await session.end()

    run(body())


async def _each_its_own(places: list[Any]) -> None:
    asked: list[str] = []
    all_asked = asyncio.Event()

    async def answer(prompt: str, password: bool) -> str:
        asked.append(prompt)
        if len(asked) == len(places):
            all_asked.set()
        await all_asked.wait()
        await asyncio.sleep(0.05 * (len(places) - int(prompt)))  # the last one first
        return prompt * 2

    code = "[input('{0}'), input('{0}')]"
    running = [
        place.execute(code.format(number), on_input=answer, timeout=60)
        for number, place in enumerate(places)
    ]
    for number, execution in enumerate(running):
        assert (await execution.result()).text == str([str(number) * 2] * 2)


def test_an_answer_that_comes_too_late(python_kernel: Notebook) -> None:
    """It is not the next question's."""

    async def body() -> None:
        async with await AsyncClient.connect(file_of(python_kernel)) as client:
            asked, answer = asyncio.Event(), asyncio.Event()

            async def slow(prompt: str, password: bool) -> str:
                asked.set()
                await answer.wait()
                return "old"

            first = client.execute("input('?')", on_input=slow)
            await asyncio.wait_for(asked.wait(), 30)
            await first.cancel()
            await first.wait()

            async def new(prompt: str, password: bool) -> str:
                answer.set()
                await asyncio.sleep(0.3)
                return "new"

            assert (await client.execute("input('?')", on_input=new).result()).text == "'new'"

    run(body())
