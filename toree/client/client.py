"""The client: cells, names and tables of one kernel. `Client` is the same without `await`."""

from __future__ import annotations

import contextlib
import os
import re
import types
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from . import data
from .connection import Connection
from .errors import RequestFailed, UnknownLanguage
from .execution import Answer, AsyncExecution
from .messages import Transport
from .zeromq import ZeroMQ

if TYPE_CHECKING:
    import pyarrow as pa

#: What `fetch` and `sql` hold at most, bytes, unless they are told.
MAX_BYTES = 2 << 30
_WORD = re.compile(r"[A-Za-z]\w*\Z")
C = TypeVar("C", bound="AsyncClient")


class AsyncClient:
    """A client of one kernel, for programs with an event loop. Leave it with `async with`.

    async with await AsyncClient.start("toree_scala") as client:
        execution = client.execute("spark.range(10).count()")
        print(await execution.result())
    """

    def __init__(self, connection: Connection) -> None:
        """Use `start` or `connect`."""
        self._connection = connection
        self._pending: set[AsyncExecution] = set()

    # ---------------------------------------------------------------- coming and going

    @classmethod
    async def start(
        cls: type[C],
        kernel: str = "toree_scala",
        *,
        spark_opts: str = "",
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        timeout: float = 120,
    ) -> C:
        """Starts a kernel on this machine; leaving the client ends it.

        Args:
            kernel: the name of an installed kernel spec.
            spark_opts: options of spark-submit, such as `--master local[4]`.
            env: variables of the kernel's environment, beside this process's own.

        Raises:
            Refused: there is no such kernel.
            KernelGone: it ended at once.
        """
        variables = {**os.environ, **(env or {})}
        if spark_opts:
            variables["SPARK_OPTS"] = spark_opts
        return await cls._to(await ZeroMQ.started(kernel, env=variables, cwd=cwd), timeout)

    @classmethod
    async def connect(
        cls: type[C],
        target: str | Path,
        *,
        token: str | None = None,
        kernel: str | None = None,
        spark_opts: str = "",
        timeout: float = 60,
    ) -> C:
        """Joins a kernel that runs, by its connection file or through a Jupyter server.

        Args:
            target: the path of a connection file, or the address of a server (http...).
            token: the server's token; it may stand in the address.
            kernel: which of the server's kernels: the id of one that runs, or a kernel spec's
                name to start one, which leaving the client ends. Default: the only one.

        Raises:
            Refused: a wrong key or token, no such file or kernel.
            ConnectionLost: the server can't be reached.
        """
        address = str(target)
        if not re.match(r"https?://", address):
            return await cls._to(ZeroMQ.connected(address), timeout)
        from .websocket import WebSocket

        env = {"SPARK_OPTS": spark_opts} if spark_opts else None
        line = await WebSocket.to(address, token=token, kernel=kernel, env=env)
        return await cls._to(line, timeout)

    @classmethod
    async def _to(cls: type[C], transport: Transport, timeout: float) -> C:
        connection = Connection(transport)
        await connection.open(timeout)
        return cls(connection)

    async def __aenter__(self: C) -> C:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def address(self) -> str:
        """The kernel's connection file, or the address of its server: for `connect` elsewhere."""
        return self._connection.transport.address

    async def close(self) -> None:
        """Leaves the kernel, and ends it if this client has started it. May be called twice."""
        await self._connection.close()

    async def shutdown(self) -> None:
        """Ends the kernel, for all its clients."""
        await self._connection.transport.shutdown()

    async def interrupt(self) -> None:
        """The stop button: stops what runs, whoever sent it. See `Execution.cancel`."""
        await self._connection.transport.interrupt()

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
        execution = AsyncExecution(self._connection, content, timeout=timeout, on_input=on_input)
        self._pending = {one for one in self._pending if not one.done} | {execution}
        return execution

    def _check(self, language: str) -> None:
        known = self._connection.info.get("toree", {}).get("languages")
        names = [name.lower() for name in known or ()]
        if not _WORD.match(language) or (known and language.lower() not in names):
            said = f" It has {', '.join(sorted(names))}." if names else ""
            raise UnknownLanguage(f"The kernel has no language {language!r}.{said}")

    async def complete(self, code: str, cursor: int | None = None) -> dict[str, Any]:
        """Completions at the cursor, a position in code points; default: the end."""
        at = len(code) if cursor is None else cursor
        return await self._shell("complete_request", {"code": code, "cursor_pos": at})

    async def inspect(
        self, code: str, cursor: int | None = None, detail: int = 0
    ) -> dict[str, Any]:
        """What is known of the name at the cursor, as a MIME bundle; empty where nothing is."""
        at = len(code) if cursor is None else cursor
        content = {"code": code, "cursor_pos": at, "detail_level": detail}
        reply = await self._shell("inspect_request", content)
        found: dict[str, Any] = reply.get("data") or {}
        return found

    async def _shell(self, kind: str, content: dict[str, Any]) -> dict[str, Any]:
        reply = dict((await self._connection.request("shell", kind, content)).content)
        if reply.get("status") == "error":
            raise RequestFailed(reply.get("ename", "Error"), reply.get("evalue", ""))
        return reply

    async def info(self) -> dict[str, Any]:
        """What the kernel says of itself (Jupyter's kernel_info_reply)."""
        reply = await self._connection.request("control", "kernel_info_request", {})
        return dict(reply.content)

    # ---------------------------------------------------------------- names and tables

    async def variables(self) -> list[dict[str, str]]:
        """The names that languages share: name, language, kind, type, size, and why one can't."""
        reply = await data.ask(self._connection, {"op": "variables"})
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
        await self._settled(now)
        return await data.table(self._connection, {"name": name, "limit": limit}, max_bytes)

    async def batches(
        self,
        name: str = "",
        *,
        query: str = "",
        parameters: Mapping[str, Any] | None = None,
        limit: int | None = None,
        now: bool = False,
    ) -> AsyncGenerator[pa.RecordBatch, None]:
        """The rows of a table, or of a query, in pieces: for what is not to be held whole.

        The first has no rows and says what the columns are. Those that follow are made as they
        are asked for.
        """
        await self._settled(now)
        what: dict[str, Any] = {"name": name, "limit": limit}
        if query:
            what = {"sql": query, "parameters": data.parameters(parameters or {})}
        async with contextlib.aclosing(data.batches(self._connection, what)) as source:
            async for batch in source:
                yield batch

    async def sql(self, query: str, /, **parameters: Any) -> pa.Table:
        """The rows of a query, in which `:name` stands for a parameter.

        It runs beside the cells, not behind them; but what this client sent before ends first.

        Raises:
            RequestFailed: the query failed.
        """
        await self._settled(False)
        what = {"sql": query, "parameters": data.parameters(parameters)}
        return await data.table(self._connection, what, MAX_BYTES)

    async def put(self, name: str, table: Any) -> None:
        """Makes a pyarrow Table or a pandas DataFrame a name of all the kernel's languages."""
        await self._settled(False)
        await data.put(self._connection, name, table)

    async def _settled(self, now: bool) -> None:
        """A client's own order holds: what it sent before has ended, well or not."""
        for execution in () if now else list(self._pending):
            await execution.wait()
