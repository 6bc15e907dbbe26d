"""`toree mcp`: a kernel's names and tables for agents (https://modelcontextprotocol.io).

An agent watches a notebook and must not harm it: what is the notebook's it can only read. A query
stands as a subquery of ours, where SQL's grammar has no place for a statement that changes
something; it runs beside the cells, on the control channel. Cells of an agent run in a private
session of its own (`workbench`). All is cancelled when it takes too long or the agent asks.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError

from ..foreign import Json
from .client import AsyncClient
from .errors import ClientError
from .formats import text
from .workbench import Workbench

ROWS = 100  # a model reads rows word by word: more are of no use to it
SECONDS = 60.0
T = TypeVar("T")
Tool = Callable[..., Awaitable[object]]

INSTRUCTIONS = """\
A running Toree kernel: Scala, Python, SQL and R over one Spark session, which a person uses at the
same time. `names` lists what its languages share, `tables` what Spark's catalog has; both can
stand in a query. Reading changes nothing. Ask for few rows, and aggregate in SQL."""
AND_RUN = """
`run` runs code in a session of your own: the person's variables are not there and yours are not
theirs, but the Spark context is the same one, so never stop it. What stands in `kernel.data` is
common to both. `cancel` stops what you run."""


def server(client: AsyncClient, workbench: Workbench | None = None) -> MCPServer:
    """A server over one client; run it with `run_stdio_async`.

    Args:
        workbench: where agents run cells; they can't without one.
    """
    said = INSTRUCTIONS + (AND_RUN if workbench is not None else "")
    made: MCPServer = MCPServer("toree", instructions=said)

    async def names() -> list[dict[str, str]]:
        """The names that the notebook's languages share: name, language, kind, type, size."""
        return await asked(client.variables())

    async def tables() -> list[Json]:
        """The tables and temporary views of Spark's current database."""
        return await rows_of(client, "show tables")

    async def describe(name: str) -> Json:
        """The columns of a shared name's table, a view or a table, and its first rows."""
        return await asked(head(client, name))

    async def query(select: str, limit: int = ROWS, timeout: float = SECONDS) -> Json:
        """The rows of one SELECT (no other statement); cancelled after `timeout` seconds."""
        limit = max(0, min(limit, ROWS * 10))
        wrapped = f"select * from (\n{bare(select)}\n) limit {limit}"
        return {"rows": await rows_of(client, wrapped, timeout)}

    async def explain(select: str) -> str:
        """How Spark would run a SELECT; nothing runs."""
        wrapped = f"explain formatted select * from (\n{bare(select)}\n)"
        return "\n".join(str(row["plan"]) for row in await rows_of(client, wrapped))

    async def run(code: str, language: str = "python", timeout: float = SECONDS) -> dict[str, str]:
        """Runs a cell (python, scala, sql, r) in your own session; stopped after `timeout` seconds.

        Gives its status ("ok", "error", "cancelled", "timeout"), what it printed, and its value.
        """
        assert workbench is not None
        return await asked(workbench.run(code, language, timeout))

    async def cancel() -> str:
        """Stops the cells that run in your own session; nobody else's."""
        assert workbench is not None
        number = await asked(workbench.cancel())
        return f"{number} stopped"

    reading: tuple[Tool, ...] = (names, tables, describe, query, explain)
    running: tuple[Tool, ...] = (run, cancel) if workbench is not None else ()
    for tool in reading + running:
        made.add_tool(tool)
    return made


def bare(select: str) -> str:
    """A query without the `;` at its end.

    Raises:
        ToolError: it would not stay within the parentheses that keep it from doing harm.
    """
    depth, quote, at = 0, "", 0
    while at < len(select):
        here = select[at]
        if quote:
            if here == "\\" and quote != "`":
                at += 1
            elif here == quote:
                quote = ""
        elif select.startswith(("--", "/*"), at):
            raise ToolError("Leave out the comments.")
        elif here in "'\"`":
            quote = here
        elif here in "()":
            depth += 1 if here == "(" else -1
            if depth < 0:
                raise ToolError("There is a ')' too many.")
        at += 1
    if quote or depth:
        raise ToolError("A quote or a parenthesis is left open.")
    return select.strip().rstrip(";").rstrip()


async def asked(work: Awaitable[T]) -> T:
    """A fault of the kernel's or the query's, as a tool tells it."""
    try:
        return await work
    except ClientError as error:
        raise ToolError(str(error)) from error


async def rows_of(client: AsyncClient, query: str, timeout: float = SECONDS) -> list[Json]:
    return await asked(_within(timeout, lambda: _rows(client, query=query)))


async def head(client: AsyncClient, name: str) -> Json:
    found: Json = {"columns": [], "rows": []}
    async with contextlib.aclosing(client.batches(name, limit=5)) as source:
        async for batch in source:
            if not found["columns"]:
                found["columns"] = [
                    {"name": field.name, "type": str(field.type)} for field in batch.schema
                ]
            found["rows"] += [_plain(row) for row in batch.to_pylist()]
    return found


async def _rows(client: AsyncClient, query: str) -> list[Json]:
    found: list[Json] = []
    async with contextlib.aclosing(client.batches(query=query)) as source:
        async for batch in source:
            found += [_plain(row) for row in batch.to_pylist()]
    return found


async def _within(seconds: float, work: Callable[[], Awaitable[T]]) -> T:
    try:
        return await asyncio.wait_for(work(), seconds)
    except (TimeoutError, asyncio.TimeoutError):
        raise ToolError(f"It took longer than {seconds:g} s and was cancelled.") from None


def _plain(row: Json) -> Json:
    """Values that JSON has; the others as text."""
    kinds = (int, float, str, bool, type(None))
    return {key: value if isinstance(value, kinds) else text(value) for key, value in row.items()}
