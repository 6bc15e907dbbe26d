"""How the tests of the client reach kernels: addresses, servers, coroutines as tests."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
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
