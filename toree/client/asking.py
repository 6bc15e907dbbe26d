"""Requests and who waits for their replies: the seam between a connection and what uses it."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Protocol

from ..foreign import Json
from .errors import ClientError
from .messages import Channel, Message, Transport


class Inbox(Protocol):
    """Who waits for the messages of a request."""

    #: A cell: it ends with the kernel's process, while other requests may be asked again.
    runs: bool

    def take(self, message: Message) -> bool:
        """Takes a message; True when no more is waited for."""

    def fail(self, error: ClientError) -> None:
        """No more will come."""


class Reply:
    """An inbox for the one reply of a request."""

    runs = False

    def __init__(self) -> None:
        self.future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()

    def take(self, message: Message) -> bool:
        if message.channel == "iopub":
            return False
        if not self.future.done():
            self.future.set_result(message)
        return True

    def fail(self, error: ClientError) -> None:
        if not self.future.done():
            self.future.set_exception(error)


class Asking(ABC):
    """Where requests are put in line."""

    transport: Transport

    @property
    @abstractmethod
    def info(self) -> Json:
        """The content of the kernel's kernel_info_reply."""

    @abstractmethod
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
        """Puts a request in line; its id. It is sent in order, also after a broken line."""

    @abstractmethod
    def forget(self, identity: str) -> None:
        """Nobody waits for a request's replies any more."""

    async def request(
        self,
        channel: Channel,
        kind: str,
        content: Json,
        *,
        buffers: Sequence[object] = (),
        subshell: str | None = None,
    ) -> Message:
        """Asks and waits for the reply.

        Raises:
            ClientError: it will not come.
        """
        reply = Reply()
        identity = self.ask(channel, kind, content, reply, buffers=buffers, subshell=subshell)
        try:
            return await reply.future
        finally:
            self.forget(identity)
