"""Cells of a client: values, events, stopping, many at a time; over ZeroMQ and both servers."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import nbformat
import pytest
from lines import Connect, run

from toree.client import (
    AsyncClient,
    ExecutionAborted,
    ExecutionError,
    ExecutionTimeout,
    Result,
    Stream,
    UnknownLanguage,
)


def test_values_outputs_and_errors(connect: Connect) -> None:
    async def body() -> None:
        async with await connect() as client:
            assert (await client.execute("6 * 7").result()).text == "42"
            nothing = await client.execute("x = 5").result()
            assert not nothing and nothing.text == ""
            execution = client.execute(
                "import sys\nprint('a'); print('b', file=sys.stderr)\n"
                "display({'text/html': '<b>', 'text/plain': 'c'}, raw=True)\n[x]"
            )
            assert str(await execution.result()) == "[5]"
            kinds = [output["output_type"] for output in execution.outputs]
            assert sorted(kinds) == ["display_data", "execute_result", "stream", "stream"]
            for output in execution.outputs:
                nbformat.validate(output, "output", version=4, version_minor=5)
            with pytest.raises(ExecutionError) as caught:
                await client.execute("1 / 0").result()
            assert caught.value.ename == "ZeroDivisionError"
            assert "division by zero" in caught.value.report and "\x1b" not in caught.value.report

    run(body())


def test_events_also_for_who_comes_late(connect: Connect) -> None:
    async def body() -> None:
        async with await connect() as client:
            execution = client.execute("for i in range(3): print(i)\n'end'")
            texts = [event.text async for event in execution if isinstance(event, Stream)]
            assert "".join(texts) == "0\n1\n2\n"
            told: list[Any] = []
            execution.on_stream(lambda event: told.append(event.text))
            execution.on_result(lambda value: told.append(value.text))
            execution.on_error(told.append)
            assert told == [*texts, "'end'"]
            failed = client.execute("raise ValueError('no')")
            await failed.wait()
            failed.on_error(told.append)
            assert isinstance(told[-1], ExecutionError) and told[-1].evalue == "no"
            assert [type(event) async for event in execution][-1] is Result

    run(body())


def test_progress_is_no_value_and_no_display(connect: Connect) -> None:
    async def body() -> None:
        async with await connect() as client:
            execution = client.execute(
                "kind = 'application/vnd.toree.progress+json'\n"
                "bar = {kind: {'over': False}, 'text/plain': '[=  ]'}\n"
                "display(bar, raw=True, display_id='bar')\n"
                "display({**bar, kind: {'over': True}}, raw=True, display_id='bar', update=True);"
            )
            told: list[Any] = []
            execution.on_progress(lambda event: told.append(event.facts["over"]))
            execution.on_display(told.append)
            assert not await execution.result()
            assert told == [False, True]
            [output] = execution.outputs
            assert output["data"]["application/vnd.toree.progress+json"] == {"over": True}

    run(body())


def test_a_callback_that_fails_stops_nothing(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    async def body() -> None:
        async with await connect() as client:
            execution = client.execute("print(1); 2")
            execution.on_stream(lambda event: 1 / 0)
            assert (await execution.result()).text == "2"

    run(body())
    assert "A callback failed" in caplog.text


def test_many_at_once_over_one_line_and_over_many(connect: Connect) -> None:
    async def body() -> None:
        clients = [await connect() for _ in range(4)]
        try:

            async def one(number: int) -> None:
                client = clients[number % len(clients)]
                execution = client.execute(f"print('out', {number}); {number} * {number}")
                assert (await execution.result()).text == str(number * number)
                printed = [o["text"] for o in execution.outputs if o["output_type"] == "stream"]
                assert printed == [f"out {number}\n"]

            await asyncio.gather(*(one(number) for number in range(60)))
        finally:
            for client in clients:
                await client.close()

    run(body())


def test_stopping_only_what_is_meant(connect: Connect) -> None:
    async def body() -> None:
        async with await connect() as client, await connect() as other:
            running = client.execute("import time; print('begun')\ntime.sleep(60)")
            async for _ in running:
                break
            queued = client.execute("never = True")
            stays = client.execute("'mine'")
            theirs = other.execute("'theirs'")
            await asyncio.sleep(0.3)
            await queued.cancel()
            await running.cancel()
            with pytest.raises(ExecutionAborted, match="KeyboardInterrupt"):
                await running.result()
            with pytest.raises(ExecutionAborted, match="did not begin"):
                await queued.result()
            assert (await stays.result()).text == "'mine'"
            assert (await theirs.result()).text == "'theirs'"
            assert (await client.execute("'never' in globals()").result()).text == "False"
            await running.cancel()  # it has ended: nothing happens, to nobody
            assert (await client.execute("1").result()).text == "1"

    run(body())


def test_a_short_cell_is_never_stopped_for_another(connect: Connect) -> None:
    """Cancelling as a cell ends must not hit the one behind it."""

    async def body() -> None:
        async with await connect() as client:
            for number in range(15):
                first = client.execute(f"import time; time.sleep({0.001 * number})")
                second = client.execute(f"sum(range(1000)); {number}")
                await asyncio.sleep(0.001 * number)
                await first.cancel()
                assert (await second.result()).text == str(number)

    run(body())


def test_too_late(connect: Connect) -> None:
    async def body() -> None:
        async with await connect() as client:
            with pytest.raises(ExecutionTimeout, match=r"longer than 0\.3 s"):
                await client.execute("time.sleep(60)", timeout=0.3).result()
            begun = time.monotonic()
            assert (await client.execute("'free'", timeout=60).result()).text == "'free'"
            assert time.monotonic() - begun < 30

    run(body())


def test_the_failed_cell_of_another_client(connect: Connect) -> None:
    """A notebook's error empties the whole queue; who did not ask for that is run all the same."""

    async def body() -> None:
        async with await connect() as client, await connect() as other:
            bad = other.execute("import time; time.sleep(0.5); 1 / 0", stop_on_error=True)
            await asyncio.sleep(0.1)
            others = [client.execute(f"{number}") for number in range(5)]
            behind = other.execute("'dropped'", stop_on_error=True)
            with pytest.raises(ExecutionError):
                await bad.result()
            assert [(await one.result()).text for one in others] == list("01234")
            with pytest.raises(ExecutionAborted):
                await behind.result()

    run(body())


def test_completion_inspection_and_what_the_kernel_is(connect: Connect) -> None:
    async def body() -> None:
        async with await connect() as client:
            await client.execute("import math").result()
            matches = (await client.complete("math.sq"))["matches"]
            assert [name for name in matches if name.endswith("sqrt")]
            assert "square root" in (await client.inspect("math.sqrt"))["text/plain"]
            assert await client.inspect("nothing_like_it") == {}
            info = await client.info()
            assert info["implementation"] == "toree"
            assert "sql" in info["toree"]["languages"]
            with pytest.raises(UnknownLanguage, match=r"no language 'cobol'.*scala"):
                client.execute("1", language="cobol")
            with pytest.raises(UnknownLanguage):
                client.execute("1", language="python\n%%sql")
            assert (await client.execute("1", language="python").result()).text == "1"

    run(body())


def test_the_stop_button(connect: Connect) -> None:
    async def body(client: AsyncClient) -> None:
        async with client:
            execution = client.execute("print('begun'); time.sleep(60)")
            async for _ in execution:
                break
            await client.interrupt()
            with pytest.raises(ExecutionError, match="KeyboardInterrupt"):
                await execution.result()

    async def both() -> None:
        await body(await connect())

    run(both())
