"""What clients cost: a short cell's time with 1 to 20 clients, and tables against toArrow().

python benchmarks/clients.py [--url URL --token T --kernel ID | --existing FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time

from toree.client import AsyncClient

CELLS = {"python": "1 + 1", "scala": "1 + 1", "sql": "select 1"}
TABLE = (
    "big = spark.range(1_000_000).selectExpr('id', 'id * 2 a', 'cast(id as double) b',"
    " 'id % 7 c', 'cast(id as string) s')"
)
TO_ARROW = "import time\nt = time.perf_counter()\n_ = big.toArrow()\ntime.perf_counter() - t"


async def turns(client: AsyncClient, language: str, count: int, times: list[float]) -> None:
    for _ in range(count):
        begun = time.perf_counter()
        if language == "query":
            await client.sql("select 1")
        else:
            await client.execute(CELLS[language], language=language).result()
        times.append(time.perf_counter() - begun)


async def latency(given: argparse.Namespace, clients: list[AsyncClient]) -> None:
    print("clients   " + "   ".join(f"{name:>15}" for name in (*CELLS, "query")))
    for number in given.clients:
        cells = []
        for language in (*CELLS, "query"):
            times: list[float] = []
            count = max(3, given.turns // number)
            await asyncio.gather(*(turns(c, language, count, times) for c in clients[:number]))
            slow = statistics.quantiles(times, n=20)[-1]
            cells.append(f"{statistics.median(times) * 1e3:6.0f} /{slow * 1e3:5.0f} ms")
        print(f"{number:>7}   " + "   ".join(f"{cell:>15}" for cell in cells), flush=True)


async def tables(client: AsyncClient, turns: int) -> None:
    await client.execute(TABLE, language="python").result()
    for _ in range(turns):
        inside = float((await client.execute(TO_ARROW, language="python").result()).text)
        begun = time.perf_counter()
        table = await client.fetch("big")
        took = time.perf_counter() - begun
        print(
            f"1M x 5 ({table.nbytes / 1e6:.0f} MB): toArrow {inside:.2f} s, fetch {took:.2f} s, "
            f"{took / inside:.2f}x",
            flush=True,
        )


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--existing")
    parser.add_argument("--url")
    parser.add_argument("--token")
    parser.add_argument("--kernel")
    parser.add_argument("--turns", type=int, default=60)
    parser.add_argument("--clients", type=int, nargs="*", default=[1, 2, 5, 10, 20])
    given = parser.parse_args()
    options = {"token": given.token, "kernel": given.kernel} if given.url else {}
    target = given.url or given.existing
    owner = None if target else await AsyncClient.start("toree_scala")
    target = target or owner.address
    clients = [await AsyncClient.connect(target, **options) for _ in range(max(given.clients))]
    try:
        for language in (*CELLS, "query"):  # warm
            await turns(clients[0], language, 5, [])
        await latency(given, clients)
        await tables(clients[0], 6)
    finally:
        for client in clients:
            await client.close()
        if owner is not None:
            await owner.close()


if __name__ == "__main__":
    asyncio.run(main())
