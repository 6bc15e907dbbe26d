"""The client without `await`: the asynchronous one, on the event loop of a thread of its own."""

from __future__ import annotations

import atexit
import functools
import types
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from ..foreign import Json
from .cells import AsyncCells
from .client import AsyncClient
from .errors import ClientError
from .events import Display, Event, Progress, Result, Stream
from .execution import AsyncExecution
from .loop import Loop
from .session import AsyncSession

if TYPE_CHECKING:
    import pyarrow as pa

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


def _waiting(
    method: Callable[Concatenate[AsyncCells, P], Coroutine[None, None, R]],
) -> Callable[Concatenate[Cells, P], R]:
    """The method of the asynchronous client, waited for."""

    @functools.wraps(method)
    def call(self: Cells, /, *arguments: P.args, **named: P.kwargs) -> R:
        return self._loop.run(method(self._cells, *arguments, **named))

    return call


class Execution:
    """A cell that was sent. As `AsyncExecution`, and callbacks run on a thread of their own."""

    def __init__(self, execution: AsyncExecution, loop: Loop) -> None:
        self._execution = execution
        self._loop = loop

    @property
    def id(self) -> str:
        """The id of its request."""
        return self._execution.id

    @property
    def done(self) -> bool:
        return self._execution.done

    @property
    def outputs(self) -> list[Json]:
        """What came so far, as a notebook keeps it (nbformat's outputs)."""
        return self._loop.call(lambda: self._execution.outputs)

    def result(self) -> Result:
        """Waits for the cell's value; raises ExecutionError when it failed."""
        return self._loop.run(self._execution.result())

    def wait(self) -> None:
        """Waits for the end, whatever it is."""
        self._loop.run(self._execution.wait())

    def cancel(self) -> None:
        """Stops this execution and no other."""
        self._loop.run(self._execution.cancel())

    def __iter__(self) -> Iterator[Event]:
        return _pulled(self._loop, self._execution.__aiter__())

    def on_stream(self, call: Callable[[Stream], object]) -> Execution:
        return self._on(self._execution.on_stream, call)

    def on_display(self, call: Callable[[Display], object]) -> Execution:
        return self._on(self._execution.on_display, call)

    def on_progress(self, call: Callable[[Progress], object]) -> Execution:
        return self._on(self._execution.on_progress, call)

    def on_result(self, call: Callable[[Result], object]) -> Execution:
        return self._on(self._execution.on_result, call)

    def on_error(self, call: Callable[[ClientError], object]) -> Execution:
        return self._on(self._execution.on_error, call)

    def _on(self, register: Callable[..., object], call: Callable[..., object]) -> Execution:
        self._loop.call(register, self._loop.later(call))
        return self


def _pulled(loop: Loop, source: AsyncGenerator[T, None]) -> Iterator[T]:
    """An asynchronous iterator's items, one at a time: none is made before it is asked for."""

    async def following() -> tuple[T, ...]:
        try:
            return (await anext(source),)
        except StopAsyncIteration:
            return ()

    try:
        while item := loop.run(following()):
            yield item[0]
    finally:
        loop.run(source.aclose())


class Cells:
    """Cells, names and tables of one workspace, as `AsyncCells`."""

    def __init__(self, cells: AsyncCells, loop: Loop) -> None:
        self._cells = cells
        self._loop = loop

    def execute(
        self,
        code: str,
        *,
        language: str | None = None,
        timeout: float | None = None,
        on_input: Callable[[str, bool], str] | None = None,
        silent: bool = False,
        store_history: bool = True,
        stop_on_error: bool = False,
    ) -> Execution:
        """Sends a cell and returns at once. See `AsyncClient.execute`."""
        execution = self._loop.call(
            self._cells.execute,
            code,
            language=language,
            timeout=timeout,
            on_input=self._loop.answer(on_input) if on_input is not None else None,
            silent=silent,
            store_history=store_history,
            stop_on_error=stop_on_error,
        )
        return Execution(execution, self._loop)

    def batches(
        self,
        name: str = "",
        *,
        query: str = "",
        parameters: Mapping[str, object] | None = None,
        limit: int | None = None,
        now: bool = False,
    ) -> Iterator[pa.RecordBatch]:
        """The rows of a table, or of a query, in pieces. See `AsyncClient.batches`."""
        source = self._cells.batches(name, query=query, parameters=parameters, limit=limit, now=now)
        return _pulled(self._loop, source)

    complete = _waiting(AsyncCells.complete)
    inspect = _waiting(AsyncCells.inspect)
    variables = _waiting(AsyncCells.variables)
    fetch = _waiting(AsyncCells.fetch)
    sql = _waiting(AsyncCells.sql)
    put = _waiting(AsyncCells.put)


