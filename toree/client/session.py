"""A private session of a kernel: a workspace of its own, used over the client's connection."""

from __future__ import annotations

import asyncio
import contextlib
import types
from collections.abc import Sequence

from ..foreign import Json
from . import data
from .asking import Asking, Inbox
from .cells import AsyncCells
from .connection import Connection
from .errors import ClientError
from .messages import Channel

_OFTEN = 60.0  # seconds after which the kernel is told at the latest that a session is used


class Branch(Asking):
    """A connection as a private session uses it: its requests go to the session's workspace."""

    def __init__(self, connection: Connection, name: str, subshell: str) -> None:
        self._connection = connection
        self._name = name
        self._subshell = subshell
        self.transport = connection.transport

    @property
    def info(self) -> Json:
        return self._connection.info

    def ask(
        self,
        channel: Channel,
        kind: str,
        content: Json,
        inbox: Inbox | None = None,
        *,
        buffers: Sequence[object] = (),
        parent: object = None,
        subshell: str | None = None,
    ) -> str:
        if kind == "toree_request":
            content = {"session": self._name, **content}
        return self._connection.ask(
            channel,
            kind,
            content,
            inbox,
            buffers=buffers,
            parent=parent,
            subshell=self._subshell if channel == "shell" else None,
        )

    def forget(self, identity: str) -> None:
        self._connection.forget(identity)


class AsyncSession(AsyncCells):
    """A private session; leave it with `async with`, `end` ends it for everybody.

    What is left stays for the time it was given: a client that comes again by the same name finds
    it as it was.
    """

    def __init__(self, connection: Connection, name: str, subshell: str, keep: float) -> None:
        """Use `AsyncClient.session`."""
        super().__init__(Branch(connection, name, subshell))
        self.name = name
        self._using = asyncio.create_task(self._use(keep))

    @classmethod
    async def of(cls, connection: Connection, name: str, keep: float | None) -> AsyncSession:
        content = {"op": "session", "name": name, "keep": keep}
        said = (await data.ask(connection, content)).content
        return cls(connection, name, said["subshell"], said["keep"])

    async def _use(self, keep: float) -> None:
        """Tells the kernel that somebody is there."""
        with contextlib.suppress(ClientError):
            while True:
                await asyncio.sleep(min(_OFTEN, keep / 3))
                await data.ask(self._asking, {"op": "use", "name": self.name})

    async def __aenter__(self) -> AsyncSession:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Leaves it to itself. May be called twice."""
        self._using.cancel()
        await asyncio.gather(self._using, return_exceptions=True)

    async def end(self) -> None:
        """Ends it with all it has: names, Spark session, R process; what runs is stopped.

        Raises:
            RequestFailed: it has ended already.
        """
        await self.close()
        await data.ask(self._asking, {"op": "end", "name": self.name})

    async def interrupt(self) -> None:
        """Stops what this object has sent to the session, and what waits there."""
        for execution in list(self._pending):
            if not execution.done:
                await execution.cancel()
