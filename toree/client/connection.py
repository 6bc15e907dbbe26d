"""One connection, many requests: replies go to who asked, and a broken line is mended.

Everything runs on one event loop. A request is put in line (`ask`) and sent in that order; each
message that comes is given to the inbox of the request it names as its parent.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from ..foreign import Json, Jupyter
from .asking import Asking, Inbox
from .errors import ClientError, ConnectionLost, KernelGone, Refused
from .messages import Channel, Message, Transport
from .process import PULSE, Process, ping

_Queue = asyncio.Queue[tuple[Channel, Json, Sequence[object]]]
#: Seconds between attempts to connect again; the last is repeated.
PAUSES = (0.1, 0.3, 1.0, 2.0)


class Connection(Asking):
    """Routes messages over a transport."""

    def __init__(self, transport: Transport, *, patience: float = 30.0) -> None:
        """`patience`: seconds to try to connect again before giving up."""
        self.transport = transport
        self._info: Json = {}
        self._patience = patience
        self._inboxes: dict[str, Inbox] = {}
        self._subshells: dict[str, str | None] = {}  # queues of the kernel they wait in
        self._cells: _Queue = asyncio.Queue()  # what goes to the shell channel
        self._others: _Queue = asyncio.Queue()
        self._up = asyncio.Event()
        self._heard = asyncio.Event()  # iopub has brought something
        self._ready = False
        self._failure: ClientError | None = None
        self._process = Process()
        self._tasks: list[asyncio.Task[None]] = []
        self._loop = asyncio.get_running_loop()

    # ---------------------------------------------------------------- life

    async def open(self, timeout: float) -> None:
        """Connects and waits until the kernel answers, busy or not.

        Raises:
            ClientError: it does not.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        try:
            await self.transport.open()
            self._up.set()
            sending = (self._send(self._cells), self._send(self._others))
            loops = (self._read(), *sending, self._pulse())
            self._tasks = [asyncio.create_task(one) for one in loops]
            while not await self._greeted(min(1.0, max(0.05, deadline - loop.time()))):
                if self._failure is not None:
                    raise self._failure
                if loop.time() > deadline:
                    raise Refused(
                        f"The kernel did not answer for {timeout:.0f} s. It is starting, or the "
                        "key of the connection file is not its own."
                    )
        except BaseException:
            await self.close()
            raise
        self._ready = True

    async def _greeted(self, patience: float) -> bool:
        """Whether the kernel has answered and its outputs reach us.

        The control channel answers while a cell runs; kernels without threads answer on shell.
        """
        channels: tuple[Channel, ...] = ("control", "shell")
        asked = [self.request(channel, "kernel_info_request", {}) for channel in channels]
        waiting = [asyncio.ensure_future(one) for one in asked]
        heard = asyncio.ensure_future(self._heard.wait())
        try:
            done, _ = await asyncio.wait(
                waiting, timeout=patience, return_when=asyncio.FIRST_COMPLETED
            )
            for answered in done:
                self._info = dict(answered.result().content)
            await asyncio.wait([heard], timeout=patience if done else 0)
            return bool(done) and self._heard.is_set()
        except ClientError as error:
            self._failure = error
            return False
        finally:
            heard.cancel()
            for one in waiting:
                one.cancel()
            await asyncio.gather(*waiting, heard, return_exceptions=True)

    async def close(self) -> None:
        """Leaves the kernel; what is under way fails here and goes on there."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._fail(ConnectionLost("The client has been closed."))
        await self.transport.close()

    @property
    def info(self) -> Json:
        return self._info

    @property
    def failure(self) -> ClientError | None:
        """Why this connection is of no more use."""
        return self._failure

    # ---------------------------------------------------------------- asking

    def ask(
        self,
        channel: Channel,
        kind: str,
        content: Json,
        inbox: Inbox | None = None,
        *,
        buffers: Sequence[object] = (),
        parent: Jupyter = None,
        subshell: str | None = None,
    ) -> str:
        if self._failure is not None:
            raise self._failure
        if asyncio.get_running_loop() is not self._loop:  # another asyncio.run: nobody would send
            raise ConnectionLost("This client was made in another event loop: connect in this one.")
        message = self.transport.session.msg(kind, content, parent=parent)
        if subshell is not None:
            message["header"]["subshell_id"] = subshell
        identity = str(message["header"]["msg_id"])
        if inbox is not None:
            self._inboxes[identity] = inbox
            self._subshells[identity] = subshell
        queue = self._cells if channel == "shell" else self._others
        queue.put_nowait((channel, message, buffers))
        return identity

    def forget(self, identity: str) -> None:
        self._inboxes.pop(identity, None)
        self._subshells.pop(identity, None)

    # ---------------------------------------------------------------- the tasks

    async def _send(self, queue: _Queue) -> None:
        while True:
            channel, message, buffers = await queue.get()
            while True:
                await self._up.wait()
                if queue is self._cells:  # their outputs would come to nobody
                    await self._process.hears.wait()
                try:
                    await self.transport.send(channel, message, buffers)
                    break
                except ConnectionLost:
                    self._up.clear()  # the reader notices too, and mends it
                    await asyncio.sleep(0.05)
                except ClientError as error:
                    self._fail(error)
                    return

    async def _read(self) -> None:
        while True:
            try:
                message = await self.transport.receive()
            except ConnectionLost as lost:
                self._up.clear()
                if not await self._mended(lost):
                    return
                continue
            except ClientError as error:
                self._fail(error)
                return
            self._route(message)

    @property
    def _is_toree(self) -> bool:
        return self.info.get("implementation") == "toree"

    async def _pulse(self) -> None:
        """Asks now and then, while a cell is waited for, whether its kernel is still the same."""
        while self._failure is None:
            await asyncio.sleep(PULSE)
            if self._is_toree and any(inbox.runs for inbox in self._inboxes.values()):
                await ping(self, PULSE)

    async def _listen(self) -> None:
        """Waits until a new process' outputs reach us, and finds out what was lost before."""
        while not self._process.hears.is_set() and self._failure is None:
            await ping(self, 1.0, aloud=True)
            await asyncio.sleep(0.1)
        self._probe()

    def _route(self, message: Message) -> None:
        heard = self._process.hears.is_set()
        if self._is_toree and self._process.is_new(message):
            # What was sent after this message's request is with the new one too.
            self._fail_cells(_restarted(), before=message.parent)
        if heard and not self._process.hears.is_set():
            self._tasks.append(asyncio.create_task(self._listen()))
        if message.channel == "iopub":
            self._heard.set()
            state = message.content.get("execution_state")
            # A Toree kernel that is starting was seen by its session, just above.
            told = ("restarting",) if self._is_toree else ("restarting", "starting")
            if self._ready and message.kind == "status" and state in told:
                self._process.expect()
                self._fail_cells(_restarted())
            ended = message.kind == "shutdown_reply" and not message.content.get("restart")
            if self._ready and ended:
                self._fail(KernelGone("The kernel has been shut down."))
                return
            if message.kind == "status" and state == "dead":
                self._fail(KernelGone("The kernel has died."))
                return
        inbox = self._inboxes.get(message.parent)
        if inbox is not None and inbox.take(message):
            self.forget(message.parent)

    async def _mended(self, lost: ConnectionLost) -> bool:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._patience
        attempt = 0
        # Requests that wait for one reply fail at once: whoever asked can ask again.
        self._fail_where(lambda inbox: not inbox.runs, lost)
        while True:
            try:
                await self.transport.open()
            except ConnectionLost as error:
                if loop.time() > deadline:
                    self._fail(error)
                    return False
                await asyncio.sleep(PAUSES[min(attempt, len(PAUSES) - 1)])
                attempt += 1
            except ClientError as error:
                self._fail(error)
                return False
            else:
                self._up.set()
                self._probe()
                return True

    def _probe(self) -> None:
        """Finds out which cells ended while the line was down.

        The server keeps what came for us and sends it now. The shell channel is a queue, and each
        subshell behind it: once it answers this, every cell sent before has ended, and a reply
        that is not here is lost.
        """
        queues: dict[str | None, list[str]] = {}
        for identity, inbox in self._inboxes.items():
            if inbox.runs:
                queues.setdefault(self._subshells.get(identity), []).append(identity)

        async def look(subshell: str | None, before: list[str]) -> None:
            with contextlib.suppress(ClientError):
                await self.request("shell", "kernel_info_request", {}, subshell=subshell)
                await asyncio.sleep(0.5)  # iopub is another stream than shell
                for identity in before:
                    if inbox := self._inboxes.get(identity):
                        self.forget(identity)
                        inbox.fail(
                            ConnectionLost(
                                "The connection broke while this ran, and its outcome is lost."
                            )
                        )

        self._tasks += [asyncio.create_task(look(*queue)) for queue in queues.items()]

    # ---------------------------------------------------------------- failing

    def _fail(self, error: ClientError) -> None:
        if self._failure is None:
            self._failure = error
        self._fail_where(lambda _: True, error)

    def _fail_cells(self, error: ClientError, before: str = "") -> None:
        sent = list(self._inboxes)
        lost = sent[: sent.index(before)] if before in sent else sent
        inboxes = {id(self._inboxes[identity]) for identity in lost}
        self._fail_where(lambda inbox: inbox.runs and id(inbox) in inboxes, error)

    def _fail_where(self, of: Callable[[Inbox], bool], error: ClientError) -> None:
        for identity, inbox in list(self._inboxes.items()):
            if of(inbox):
                self.forget(identity)
                inbox.fail(error)


def _restarted() -> KernelGone:
    return KernelGone("The kernel has restarted: what it held is gone.")
