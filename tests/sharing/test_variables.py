"""The table of shared names."""

from __future__ import annotations

from toree.interpreters.base import Assignment
from toree.variables import RESERVED, Variables


def foreign(table: Variables, language: str) -> list[str]:
    return sorted(row.name for row in table.foreign(language))


def test_the_last_assignment_wins() -> None:
    table = Variables()
    table.assign("scala", Assignment("x", "scalar", "Int"))
    table.assign("r", Assignment("x", "scalar", "numeric"))
    row = table.find("x")
    assert row is not None
    assert (row.owner, row.type) == ("r", "numeric")
    assert foreign(table, "python") == ["x"]
    assert foreign(table, "r") == []
    assert foreign(table, "scala") == ["x"]


def test_a_version_crosses_once() -> None:
    table = Variables()
    table.assign("scala", Assignment("x"))
    first = table.find("x")
    assert first is not None
    table.brought("python", "x", first.version)
    assert first.visible == ["scala", "python"]
    table.assign("scala", Assignment("x"))
    second = table.find("x")
    assert second is not None
    assert second.version > first.version
    assert second.visible == ["scala"]


def test_only_mutable_values_of_the_owner_get_a_new_version_when_named() -> None:
    table = Variables()
    table.assign("python", Assignment("rows", mutable=True))
    table.assign("python", Assignment("n"))
    before = {row.name: row.version for row in table}
    assert table.mutable("python") == ["rows"]
    table.touch("python", ["rows", "n"])
    table.touch("r", ["rows"])
    after = {row.name: row.version for row in table}
    assert after["n"] == before["n"]
    assert after["rows"] == max(before.values()) + 1


def test_a_deleted_name_is_a_tombstone_for_those_who_have_a_copy() -> None:
    table = Variables()
    table.assign("python", Assignment("x"))
    row = table.find("x")
    assert row is not None
    table.brought("scala", "x", row.version)
    table.assign("python", Assignment("x", deleted=True))
    assert list(table) == []
    assert foreign(table, "scala") == ["x"]
    assert foreign(table, "r") == []
    table.dropped("scala", ["x"])
    assert foreign(table, "scala") == []


def test_a_name_deleted_where_it_was_only_a_copy_is_unshared_too() -> None:
    table = Variables()
    table.assign("scala", Assignment("x"))
    table.assign("python", Assignment("x", deleted=True))
    assert list(table) == []
    table.assign("scala", Assignment("x"))
    assert [row.name for row in table] == ["x"]


def test_what_is_private_crosses_no_more_until_it_is_shared_again() -> None:
    table = Variables()
    table.assign("scala", Assignment("x"))
    assert not table.is_private("x")
    table.keep_private("x")
    table.assign("scala", Assignment("x"))
    assert table.is_private("x")
    table.keep_private("x", False)
    assert not table.is_private("x")


def test_a_restart_takes_the_languages_names_and_copies() -> None:
    table = Variables()
    table.assign("scala", Assignment("x"))
    table.assign("python", Assignment("y"))
    row = table.find("y")
    assert row is not None
    table.brought("scala", "y", row.version)
    table.forget("scala")
    assert [(r.name, r.seen) for r in table] == [("y", {})]


def test_a_reason_is_of_one_version() -> None:
    table = Variables()
    table.assign("python", Assignment("f", reason="an open file"))
    old = table.find("f")
    assert old is not None
    table.assign("python", Assignment("f"))
    table.refuse("f", old.version, "learned too late")
    row = table.find("f")
    assert row is not None
    assert row.reason == ""


def test_names_that_are_never_shared() -> None:
    table = Variables(RESERVED | {"In"})
    asked = ("x", "_x", ".x", "spark", "sc", "kernel", "In")
    assert [name for name in asked if table.shareable(name)] == ["x"]
    table.assign("scala", Assignment("spark"))
    table.assign("r", Assignment(".hidden"))
    assert list(table) == []
