"""An asynchronous dashboard: many questions to one kernel at a time, each line as it is answered.

    python dashboard.py --existing FILE --rounds 3

A long cell runs meanwhile; queries go beside it, and it is cancelled at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import time

from toree.client import AsyncClient, ExecutionAborted, RequestFailed

PANELS = {
    "rows": "select count(*) from numbers",
    "even": "select count(*) from numbers where n % 2 = 0",
    "largest": "select max(n) from numbers",
    "broken": "select nothing_like_it from numbers",
}


async def panel(client: AsyncClient, name: str, query: str) -> None:
    begun = time.perf_counter()
    try:
        table = await client.sql(query)
        said = str(table.column(0)[0].as_py())
    except RequestFailed as error:
        said = error.evalue.splitlines()[0][:60]
    print(f"{name:<8} {said}  ({time.perf_counter() - begun:.2f} s)", flush=True)


async def long_cell(client: AsyncClient) -> None:
    """Cells of the same kernel stand in line; queries do not."""
    execution = client.execute("println(1); while (true) {}", language="scala")
    try:
        async for _ in execution:
            await asyncio.Event().wait()
    finally:
        await execution.cancel()
        try:
            await execution.result()
        except ExecutionAborted:
            print("the long cell has been stopped")


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--existing", help="connection file of a kernel")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    made = AsyncClient.connect(given.existing) if given.existing else AsyncClient.start()
    async with await made as client, await AsyncClient.connect(client.address) as other:
        await client.execute('val numbers = spark.range(1000).toDF("n")', language="scala").result()
        background = asyncio.create_task(long_cell(other))
        try:
            for number in range(given.rounds):
                print(f"round {number + 1}")
                await asyncio.gather(*(panel(client, *row) for row in PANELS.items()))
        finally:
            background.cancel()
            await asyncio.wait([background])


if __name__ == "__main__":
    asyncio.run(main())
