"""Jupyter's messages as the client sees them, and the line they travel on: the transport seam.

A transport carries whole messages both ways and says when it can't; who waits for what is the
connection's business (`connection.py`). There are two: ZeroMQ (`zeromq.py`) to a kernel whose
connection file is at hand, WebSocket (`websocket.py`) through a Jupyter server.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Literal

from jupyter_client.session import Session

from ..foreign import Facts, Json

Channel = Literal["shell", "control", "iopub", "stdin"]
CHANNELS: tuple[Channel, ...] = ("shell", "control", "iopub", "stdin")

#: What a kernel is seen to do; "gone" is for good.
State = Literal["starting", "idle", "busy", "gone"]


@dataclasses.dataclass(frozen=True)
class Message:
    """A message from the kernel
    (https://jupyter-client.readthedocs.io/en/stable/messaging.html)."""

    channel: str
    kind: str
    parent: str  # the id of the request it belongs to
    content: Facts
    metadata: Facts
    header: Facts
    buffers: Sequence[object]

    @classmethod
    def of(cls, channel: str, raw: Facts) -> Message:
        return cls(
            channel=channel,
            kind=raw["header"]["msg_type"],
            parent=(raw.get("parent_header") or {}).get("msg_id", ""),
            content=raw["content"],
            metadata=raw.get("metadata") or {},
            header=raw["header"],
            buffers=raw.get("buffers") or (),
        )


class Transport(ABC):
    """A line to one kernel. All calls come from one event loop."""

    def __init__(self, session: Session) -> None:
        #: Makes messages, signs them and reads them.
        self.session = session

    @property
    @abstractmethod
    def address(self) -> str:
        """Where others find the kernel: its connection file, or its server's address."""

    @abstractmethod
    async def open(self) -> None:
        """Connects; called again after `receive` has raised ConnectionLost.

        Raises:
            ConnectionLost: not now, perhaps later.
            KernelGone, Refused: trying again is of no use.
        """

    @abstractmethod
    async def send(self, channel: Channel, message: Json, buffers: Sequence[object] = ()) -> None:
        """Sends one message made by `session.msg`.

        Raises:
            ConnectionLost: it has not been sent, or only in part.
        """

    @abstractmethod
    async def receive(self) -> Message:
        """The next message of any channel.

        Raises:
            ConnectionLost: `open` may mend it.
            KernelGone, Refused: nothing more will come.
        """

    @abstractmethod
    async def state(self) -> State:
        """What is known of the kernel without asking the kernel itself."""

    @abstractmethod
    async def interrupt(self) -> None:
        """The stop button."""

    @abstractmethod
    async def shutdown(self) -> None:
        """Ends the kernel."""

    @abstractmethod
    async def close(self) -> None:
        """Leaves the kernel as it is; may be called twice."""
