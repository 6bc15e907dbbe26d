"""How messages stand in WebSocket frames: the two ways a Jupyter server knows
(https://jupyter-server.readthedocs.io/en/latest/developers/websocket-protocols.html).

`v1` carries the parts of ZeroMQ's message, buffers too, as they are. The older one is JSON, in
front of the buffers where there are some.
"""

from __future__ import annotations

import itertools
import json
import struct

from jupyter_client.jsonutil import json_default
from jupyter_client.session import Session

from ..foreign import Buffers, Facts
from .messages import Channel, Message

V1 = "v1.kernel.websocket.jupyter.org"
_PARTS = ("header", "parent_header", "metadata", "content")


def pack_v1(session: Session, channel: Channel, message: Facts, buffers: Buffers) -> bytes:
    """Offsets as 64 bit little-endian numbers, the channel, then the parts."""
    parts = [channel.encode(), *(session.pack(message[name]) for name in _PARTS), *buffers]
    parts = [memoryview(part).cast("B") for part in parts]
    offsets = [8 * (len(parts) + 2)]
    for part in parts:
        offsets.append(offsets[-1] + part.nbytes)
    return b"".join([struct.pack(f"<{len(offsets) + 1}Q", len(offsets), *offsets), *parts])


def unpack_v1(session: Session, data: bytes) -> Message:
    """Buffers are views of `data`.

    Raises:
        ValueError: it is no such message.
    """
    view = memoryview(data)
    try:
        (count,) = struct.unpack_from("<Q", view)
        offsets = struct.unpack_from(f"<{count}Q", view, 8)
    except struct.error as error:
        raise ValueError(f"not a message of {V1}: {error}") from error
    parts = [view[start:end] for start, end in itertools.pairwise(offsets)]
    if len(parts) < 5:
        raise ValueError(f"not a message of {V1}: {len(parts)} parts")
    raw = {name: session.unpack(bytes(part)) for name, part in zip(_PARTS, parts[1:], strict=False)}
    return Message.of(bytes(parts[0]).decode(), raw | {"buffers": parts[5:]})


def pack_default(
    session: Session, channel: Channel, message: Facts, buffers: Buffers
) -> str | bytes:
    """JSON; with buffers, offsets as 32 bit big-endian numbers, JSON, then the buffers."""
    text = json.dumps({**message, "channel": channel}, default=json_default)
    if not buffers:
        return text
    parts = [memoryview(part).cast("B") for part in (text.encode(), *buffers)]
    offsets = [4 * (len(parts) + 1)]
    for part in parts[:-1]:
        offsets.append(offsets[-1] + part.nbytes)
    return b"".join([struct.pack(f"!{len(parts) + 1}I", len(parts), *offsets), *parts])


def unpack_default(session: Session, data: str | bytes) -> Message:
    """
    Raises:
        ValueError: it is no such message.
    """
    if isinstance(data, str):
        raw = json.loads(data)
        return Message.of(raw["channel"], raw | {"buffers": ()})
    view = memoryview(data)
    try:
        (count,) = struct.unpack_from("!I", view)
        offsets = [*struct.unpack_from(f"!{count}I", view, 4), len(view)]
    except struct.error as error:
        raise ValueError(f"not a message of a Jupyter server: {error}") from error
    parts = [view[start:end] for start, end in itertools.pairwise(offsets)]
    raw = json.loads(bytes(parts[0]))
    return Message.of(raw["channel"], raw | {"buffers": parts[1:]})
