"""The line to a kernel by its connection file: ZeroMQ, signed, encrypted where the file says so."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import NoSuchKernel
from jupyter_client.manager import AsyncKernelManager

from ..foreign import Json
from .errors import ClientError, ConnectionLost, KernelGone, Refused
from .messages import CHANNELS, Channel, Message, State, Transport

#: Seconds without a heartbeat after which a kernel that others started counts as dead. It answers
#: from a thread of its own without Python's lock, but the machine may be swapping.
SILENCE = 6.0
_WAITING = 256  # messages read and not yet taken: beyond, ZeroMQ keeps them


class ZeroMQ(Transport):
    """To the kernel that a manager of ours started, or to one that others did."""

    def __init__(
        self, client: AsyncKernelClient, manager: AsyncKernelManager | None = None
    ) -> None:
        super().__init__(client.session)
        self._client = client
        self._manager = manager
        self._inbound: asyncio.Queue[Message | ClientError] = asyncio.Queue(_WAITING)
        self._tasks: list[asyncio.Task[None]] = []
        self._gone: ClientError | None = None

    @classmethod
    def connected(cls, connection_file: str | Path) -> ZeroMQ:
        """To the kernel of a connection file.

        Raises:
            Refused: there is no such file, or something else is in it.
        """
        path = Path(connection_file).expanduser()
        client = AsyncKernelClient(connection_file=str(path))
        try:
            info = json.loads(path.read_text(encoding="utf-8"))
            client.load_connection_info(info)
        except FileNotFoundError:
            raise Refused(f"There is no connection file {path}: has the kernel ended?") from None
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise Refused(f"{path} is no connection file of a kernel: {error}") from error
        return cls(client)

    @classmethod
    async def started(
        cls, kernel: str, *, env: Mapping[str, str] | None = None, cwd: str | None = None
    ) -> ZeroMQ:
        """To a kernel of one's own, by its kernel spec's name; `shutdown` and `close` end it.

        Raises:
            Refused: there is no such kernel spec.
        """
        manager = AsyncKernelManager(kernel_name=kernel)
        options: Json = {"cwd": cwd} if cwd else {}
        try:
            # stdin is nobody's: a kernel that reads the terminal would stop the shell's job.
            await manager.start_kernel(env=dict(env or {}), **options)
        except NoSuchKernel:
            names = ", ".join(sorted(manager.kernel_spec_manager.find_kernel_specs()))
            raise Refused(f"There is no kernel {kernel!r}. Installed: {names or 'none'}.") from None
        client = manager.client()
        assert isinstance(client, AsyncKernelClient)
        return cls(client, manager)

    @property
    def address(self) -> str:
        return str(self._client.connection_file)

    async def open(self) -> None:
        if self._tasks:
            return
        self._client.start_channels()
        self._client.hb_channel.unpause()
        self._tasks = [asyncio.create_task(self._read(channel)) for channel in CHANNELS]
        self._tasks.append(asyncio.create_task(self._watch()))

    async def send(self, channel: Channel, message: Json, buffers: Sequence[object] = ()) -> None:
        if self._gone is not None:
            raise self._gone
        socket = getattr(self._client, f"{channel}_channel").socket
        if socket is None:
            raise ConnectionLost("The client has been closed.")
        # Not session.send: it goes round the asynchronous socket, which then misses that a
        # message has come meanwhile and sleeps on it.
        frames = [*self.session.serialize(message), *buffers]
        await socket.send_multipart(frames, copy=not buffers)

    async def receive(self) -> Message:
        if self._gone is not None and self._inbound.empty():
            raise self._gone
        found = await self._inbound.get()
        if isinstance(found, ClientError):
            self._gone = found
            raise found
        return found

    async def _read(self, channel: Channel) -> None:
        socket = getattr(self._client, f"{channel}_channel").socket
        while True:
            frames = await socket.recv_multipart(copy=False)
            try:
                _, parts = self.session.feed_identities(frames, copy=False)
                message = Message.of(channel, self.session.deserialize(parts, copy=False))
            except ValueError as error:
                if "signature" in str(error).lower():
                    await self._inbound.put(Refused("The key is not this kernel's."))
                    return
                continue  # not a message of Jupyter's protocol
            await self._inbound.put(message)

    async def _watch(self) -> None:
        """Sees the kernel die: by its process if it is ours, else by its heart."""
        heard = time.monotonic()
        while True:
            await asyncio.sleep(0.25)
            if self._manager is not None:
                alive = await self._manager.is_alive()
                if alive:
                    continue
                await self._inbound.put(KernelGone("The kernel has ended."))
                return
            if self._client.hb_channel.is_beating():
                heard = time.monotonic()
            elif time.monotonic() - heard > SILENCE:
                error = KernelGone(f"The kernel has not been heard of for {SILENCE:.0f} s.")
                await self._inbound.put(error)
                return

    async def state(self) -> State:
        return "gone" if self._gone is not None else "busy"

    async def interrupt(self) -> None:
        if self._manager is not None:
            await self._manager.interrupt_kernel()
        else:
            message = self.session.msg("interrupt_request", {})
            await self.send("control", message)

    async def shutdown(self) -> None:
        if self._manager is not None:
            await self._manager.shutdown_kernel()
        else:
            message = self.session.msg("shutdown_request", {"restart": False})
            await self.send("control", message)

    async def close(self) -> None:
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if tasks:
            self._client.stop_channels()
        if self._manager is not None:
            if await self._manager.is_alive():
                await self._manager.shutdown_kernel()
            else:
                await self._manager.cleanup_resources()
            self._manager = None
