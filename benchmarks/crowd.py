"""Short cells of 1 to 20 clients at once, mixed languages, while others run long ones.

    .venv/bin/python benchmarks/crowd.py [--seconds 60] [--clients 1 2 5 10 20] [--shared]

Each client has a private session (`--shared`: all use the one workspace) and sends short cells
without a pause: Scala, Python, SQL, and queries beside the cells. Two more sessions run long ones:
one Spark job after the other that takes all cores, and a loop in Scala. Every answer is checked,
and all that is printed. Prints median and slowest twentieth of each kind in milliseconds, and what
came wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import statistics
import time
from collections import defaultdict
from typing import Any

from toree.client import AsyncClient, ClientError

CELLS = {
    "python": "print({0}); {0} * 2",
    "scala": "println({0}); {0} * 2",
    "sql": "select {0} * 2 v",
    "query": "",
}
JOBS = (
    "while (true) sc.parallelize(1 to 64, 64)"
    ".map(n => (1 to 20000000).foldLeft(n)((a, b) => a * 31 + b)).count()"
)
LOOP = "while (true) {}"
Times = dict[str, list[float]]


async def turns(place: Any, number: int, until: float, times: Times, faults: list[str]) -> None:
    for count, language in enumerate(itertools.cycle(CELLS)):
        if time.monotonic() > until:
            return
        mark = 100_000 * number + count
        begun = time.perf_counter()
        try:
            if language == "query":
                found = (await place.sql("select :n n", n=mark)).to_pydict()
                right = found == {"n": [mark]}
            else:
                cell = place.execute(CELLS[language].format(mark), language=language, timeout=300)
                value = (await cell.result()).text
                printed = "".join(o.get("text", "") for o in cell.outputs)
                right = str(mark * 2) in value
                right = right and printed == ("" if language == "sql" else f"{mark}\n")
            if not right:
                faults.append(f"{language} {mark}")
        except ClientError as error:
            faults.append(f"{language} {mark}: {error}")
        times[language].append(time.perf_counter() - begun)


async def crowd(clients: list[AsyncClient], seconds: float, shared: bool) -> None:
    number = len(clients)
    places: list[Any] = list(clients)
    sessions = []
    if not shared:
        places = sessions = [await c.session(f"crowd-{n}") for n, c in enumerate(clients)]
    times: Times = defaultdict(list)
    faults: list[str] = []
    for _ in range(2):  # the first cells of a session make its REPL
        work = (turns(p, n, time.monotonic() + 8, times, faults) for n, p in enumerate(places))
        await asyncio.gather(*work)
    times.clear()
    until = time.monotonic() + seconds
    await asyncio.gather(*(turns(p, n, until, times, faults) for n, p in enumerate(places)))
    row = [f"{number:>7}", f"{sum(map(len, times.values())):>6}", f"{len(faults):>6}"]
    for language in CELLS:
        found = times[language]
        slow = statistics.quantiles(found, n=20)[-1] if len(found) > 1 else found[0]
        row.append(f"{statistics.median(found) * 1e3:6.0f} /{slow * 1e3:6.0f}")
    print("   ".join(row), *faults[:3], flush=True)
    await asyncio.gather(*(session.end() for session in sessions))


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, nargs="*", default=[1, 2, 5, 10, 20])
    parser.add_argument("--shared", action="store_true")
    parser.add_argument("--quiet", action="store_true", help="no long cells beside them")
    parser.add_argument("--spark-opts", default="")
    given = parser.parse_args()
    owner = await AsyncClient.start("toree_scala", spark_opts=given.spark_opts, timeout=300)
    async with owner:
        long = []
        for number, code in enumerate(() if given.quiet else (JOBS, LOOP)):
            session = await owner.session(f"long-{number}")
            long.append(session.execute(f'println("begun"); {code}', language="scala"))
            async for _ in long[-1]:
                break
        print("clients    cells   wrong   " + "   ".join(f"{name:>14}" for name in CELLS))
        clients = [await AsyncClient.connect(owner.address) for _ in range(max(given.clients))]
        for number in given.clients:
            await crowd(clients[:number], given.seconds, given.shared)
        for execution in long:
            assert not execution.done
            await execution.cancel()
            await execution.wait()
        for client in clients:
            await client.close()


if __name__ == "__main__":
    asyncio.run(main())
