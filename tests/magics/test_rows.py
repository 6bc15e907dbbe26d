"""Rows, their arguments, help and completion; plug-ins and listeners: without a kernel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from toree.errors import MagicError
from toree.interpreters.jvm.dollars import filled
from toree.magics import Event, Table, completion, dependencies, line_magic, listener
from toree.magics.builtin import show_types
from toree.magics.dependencies import add_deps, add_jar, coordinates, location
from toree.magics.dialects import data_frame, spelled
from toree.magics.events import Listeners
from toree.magics.plugins import listeners, rows


def test_a_wrong_argument_is_pointed_at() -> None:
    for line, column in (("maybe", 11), ("on off", 14), ("'on", 14)):
        with pytest.raises(MagicError) as raised:
            show_types.parse(line)
        called, pointer, *_ = raised.value.message.split("\n")
        assert called == f"%ShowTypes {line}" and pointer == " " * column + "^"
    with pytest.raises(MagicError, match="--limit"):
        data_frame.parse("--limit many")


def test_nothing_asks_for_the_usage_only_where_something_is_needed() -> None:
    assert add_jar.asks("") and add_deps.asks("  ")
    assert not show_types.asks("") and not add_jar.asks("x.jar") and not data_frame.asks("")


def test_coordinates() -> None:
    def read(line: str) -> list[tuple[Any, ...]]:
        found = coordinates(add_deps.parse(line))
        return [(c.group, c.artifact, c.version, c.scala, c.transitive) for c in found]

    assert read("g a 1") == [("g", "a", "1", False, False)]
    assert read("g a 1 --transitive") == [("g", "a", "1", False, True)]
    assert read("g.h:a-b:1.0") == [("g.h", "a-b", "1.0", False, True)]
    assert read("g::a:1 --no-transitive") == [("g", "a", "1", True, False)]
    assert read("a:b:1 c:d:2") == [("a", "b", "1", False, True), ("c", "d", "2", False, True)]
    for line in ("g a", "g:a", "g:a:", "a b c d", "::a:1"):
        with pytest.raises(MagicError, match="is no coordinate"):
            read(line)


def test_places_of_jars(tmp_path: Path) -> None:
    jar = tmp_path / "a b.jar"
    jar.touch()
    assert location(str(jar)) == jar.as_uri()
    assert location(f"file://{tmp_path}/a%20b.jar#sha256=ab") == f"{jar.as_uri()}#sha256=ab"
    assert location("https://h/x y.zip?a=b#sha1=0") == "https://h/x%20y.zip?a=b#sha1=0"
    assert location("s3a://bucket/x.jar") == "s3a://bucket/x.jar"
    for wrong in ("x.txt", "https://h/", str(tmp_path / "no.jar")):
        with pytest.raises(MagicError):
            location(wrong)


def test_users_in_addresses() -> None:
    plain, users = dependencies._without_user("https://ann:a%20b@h:81/x")
    assert plain == "https://h:81/x"
    assert users == [{"host": "h:81", "user": "ann", "password": "a b"}]


def test_completion_of_coordinates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    place = tmp_path / ".m2/repository/org/example/lib_2.13"
    (place / "1.2").mkdir(parents=True)
    (place / "1.2" / "lib_2.13-1.2.pom").touch()
    jars = tmp_path / ".ivy2.5.2/cache/com.other/tool/jars"
    jars.mkdir(parents=True)
    (jars / "tool-3.0.jar").touch()

    def complete(line: str) -> list[str]:
        return completion.completed(add_deps, line)[0]

    assert complete("com") == ["com.other:"] and complete("o") == ["org."]
    assert complete("org.ex") == ["org.example:"]
    assert complete("org.example:") == ["org.example:lib_2.13:"]
    assert complete("org.example::") == ["org.example::lib:"]
    assert complete("org.example::lib:") == ["org.example::lib:1.2"]
    assert complete("com.other:tool:") == ["com.other:tool:3.0"]
    assert complete("a:b:1 --excl") == ["--exclude"]


def test_dollars_that_stand_for_nothing_stay() -> None:
    names = {"n": "3", "who": "Ann"}

    def value(text: str) -> str:
        return filled(text, names.get, lambda code: "sum" if "+" in code else None)

    assert value("$n '$who' ${n} ${n + 1}") == "3 'Ann' 3 sum"
    for plain in ("'$.a'", "cost $5", "b$", "$", "$nope", "${nope}", "a$$b", "${'x'}"):
        assert value(plain) == plain


def test_what_an_entry_point_may_give() -> None:
    @line_magic("Mine")
    def mine(context: Any, arguments: Any) -> None:
        """Does nothing."""

    @listener("preRunCell")
    def heard(event: Event) -> None:
        raise ValueError(event.code)

    assert rows(mine) == [mine] and rows([mine, heard]) == [mine]
    assert rows(heard) == [] and listeners((mine, heard)) == [heard]
    with pytest.raises(TypeError, match="no magic in it"):
        rows(42)
    told: list[str] = []
    table = Listeners(told.append)
    table.add([heard, heard])
    table.tell(Event("preRunCell", "scala", "boom"))
    table.tell(Event("postRunCell", "scala", "boom"))
    assert len(told) == 1 and told[0].endswith("heard (preRunCell) failed: ValueError: boom\n")


def test_plug_ins_are_looked_for_when_they_are_needed() -> None:
    looked = []

    @line_magic("Theirs")
    def theirs(context: Any, arguments: Any) -> None:
        """Is a package's."""

    def plugins() -> list[Any]:
        looked.append(1)
        return [theirs]

    table = Table((show_types,), plugins)
    assert table.find("line", "showtypes") is show_types and looked == []
    assert table.find("line", "THEIRS") is theirs and table.find("line", "no") is None
    assert looked == [1]


def test_durations() -> None:
    assert [spelled(s) for s in (75.0, 1.234, 0.0123, 4.5e-5, 2e-7)] == [
        "1min 15s",
        "1.23 s",
        "12.3 ms",
        "45 µs",
        "200 ns",
    ]
