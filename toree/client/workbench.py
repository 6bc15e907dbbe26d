"""Where an agent runs cells: a private session of its own, made at its first use."""

from __future__ import annotations

import asyncio
import contextlib
import uuid

from .client import AsyncClient
from .errors import ClientError, ExecutionAborted, ExecutionError, ExecutionTimeout
from .events import Display, Progress, Result, Stream
from .execution import AsyncExecution
from .session import AsyncSession

MOST = 20_000  # characters of a text: a model reads all of them
KEPT = 60.0  # seconds the session outlives an agent that was killed


class Workbench:
    """Leave it with `async with`: its session ends then."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client
        self._session: AsyncSession | None = None
        self._opening = asyncio.Lock()
        self._running: set[AsyncExecution] = set()

    async def __aenter__(self) -> Workbench:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            with contextlib.suppress(ClientError):  # the kernel may be gone
                await self._session.end()

    async def run(self, code: str, language: str, timeout: float) -> dict[str, str]:
        """What came of a cell; `status` is ok, error, cancelled or timeout."""
        async with self._opening:
            if self._session is None:
                name = f"agent-{uuid.uuid4().hex[:8]}"
                self._session = await self._client.session(name, keep=KEPT)
        execution = self._session.execute(code, language=language, timeout=timeout)
        self._running.add(execution)
        try:
            await execution.wait()
        except asyncio.CancelledError:  # the agent has taken its request back
            await asyncio.shield(execution.cancel())
            raise
        finally:
            self._running.discard(execution)
        return await _told(execution)

    async def cancel(self) -> int:
        """Stops what runs and what waits; how many cells."""
        running = list(self._running)
        for execution in running:
            await execution.cancel()
        return len(running)


async def _told(execution: AsyncExecution) -> dict[str, str]:
    printed, shown = [], []
    async for event in execution:
        match event:
            case Stream(_, text):
                printed.append(text)
            case Progress():
                pass
            case Display(data) | Result(data):
                shown.append(str(data.get("text/plain", f"<{', '.join(data)}>")))
    status, error = "ok", ""
    try:
        await execution.result()
    except ExecutionTimeout as late:
        status, error = "timeout", str(late)
    except ExecutionAborted as stopped:
        status, error = "cancelled", str(stopped)
    except ExecutionError as failure:
        status, error = "error", failure.report
    found = {"printed": "".join(printed), "value": "\n".join(shown), "error": error}
    return {"status": status, **{key: cut(text) for key, text in found.items() if text}}


def cut(text: str) -> str:
    """Both ends of a long text."""
    if len(text) <= MOST:
        return text
    left = MOST // 2
    return f"{text[:left]}\n... {len(text) - MOST} characters ...\n{text[-left:]}"
