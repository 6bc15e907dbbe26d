"""The line to a kernel through a Jupyter server or Kernel Gateway: WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
import urllib.parse
from collections.abc import Mapping, Sequence

from jupyter_client.session import Session
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.typing import Subprotocol

from ..foreign import Json
from . import framing
from .errors import ClientError, ConnectionLost, KernelGone
from .messages import Channel, Message, State, Transport
from .server import Server

PULSE = 5.0  # seconds between two looks at the server's list
_STATES: dict[str, State] = {"idle": "idle", "busy": "busy", "dead": "gone"}


class WebSocket(Transport):
    """To one kernel of a server. The server knows us by our session's id: it keeps what comes
    for us while the line is down."""

    def __init__(self, server: Server, kernel: str, *, own: bool, v1: bool = True) -> None:
        """
        Args:
            own: the kernel was started for us; `close` ends it.
            v1: offer the newer framing. A server that lacks it takes the older one.
        """
        super().__init__(Session(key=b""))  # signing is between server and kernel
        self.server = server
        self.kernel = kernel
        self._own = own
        self._protocols = [Subprotocol(framing.V1)] if v1 else None
        self._line: ClientConnection | None = None
        self._gone: KernelGone | None = None
        self._watching: asyncio.Task[None] | None = None

    @classmethod
    async def to(
        cls,
        url: str,
        *,
        token: str | None = None,
        kernel: str | None = None,
        env: Mapping[str, str] | None = None,
    ) -> WebSocket:
        """To a kernel by its id, to one that is started by its spec's name, or to the only one.

        Raises:
            Refused, ConnectionLost: the server does not let us, or is not there.
        """
        server = Server(url, token)
        identity, own = await server.choose(kernel, env)
        return cls(server, identity, own=own)

    @property
    def address(self) -> str:
        return self.server.url

    async def open(self) -> None:
        if self._line is not None:
            await self._line.close()
        address = self.server.channels(self.kernel, self.session.session)
        try:
            self._line = await connect(
                address,
                subprotocols=self._protocols,
                additional_headers=self.server.headers,
                compression=None,  # Arrow's bytes hardly shrink, and it costs more than the line
                max_size=None,
                open_timeout=60,
                ping_timeout=60,
                close_timeout=2,
            )
        except InvalidStatus as error:
            path = urllib.parse.urlsplit(address).path
            raise self.server.refusal(error.response.status_code, path) from None
        except (OSError, InvalidHandshake, TimeoutError) as error:
            raise ConnectionLost(f"{self.server.url} can't be reached: {error}") from error
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        """Asks for the kernel now and then: a server keeps the line when its kernel has ended."""
        while True:
            await asyncio.sleep(PULSE)
            try:
                await self.server.kernel(self.kernel)
            except KernelGone as error:
                self._gone = error
                if self._line is not None:
                    await self._line.close()
                return
            except ClientError:
                continue  # the line's own trouble is seen on the line

    @property
    def _v1(self) -> bool:
        return self._line is not None and self._line.subprotocol == framing.V1

    async def send(self, channel: Channel, message: Json, buffers: Sequence[object] = ()) -> None:
        if self._line is None:
            raise ConnectionLost("The client has been closed.")
        pack = framing.pack_v1 if self._v1 else framing.pack_default
        try:
            await self._line.send(pack(self.session, channel, message, buffers))
        except ConnectionClosed as error:
            raise self._broken(error) from error

    async def receive(self) -> Message:
        while True:
            if self._line is None:
                raise ConnectionLost("The client has been closed.")
            try:
                data = await self._line.recv()
            except ConnectionClosed as error:
                raise self._broken(error) from error
            try:
                if self._v1 and isinstance(data, bytes):
                    return framing.unpack_v1(self.session, data)
                return framing.unpack_default(self.session, data)
            except (ValueError, KeyError):
                continue  # not Jupyter's: nobody waits for it

    def _broken(self, error: ConnectionClosed) -> ClientError:
        return self._gone or ConnectionLost(f"The connection to {self.server.url} broke: {error}")

    async def state(self) -> State:
        row = await self.server.kernel(self.kernel)
        return _STATES.get(row.get("execution_state", ""), "starting")

    async def interrupt(self) -> None:
        await self.server.interrupt(self.kernel)

    async def shutdown(self) -> None:
        await self.server.stop(self.kernel)
        self._own = False

    async def close(self) -> None:
        line, self._line = self._line, None
        watching, self._watching = self._watching, None
        if watching is not None:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        if line is not None:
            await line.close()
        if self._own:
            self._own = False
            with contextlib.suppress(ClientError):  # the kernel or the server is gone already
                await self.server.stop(self.kernel)
