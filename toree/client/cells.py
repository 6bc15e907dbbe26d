"""Cells, names and tables: what a client and a private session of its have in common."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from ..foreign import Facts, Json
from . import data
from .asking import Asking
from .errors import RequestFailed, UnknownLanguage
from .execution import Answer, AsyncExecution

if TYPE_CHECKING:
    import pyarrow as pa

#: What `fetch` and `sql` hold at most, bytes, unless they are told.
MAX_BYTES = 2 << 30
_WORD = re.compile(r"[A-Za-z]\w*\Z")


class AsyncCells:
    """What is asked of one workspace of a kernel."""

    def __init__(self, connection: Asking) -> None:
        self._asking = connection
        self._pending: set[AsyncExecution] = set()

    # ---------------------------------------------------------------- cells

    def execute(
        self,
        code: str,
        *,
        language: str | None = None,
        timeout: float | None = None,
        on_input: Answer | None = None,
        silent: bool = False,
        store_history: bool = True,
        stop_on_error: bool = False,
    ) -> AsyncExecution:
        """Sends a cell. Cells run in the order they are sent, one after the other.

        Args:
            language: "scala", "python", "sql", "r"; default: the kernel's own.
            timeout: seconds, after which it is cancelled.
            on_input: answers `input()`, given the prompt and whether it is a password's.
            stop_on_error: whether cells sent behind it are dropped when it fails.
        """
        if not isinstance(code, str):
            raise TypeError(f"code is a text, not a {type(code).__name__}")
        if language is not None:
            self._check(language)
            code = f"%%{language}\n{code}"
        content = {
            "code": code,
            "silent": silent,
            "store_history": store_history,
            "user_expressions": {},
            "allow_stdin": on_input is not None,
            "stop_on_error": stop_on_error,
        }
        execution = AsyncExecution(self._asking, content, timeout=timeout, on_input=on_input)
        self._pending = {one for one in self._pending if not one.done} | {execution}
        return execution

    def _check(self, language: str) -> None:
        known = self._asking.info.get("toree", {}).get("languages")
        names = [name.lower() for name in known or ()]
        if not _WORD.match(str(language)) or (known and language.lower() not in names):
            said = f" It has {', '.join(sorted(names))}." if names else ""
            raise UnknownLanguage(f"The kernel has no language {language!r}.{said}")

    async def complete(self, code: str, cursor: int | None = None) -> Json:
        """Completions at the cursor, a position in code points; default: the end."""
        at = len(code) if cursor is None else cursor
        return await self._shell("complete_request", {"code": code, "cursor_pos": at})

    async def inspect(self, code: str, cursor: int | None = None, detail: int = 0) -> Json:
        """What is known of the name at the cursor, as a MIME bundle; empty where nothing is."""
        at = len(code) if cursor is None else cursor
        content = {"code": code, "cursor_pos": at, "detail_level": detail}
        reply = await self._shell("inspect_request", content)
        found: Json = reply.get("data") or {}
        return found

    async def _shell(self, kind: str, content: Json) -> Json:
        reply = dict((await self._asking.request("shell", kind, content)).content)
        if reply.get("status") == "error":
            raise RequestFailed(reply.get("ename", "Error"), reply.get("evalue", ""))
        return reply

    # ---------------------------------------------------------------- names and tables

    async def variables(self) -> list[dict[str, str]]:
        """The names that languages share: name, language, kind, type, size, and why one can't."""
        reply = await data.ask(self._asking, {"op": "variables"})
        found: list[dict[str, str]] = reply.content["variables"]
        return found

    async def fetch(
        self,
        name: str,
        *,
        limit: int | None = None,
        max_bytes: int = MAX_BYTES,
        now: bool = False,
    ) -> pa.Table:
        """The table of that name: a DataFrame or local table of any language, a view, a table.

        Args:
            limit: only so many rows.
            max_bytes: what this process is to hold at most.
            now: do not wait for the cells this client has sent before.

        Raises:
            RequestFailed: there is no such table, or its query failed.
            ResultTooLarge: it has more than `max_bytes`.
        """
        what = {"name": name, "limit": _rows(limit)}
        await self._settled(now)
        return await data.table(self._asking, what, max_bytes)

    async def batches(
        self,
        name: str = "",
        *,
        query: str = "",
        parameters: Facts | None = None,
        limit: int | None = None,
        now: bool = False,
    ) -> AsyncGenerator[pa.RecordBatch, None]:
        """The rows of a table, or of a query, in pieces: for what is not to be held whole.

        The first has no rows and says what the columns are. Those that follow are made as they
        are asked for.
        """
        what: Json = {"name": name, "limit": _rows(limit)}
        await self._settled(now)
        if query:
            what = {"sql": query, "parameters": data.parameters(parameters or {})}
        async with contextlib.aclosing(data.batches(self._asking, what)) as source:
            async for batch in source:
                yield batch

    async def sql(self, query: str, /, **parameters: object) -> pa.Table:
        """The rows of a query, in which `:name` stands for a parameter.

        It runs beside the cells, not behind them; but what this client sent before ends first.

        Raises:
            RequestFailed: the query failed.
        """
        await self._settled(False)
        what = {"sql": query, "parameters": data.parameters(parameters)}
        return await data.table(self._asking, what, MAX_BYTES)

    async def put(self, name: str, table: object) -> None:
        """Makes a pyarrow Table or a pandas DataFrame a name of all the kernel's languages."""
        await self._settled(False)
        await data.put(self._asking, name, table)

    async def _settled(self, now: bool) -> None:
        """A client's own order holds: what it sent before has ended, well or not."""
        for execution in () if now else list(self._pending):
            await execution.wait()


def _rows(limit: int | None) -> int | None:
    if limit is not None and (not isinstance(limit, int) or limit < 0):
        raise ValueError(f"limit is a number of rows, not {limit!r}")
    return limit
