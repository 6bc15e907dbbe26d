"""The crossing form and its JSON."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given

from toree import wire
from toree.wire import (
    Bytes,
    Date,
    Files,
    Float,
    Int,
    List,
    Map,
    Null,
    Store,
    Text,
    Timestamp,
    Vector,
)

from .values import values


@pytest.fixture
def store() -> Iterator[Store]:
    made = Files(limit=200)
    yield made
    made.close()


@given(values)
def test_json_keeps_every_value_and_is_ascii(value: wire.Value) -> None:
    text = wire.dumps(value)
    assert text.isascii()
    assert wire.loads(text) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Null(), '{"t":"null"}'),
        (Int(2**53), '{"t":"int","v":9007199254740992,"bits":64}'),
        (Int(2**53 + 1), '{"t":"int","v":"9007199254740993","bits":64}'),
        (Float(0.1), '{"t":"float","v":0.1,"bits":64}'),
        (Float(float("nan")), '{"t":"float","v":"nan","bits":64}'),
        (Float(float("-inf")), '{"t":"float","v":"-inf","bits":64}'),
        (Float(-0.0), '{"t":"float","v":-0.0,"bits":64}'),
        (Text("ü\U0001f600"), '{"t":"text","v":"\\u00fc\\ud83d\\ude00"}'),
        (Date(dt.date(2024, 2, 29)), '{"t":"date","v":"2024-02-29"}'),
        (Timestamp(-1, "UTC"), '{"t":"timestamp","v":-1,"zone":"UTC"}'),
        (Bytes(b"\x00\xff"), '{"t":"bytes","b64":"AP8="}'),
        (
            Vector("float", (1.5, None, float("inf"))),
            '{"t":"vector","of":"float","bits":64,"v":[1.5,null,"inf"]}',
        ),
        (List((Null(), List(()))), '{"t":"list","v":[{"t":"null"},{"t":"list","v":[]}]}'),
        (
            Map(((Text("a"), Int(1, 32)),)),
            '{"t":"map","v":[[{"t":"text","v":"a"},{"t":"int","v":1,"bits":32}]]}',
        ),
    ],
)
def test_the_text(value: wire.Value, text: str) -> None:
    assert wire.dumps(value) == text


def test_equality_tells_floats_apart_by_their_bits() -> None:
    assert Float(float("nan")) == Float(float("nan"))
    assert Float(0.0) != Float(-0.0)
    assert Vector("float", (float("nan"),)) == Vector("float", (float("nan"),))


def test_integers_of_any_width() -> None:
    assert [wire.integer(n).bits for n in (2**31 - 1, -(2**31) - 1, 2**63 - 1, 2**63)] == [
        32,
        64,
        64,
        0,
    ]
    with pytest.raises(ValueError, match="more than 64 bits"):
        Int(2**63)


def test_a_date_python_does_not_have() -> None:
    with pytest.raises(TypeError, match="12024-01-01 is outside the years 1 to 9999"):
        wire.loads('{"t":"date","v":"12024-01-01"}')


def test_deep_nesting_is_refused_before_the_stack_ends() -> None:
    value: wire.Value = Null()
    for _ in range(150):
        value = List((value,))
    with pytest.raises(TypeError, match="nested more than 100 levels"):
        wire.dumps(value)


def test_what_is_large_goes_by_file(store: Store) -> None:
    long = Text("x" * 500)
    text = wire.dumps(long, store)
    assert set(json.loads(text)) == {"t", "path"}
    assert wire.loads(text) == long
    data = Bytes(b"\xfe" * 150)
    node = json.loads(wire.dumps(data, store))
    assert Path(node["path"]).read_bytes() == data.value
    assert Path(node["path"]).parent.stat().st_mode & 0o077 == 0
    assert wire.from_json(node) == data


@pytest.mark.parametrize(
    "value",
    [
        Vector("int", (*range(1500), None, -(2**63), 2**63 - 1)),
        Vector("float", (None, float("nan"), -0.0, *[0.1] * 1000), 32),
        Vector("bool", (*[True, False, None] * 400,)),
    ],
)
def test_many_numbers_go_as_bytes(value: Vector, store: Store) -> None:
    assert wire.loads(wire.dumps(value)) == value
    text = wire.dumps(value, store)
    assert len(text) < 2000
    assert wire.loads(text) == value


class Elsewhere(Files):
    """A store that no file system is between: what a gateway would do."""

    def __init__(self) -> None:
        super().__init__(limit=200)
        self.kept: dict[str, bytes] = {}

    def write(self, data: bytes, suffix: str) -> str:
        name = f"{len(self.kept)}{suffix}"
        self.kept[name] = data
        return name

    def read(self, name: str) -> bytes:
        return self.kept[name]


@pytest.mark.parametrize(
    "value",
    [
        Text("x" * 500),
        Bytes(b"\xfe" * 150),
        Vector("int", tuple(range(1500))),
        List((Bytes(b"\xfe" * 150), Text("x" * 500))),
        wire.Array("<f8", (100,), bytes(800)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_store_need_not_be_a_disk(value: wire.Value) -> None:
    store = Elsewhere()
    text = wire.dumps(value, store)
    assert store.kept
    assert wire.loads(text, store.read) == value


def test_the_store_leaves_nothing(store: Store) -> None:
    with store.crossing():
        folder = Path(store.write(b"x", ".bin")).parent
        (Path(store.place()[0]) / "y.arrow").write_bytes(b"y")
        assert len(list(folder.iterdir())) == 2
    assert list(folder.iterdir()) == []
    store.close()
    assert not folder.exists()


def test_a_crossing_takes_no_file_of_another(store: Store) -> None:
    begun, ended = threading.Event(), threading.Event()
    kept: list[bool] = []

    def other() -> None:
        with store.crossing():
            path = Path(store.write(b"x", ".bin"))
            begun.set()
            ended.wait(10)
            kept.append(path.exists())

    thread = threading.Thread(target=other)
    thread.start()
    begun.wait(10)
    handed = Path(store.write(b"handed to a reader", ".bin"))
    with store.crossing():
        store.write(b"y", ".bin")
        with store.crossing():
            inner = Path(store.write(b"z", ".bin"))
        assert not inner.exists()
    ended.set()
    thread.join(10)
    assert kept == [True]
    assert [path.name for path in handed.parent.iterdir()] == [handed.name]
