"""How the tests of the client reach kernels: addresses, servers, coroutines as tests."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, TypeVar

from serving import LIGHT as LIGHT
from serving import TOKEN as TOKEN
from serving import free_port as free_port
from serving import serving as serving
from session import Session

from toree.client import AsyncClient, Client
from toree.client import Session as PrivateSession

T = TypeVar("T")
Connect = Callable[[], Coroutine[Any, Any, AsyncClient]]


def run(work: Coroutine[Any, Any, T], timeout: float = 120) -> T:
    """A coroutine, as a test's body."""
    return asyncio.run(asyncio.wait_for(work, timeout))


def file_of(session: Session) -> str:
    return str(session.manager.connection_file)


def text(cells: Client | PrivateSession, code: str, **options: Any) -> str:
    return cells.execute(code, timeout=60, **options).result().text


def until(true: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


class Cut:
    """A line to a port of this machine that can be cut, and mended."""

    def __init__(self, url: str) -> None:
        self._to = int(url.rpartition(":")[2])
        self._lines: set[asyncio.StreamWriter] = set()
        self.passed = 0  # bytes from the server
        self.open = True

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        served = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        yield f"http://127.0.0.1:{served.sockets[0].getsockname()[1]}"
        served.close()
        self.cut()

    def cut(self) -> None:
        for line in self._lines:
            line.transport.abort()
        self._lines.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.open:
            writer.transport.abort()
            return
        far, back = await asyncio.open_connection("127.0.0.1", self._to)
        self._lines |= {writer, back}

        async def copy(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError):
                while data := await source.read(1 << 16):
                    self.passed += len(data) if to is writer else 0
                    to.write(data)
                    await to.drain()
            to.close()

        await asyncio.gather(copy(reader, back), copy(far, writer))
