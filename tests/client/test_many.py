"""Many clients and sessions of one kernel at once: nothing is lost, nothing goes astray."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lines import file_of, run
from session import Session as Notebook

from toree.client import AsyncClient

pytestmark = pytest.mark.spark

SLOW = "sc.parallelize(1 to {0}, {0}).map {{ n => Thread.sleep(400); n }}.count()"


@pytest.fixture(scope="module")
def spark_kernel(specs: Path) -> Iterator[Notebook]:
    """One whose first cells are these tests'."""
    with Notebook("toree_scala") as notebook:
        yield notebook


def test_progress_of_long_jobs(spark_kernel: Notebook) -> None:
    """Tasks done and in all, of each execution its own, while it runs and to the end.

    Of cells that come before Spark is there, too.
    """

    async def body() -> None:
        async with (
            await AsyncClient.connect(file_of(spark_kernel)) as one,
            await AsyncClient.connect(file_of(spark_kernel)) as two,
            await two.session("progress") as session,
        ):
            places: list[tuple[Any, int]] = [(one, 9), (session, 7)]
            running, told = [], []
            for place, tasks in places:
                code = SLOW.format(tasks)
                execution = place.execute(code, language="scala", timeout=120)
                facts: list[Any] = []
                execution.on_progress(lambda event, facts=facts: facts.append(event.facts))
                running.append(execution)
                told.append(facts)
            for execution, facts, (_, tasks) in zip(running, told, places, strict=True):
                assert (await execution.result()).text == str(tasks)
                done = [fact["tasks"]["done"] for fact in facts]
                assert {fact["tasks"]["total"] for fact in facts} == {tasks}
                assert done == sorted(done) and len(set(done[:-1])) > 0, facts
                assert any(0 < number < tasks for number in done)
                assert done[-1] == tasks and facts[-1]["over"]
                assert not any(fact["over"] for fact in facts[:-1])
                late: list[Any] = []
                execution.on_progress(lambda event, late=late: late.append(event.facts))
                assert late == facts
            await session.end()

    run(body())


CELLS = {
    "scala": "println({0}); {0} * 2",
    "python": "print({0}); {0} * 2",
    "sql": "select {0} * 2 v",
    "query": "",
}


def test_clients_of_all_kinds(spark_kernel: Notebook) -> None:
    """Three share a workspace, four have sessions; two of those run long cells meanwhile.

    `benchmarks/crowd.py` is the same with 20 for a minute.
    """
    file = file_of(spark_kernel)
    seconds = 5.0

    async def turns(place: Any, number: int, until: float) -> int:
        loop, count = asyncio.get_running_loop(), 0
        for count, language in enumerate(itertools.cycle(CELLS)):
            if loop.time() > until:
                break
            mark = 1000 * number + count
            if language == "query":
                assert (await place.sql("select :n n", n=mark)).to_pydict() == {"n": [mark]}
                continue
            execution = place.execute(CELLS[language].format(mark), language=language, timeout=120)
            assert str(mark * 2) in (await execution.result()).text
            printed = [o["text"] for o in execution.outputs if o["output_type"] == "stream"]
            assert printed == ([] if language == "sql" else [f"{mark}\n"]), execution.outputs
        return count

    async def long(place: Any, code: str, language: str, seconds: float) -> None:
        execution = place.execute(code, language=language, timeout=120)
        await asyncio.sleep(seconds)
        assert not execution.done
        await execution.cancel()
        await execution.wait()

    async def body() -> None:
        clients = [await AsyncClient.connect(file) for _ in range(7)]
        sessions = [await client.session(f"many-{n}") for n, client in enumerate(clients[3:])]
        try:
            until = asyncio.get_running_loop().time() + seconds
            places: list[Any] = [*clients[:3], *sessions[:2]]
            counts = await asyncio.gather(
                *(turns(place, n + 1, until) for n, place in enumerate(places)),
                long(sessions[2], "while (true) {}", "scala", seconds),
                long(sessions[3], "while True: pass", "python", seconds),
            )
            assert all(count > 0 for count in counts if count is not None), counts
        finally:
            await asyncio.gather(*(session.end() for session in sessions))
            await asyncio.gather(*(client.close() for client in clients))

    run(body(), 280)
