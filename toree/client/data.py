"""Tables from and to the kernel: Arrow in the buffers of messages on the control channel.

That channel is answered while cells run, only to who asked, and a Jupyter server does not limit
it as it does outputs. The client pulls: the kernel makes no more than was asked for.

Every buffer is an Arrow IPC stream of its own, so that it can be read alone and where it lies.
"""

from __future__ import annotations

import asyncio
import base64
import collections
import contextlib
import datetime as dt
import decimal
import uuid
from collections.abc import AsyncGenerator

from ..foreign import ArrowData, Facts, Json, JsonValue
from .asking import Asking
from .errors import ClientError, RequestFailed, ResultTooLarge, Unsupported
from .messages import Message

#: Requests for batches that are under way at a time: the next is made while one travels.
WINDOW = 3
#: A part of what is sent to the kernel. Jupyter servers take messages up to 10 MB.
PART = 4 << 20


async def ask(connection: Asking, content: Json, *buffers: object) -> Message:
    """A request of Toree's own kind.

    Raises:
        RequestFailed: the kernel could not do it.
        Unsupported: it is not Toree.
    """
    if connection.info.get("implementation") != "toree":
        name = connection.info.get("implementation", "unknown")
        raise Unsupported(f"This kernel ({name}) is not Toree: it has no such request.")
    reply = await connection.request("control", "toree_request", content, buffers=buffers)
    said = reply.content
    if said.get("status") != "ok":
        raise RequestFailed(
            said.get("ename", "Error"), said.get("evalue", ""), said.get("traceback", ())
        )
    return reply


async def batches(connection: Asking, what: Facts) -> AsyncGenerator[ArrowData, None]:
    """The record batches of a table, as they come. The first is empty and has the schema.

    Args:
        what: which table: `{"name": ..., "limit": ...}` or `{"sql": ..., "parameters": ...}`.
    """
    opened = await ask(connection, {"op": "open", **what})
    stream = opened.content["stream"]
    waiting: collections.deque[asyncio.Task[Message]] = collections.deque()
    ended = False
    try:
        for batch in _read(opened):
            yield batch
        while True:
            while len(waiting) < WINDOW and not ended:
                following = ask(connection, {"op": "next", "stream": stream})
                waiting.append(asyncio.ensure_future(following))
            reply = await waiting.popleft()
            for batch in _read(reply):
                yield batch
            if reply.content["end"]:
                ended = True
                return
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        if not ended:
            with contextlib.suppress(ClientError):  # it forgets by itself what nobody asks for
                await ask(connection, {"op": "close", "stream": stream})


async def table(connection: Asking, what: Facts, max_bytes: int) -> ArrowData:
    """A whole table.

    Raises:
        ResultTooLarge: it has more bytes than `max_bytes`.
    """
    import pyarrow as pa

    parts, size = [], 0
    async with contextlib.aclosing(batches(connection, what)) as source:
        async for batch in source:
            parts.append(batch)
            size += batch.nbytes
            if size > max_bytes:
                raise ResultTooLarge(
                    f"The table has more than {max_bytes:,} bytes. Ask for fewer rows (limit=), "
                    "read it in pieces (batches), or allow more (max_bytes=)."
                )
    return pa.Table.from_batches([part for part in parts if part.num_rows] or parts[:1])


def _read(message: Message) -> list[object]:
    import pyarrow as pa

    found: list[object] = []
    for buffer in message.buffers:
        with pa.ipc.open_stream(pa.py_buffer(buffer)) as reader:
            read = list(reader)
            found += read or [pa.RecordBatch.from_pylist([], schema=reader.schema)]
    return found


def parameters(given: Facts) -> Json:
    """A query's parameters as messages carry them: what JSON lacks, as text with its type.

    Raises:
        TypeError: a value can be no parameter.
    """
    return {name: _parameter(name, value) for name, value in given.items()}


def _parameter(name: str, value: object) -> JsonValue:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case dt.datetime():
            kind = "timestamp_ntz" if value.tzinfo is None else "timestamp"
            return {"type": kind, "value": value.isoformat()}
        case dt.date():
            return {"type": "date", "value": value.isoformat()}
        case decimal.Decimal():
            return {"type": "decimal", "value": str(value)}
        case bytes():
            return {"type": "binary", "value": base64.b64encode(value).decode()}
    if hasattr(value, "item"):  # numpy's and pyarrow's scalars
        return _parameter(name, value.item())
    raise TypeError(f"parameter {name}: a {type(value).__name__} can't be one")


async def put(connection: Asking, name: str, value: object) -> None:
    """Makes a table a shared name of the kernel's.

    Raises:
        TypeError: it is no table.
    """
    import pyarrow as pa

    flavor = "arrow"
    if isinstance(value, pa.RecordBatch):
        value = pa.Table.from_batches([value])
    elif not isinstance(value, pa.Table):
        if not (type(value).__module__.startswith("pandas") and hasattr(value, "columns")):
            raise TypeError(f"{type(value).__name__} is no pyarrow Table and no pandas DataFrame")
        value, flavor = pa.Table.from_pandas(value), "pandas"
    upload = uuid.uuid4().hex
    pending: set[asyncio.Task[Message]] = set()
    start = {"op": "put", "upload": upload, "name": name}
    number = 0
    for part in _parts(value):
        content = {**start, "number": number}
        pending.add(asyncio.ensure_future(ask(connection, content, part)))
        number += 1
        if len(pending) >= WINDOW:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
    for finished in asyncio.as_completed(pending):
        await finished
    await ask(connection, {**start, "op": "share", "parts": number, "flavor": flavor})


def _parts(value: ArrowData) -> ArrowData:
    """The bytes of an IPC stream, in pieces that a server takes."""
    import pyarrow as pa

    rows = max(1, int(PART * value.num_rows / max(1, value.nbytes)))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, value.schema) as writer:
        writer.write_table(value, max_chunksize=rows)
    whole = sink.getvalue()
    for start in range(0, whole.size, PART):
        yield memoryview(whole)[start : start + PART]
