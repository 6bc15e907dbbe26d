"""The client: cells, names and tables of one kernel. `Client` is the same without `await`."""

from __future__ import annotations

import os
import re
import types
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from ..foreign import Json
from .cells import AsyncCells
from .connection import Connection
from .errors import KernelGone
from .messages import Transport
from .session import AsyncSession
from .zeromq import ZeroMQ

C = TypeVar("C", bound="AsyncClient")


class AsyncClient(AsyncCells):
    """A client of one kernel, for programs with an event loop. Leave it with `async with`.

    async with await AsyncClient.start("toree_scala") as client:
        execution = client.execute("spark.range(10).count()")
        print(await execution.result())
    """

    def __init__(self, connection: Connection) -> None:
        """Use `start` or `connect`."""
        super().__init__(connection)
        self._connection = connection

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
        """Ends the kernel, for all its clients; one that has ended already stays so."""
        if isinstance(self._connection.failure, KernelGone):
            return
        await self._connection.transport.shutdown()

    async def interrupt(self) -> None:
        """The stop button: stops what runs, whoever sent it. See `Execution.cancel`."""
        await self._connection.transport.interrupt()

    async def info(self) -> Json:
        """What the kernel says of itself (Jupyter's kernel_info_reply)."""
        reply = await self._connection.request("control", "kernel_info_request", {})
        return dict(reply.content)

    async def session(self, name: str, *, keep: float | None = None) -> AsyncSession:
        """The private session of a name, a new one where there is none: a workspace with names, a
        Spark session and a queue of cells of its own, over the same Spark context.

        Args:
            keep: seconds the kernel keeps it when no client uses it; default: the kernel's.

        Raises:
            RequestFailed: it can be no name, or the kernel has no private sessions.
        """
        return await AsyncSession.of(self._connection, name, keep)