class Client(Cells):
    """A client of one kernel. Leave it with `with`.

    with Client.start("toree_scala") as client:
        print(client.execute("spark.range(10).count()").result())
    """

    def __init__(self, client: AsyncClient, loop: Loop) -> None:
        """Use `start` or `connect`."""
        super().__init__(client, loop)
        self._client = client
        self._closed = False
        atexit.register(self.close)

    @classmethod
    def start(
        cls,
        kernel: str = "toree_scala",
        *,
        spark_opts: str = "",
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        timeout: float = 120,
    ) -> Client:
        """Starts a kernel on this machine; leaving the client ends it. See `AsyncClient.start`."""
        made = AsyncClient.start(kernel, spark_opts=spark_opts, env=env, cwd=cwd, timeout=timeout)
        return cls._of(made)

    @classmethod
    def connect(
        cls,
        target: str | Path,
        *,
        token: str | None = None,
        kernel: str | None = None,
        spark_opts: str = "",
        timeout: float = 60,
    ) -> Client:
        """Joins a kernel that runs, by its connection file or through a Jupyter server.
        See `AsyncClient.connect`."""
        return cls._of(
            AsyncClient.connect(
                target, token=token, kernel=kernel, spark_opts=spark_opts, timeout=timeout
            )
        )

    @classmethod
    def _of(cls, made: Coroutine[None, None, AsyncClient]) -> Client:
        loop = Loop()
        try:
            return cls(loop.run(made), loop)
        except BaseException:
            loop.close()
            raise

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        self.close()

    @property
    def address(self) -> str:
        """The kernel's connection file, or the address of its server: for `connect` elsewhere."""
        return self._client.address

    def close(self) -> None:
        """Leaves the kernel, and ends it if this client has started it. May be called twice."""
        if self._closed:
            return
        self._closed = True
        atexit.unregister(self.close)
        try:
            self._loop.run(self._client.close())
        finally:
            self._loop.close()

    def session(self, name: str, *, keep: float | None = None) -> Session:
        """A private session. See `AsyncClient.session`."""
        return Session(self._loop.run(self._client.session(name, keep=keep)), self._loop)

    def info(self) -> Json:
        """What the kernel says of itself (Jupyter's kernel_info_reply)."""
        return self._loop.run(self._client.info())

    def interrupt(self) -> None:
        """The stop button: stops what runs, whoever sent it. See `Execution.cancel`."""
        self._loop.run(self._client.interrupt())

    def shutdown(self) -> None:
        """Ends the kernel, for all its clients."""
        self._loop.run(self._client.shutdown())


class Session(Cells):
    """A private session, without `await`. Leave it with `with`; `end` ends it for everybody."""

    def __init__(self, session: AsyncSession, loop: Loop) -> None:
        """Use `Client.session`."""
        super().__init__(session, loop)
        self._session = session

    @property
    def name(self) -> str:
        return self._session.name

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leaves it to itself. May be called twice."""
        self._loop.run(self._session.close())

    def end(self) -> None:
        """Ends it with all it has. See `AsyncSession.end`."""
        self._loop.run(self._session.end())

    def interrupt(self) -> None:
        """Stops what this object has sent to the session."""
        self._loop.run(self._session.interrupt())
