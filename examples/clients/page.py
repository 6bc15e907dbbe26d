"""A web page that shows a streaming query of Spark while it runs.

    pip install starlette uvicorn
    python page.py --existing FILE --port 8000

Every browser has a stream of events of its own; all share one client, one kernel, one query.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, StreamingResponse
from starlette.routing import Route

from toree.client import AsyncClient, ClientError

QUERY = """
val stream = spark.readStream.format("rate").option("rowsPerSecond", 20).load()
  .selectExpr("value", "value % 3 as lane")
  .writeStream.format("memory").queryName("ticks").outputMode("append").start()
"""
ROWS = "select lane, count(*) as n, max(value) as last from ticks group by lane order by lane"

PAGE = """<!doctype html>
<meta charset="utf-8"><title>Ticks</title>
<h1>A live Spark query</h1>
<table id="rows"><thead><tr><th>lane<th>rows<th>last</thead><tbody></tbody></table>
<p id="state">waiting</p>
<script>
const rows = document.querySelector("#rows tbody"), state = document.querySelector("#state");
const events = new EventSource("/events");
events.onmessage = event => {
  const found = JSON.parse(event.data);
  rows.replaceChildren(...found.map(row => {
    const line = document.createElement("tr");
    for (const value of [row.lane, row.n, row.last])
      line.appendChild(document.createElement("td")).textContent = value;
    return line;
  }));
  state.textContent = `${found.reduce((sum, row) => sum + row.n, 0)} rows`;
};
events.addEventListener("failed", event => state.textContent = event.data);
events.onerror = () => state.textContent = "the server is gone";
</script>
"""


async def page(request: Request) -> HTMLResponse:
    return HTMLResponse(PAGE)


async def events(request: Request) -> StreamingResponse:
    client: AsyncClient = request.app.state.client

    async def stream() -> AsyncIterator[str]:
        while not await request.is_disconnected():
            try:
                rows = (await client.sql(ROWS)).to_pylist()
                yield f"data: {json.dumps(rows)}\n\n"
            except ClientError as error:
                yield f"event: failed\ndata: {json.dumps(str(error))}\n\n"
            await asyncio.sleep(0.5)

    return StreamingResponse(stream(), media_type="text/event-stream")


def application(existing: str | None) -> Starlette:
    @contextlib.asynccontextmanager
    async def life(app: Starlette) -> AsyncIterator[None]:
        made = AsyncClient.connect(existing) if existing else AsyncClient.start()
        async with await made as client:
            await client.execute(QUERY, language="scala").result()
            app.state.client = client
            try:
                yield
            finally:
                await client.execute("stream.stop()", language="scala").wait()

    return Starlette(routes=[Route("/", page), Route("/events", events)], lifespan=life)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--existing", help="connection file of a kernel")
    parser.add_argument("--port", type=int, default=8000)
    given = parser.parse_args()
    uvicorn.run(
        application(given.existing),
        host="127.0.0.1",
        port=given.port,
        log_level="warning",
        timeout_graceful_shutdown=3,
    )


if __name__ == "__main__":
    main()
