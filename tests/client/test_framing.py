"""Both framings against those of Jupyter's own server."""

from __future__ import annotations

import json

import pytest
from jupyter_client.session import Session
from jupyter_server.services.kernels.connection import base

from toree.client import framing

BUFFERS = [b"", b"\x00\x01\x02", memoryview(b"abcdef")[2:], memoryview(bytes(64)).cast("q")]


@pytest.fixture
def session() -> Session:
    return Session(key=b"")


def test_v1_to_the_server(session: Session) -> None:
    message = session.msg("execute_request", {"code": "é" * 3})
    channel, parts = base.deserialize_msg_from_ws_v1(
        framing.pack_v1(session, "shell", message, BUFFERS)
    )
    assert channel == "shell"
    assert session.unpack(parts[0])["msg_id"] == message["msg_id"]
    assert session.unpack(parts[3]) == {"code": "ééé"}
    assert [bytes(part) for part in parts[4:]] == [bytes(buffer) for buffer in BUFFERS]


@pytest.mark.parametrize("buffers", [[], [b"", b"12345"]])
def test_v1_from_the_server(session: Session, buffers: list[bytes]) -> None:
    asked = session.msg("kernel_info_request", {})
    answer = session.msg("stream", {"name": "stdout", "text": "ü"}, parent=asked)
    parts = [session.pack(answer[name]) for name in framing._PARTS]
    message = framing.unpack_v1(session, base.serialize_msg_to_ws_v1([*parts, *buffers], "iopub"))
    assert (message.channel, message.kind, message.parent) == ("iopub", "stream", asked["msg_id"])
    assert message.content == {"name": "stdout", "text": "ü"}
    assert [bytes(buffer) for buffer in message.buffers] == buffers


def test_default_to_the_server(session: Session) -> None:
    message = session.msg("toree_request", {"op": "put"})
    packed = framing.pack_default(session, "control", message, BUFFERS)
    assert isinstance(packed, bytes)
    read = base.deserialize_binary_message(packed)
    assert (read["channel"], read["content"]) == ("control", {"op": "put"})
    assert [bytes(part) for part in read["buffers"]] == [bytes(buffer) for buffer in BUFFERS]
    text = framing.pack_default(session, "shell", message, [])
    assert isinstance(text, str) and json.loads(text)["channel"] == "shell"


def test_default_from_the_server(session: Session) -> None:
    answer = session.msg("toree_reply", {"status": "ok"}) | {"channel": "control"}
    packed = base.serialize_binary_message(answer | {"buffers": [b"123", b"4"]})
    message = framing.unpack_default(session, packed)
    assert (message.channel, message.content) == ("control", {"status": "ok"})
    assert [bytes(part) for part in message.buffers] == [b"123", b"4"]


@pytest.mark.parametrize("data", [b"", b"\x01", bytes(8), b"\xff" * 40, b"\x02" + bytes(7)])
def test_what_is_no_message(session: Session, data: bytes) -> None:
    with pytest.raises(ValueError, match="message"):
        framing.unpack_v1(session, data)
