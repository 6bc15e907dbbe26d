"""Names between two languages of one process, without a JVM: when what crosses, and when not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from toree import wire
from toree.errors import MagicError
from toree.interpreters.base import Assignment, Completion, Failed, Interpreter, Ok, Result
from toree.sharing import Sharing
from toree.testing import Recorder, run
from toree.underway import Cells


class Words(Interpreter):
    """A language of `name=number`, `name` (reads it), `-name` (deletes it), one a word."""

    def __init__(self, language: str) -> None:
        self.language = language  # type: ignore[misc]
        self.names: dict[str, Any] = {}
        self.calls: list[str] = []
        self.done: list[Assignment] = []

    async def execute(self, code: str, output: Any, **options: Any) -> Result:
        self.done = []
        for word in code.split():
            name, _, value = word.partition("=")
            if word.startswith("-"):
                del self.names[word[1:]]
                self.done.append(Assignment(word[1:], deleted=True))
            elif value:
                self.names[name] = wire.Int(int(value))
                self.done.append(Assignment(name, "scalar", "word", mutable=name.isupper()))
            elif name not in self.names:
                return Failed("Unknown", f"{name} is unknown", [f"Unknown: {name}"])
        return Ok()

    def assigned(self) -> Sequence[Assignment]:
        return self.done

    def references(self, code: str) -> frozenset[str]:
        return frozenset(w for w in code.split() if "=" not in w and not w.startswith("-"))

    def get(self, name: str) -> Any:
        self.calls.append(f"get {name}")
        if name == "stuck":
            raise TypeError("a stuck thing")
        if name == "broken":
            raise OSError("disk\nand more")
        return self.names[name]

    def put(self, name: str, value: Any) -> None:
        self.calls.append(f"put {name}")
        if name == "unwanted":
            raise TypeError("no room")
        self.names[name] = value

    def drop(self, name: str) -> None:
        self.calls.append(f"drop {name}")
        self.names.pop(name, None)

    def own(self, name: str) -> bool:
        return name == "max"


class Pair:
    def __init__(self) -> None:
        self.a, self.b = Words("a"), Words("b")
        self.sharing = Sharing({"a": self.a, "b": self.b}.__getitem__, {"a": "A", "b": "B"})

    def cell(self, language: str, code: str) -> tuple[Result, str]:
        interpreter = {"a": self.a, "b": self.b}[language]
        output = Recorder()
        visit = self.sharing.before(interpreter, code)
        result = self.sharing.after(visit, run(interpreter, code, output), output)
        return result, output.text("stderr")


@pytest.fixture
def pair() -> Pair:
    return Pair()


def test_a_name_comes_when_it_is_named_and_once(pair: Pair) -> None:
    pair.cell("a", "x=1 y=2")
    assert pair.b.calls == []
    assert pair.cell("b", "x") == (Ok(), "")
    assert pair.cell("b", "x x") == (Ok(), "")
    assert pair.b.calls == ["put x"]
    assert pair.a.calls == ["get x"]
    assert pair.b.names == {"x": wire.Int(1)}


def test_a_stop_that_a_transfer_did_not_hear_of_ends_the_cell(pair: Pair) -> None:
    pair.cell("a", "x=1")
    output = Recorder()
    with Cells().running("b", output, lambda: None) as cell:
        assert pair.sharing.before(pair.b, "y") is not None
        cell.tell()
        with pytest.raises(KeyboardInterrupt):
            pair.sharing.before(pair.b, "x")


def test_a_new_assignment_comes_again(pair: Pair) -> None:
    pair.cell("a", "x=1")
    pair.cell("b", "x")
    pair.cell("a", "x=2")
    pair.cell("b", "x")
    assert pair.b.names == {"x": wire.Int(2)}


def test_what_changes_in_place_comes_again_when_its_owner_names_it(pair: Pair) -> None:
    pair.cell("a", "M=1 n=1")
    pair.cell("b", "M n")
    pair.b.calls.clear()
    pair.cell("a", "M n")
    pair.cell("b", "M n")
    assert pair.b.calls == ["put M"]


def test_the_reader_takes_over_by_assigning(pair: Pair) -> None:
    pair.cell("a", "x=1")
    pair.cell("b", "x x=5")
    pair.cell("a", "x")
    assert pair.a.names == {"x": wire.Int(5)}


def test_a_deleted_name_is_taken_back(pair: Pair) -> None:
    pair.cell("a", "x=1")
    pair.cell("b", "x")
    pair.cell("a", "-x")
    result, _ = pair.cell("b", "x")
    assert result == Failed("Unknown", "x is unknown", ["Unknown: x", "x was deleted in A."])
    assert pair.cell("b", "x")[0] == Failed("Unknown", "x is unknown", ["Unknown: x"])


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("stuck", "stuck is in A and did not come over: a stuck thing."),
        ("broken", "broken is in A and did not come over: OSError: disk."),
        ("unwanted", "unwanted is in A and did not come over: no room."),
    ],
)
def test_a_failed_transfer_is_explained_and_changes_nothing(
    pair: Pair, name: str, line: str
) -> None:
    pair.cell("a", f"{name}=1 x=2")
    result, _ = pair.cell("b", name)
    assert isinstance(result, Failed)
    assert result.traceback == [f"Unknown: {name}", line]
    assert pair.a.names == {name: wire.Int(1), "x": wire.Int(2)}
    assert pair.b.names == {}
    assert pair.cell("b", "x") == (Ok(), "")


def test_a_failure_about_something_else_is_not_explained(pair: Pair) -> None:
    pair.cell("a", "stuck=1")
    pair.b.names["stuck"] = wire.Int(0)
    result, _ = pair.cell("b", "nothing stuck")
    assert result == Failed("Unknown", "nothing is unknown", ["Unknown: nothing"])


def test_a_name_of_ones_own_comes_only_when_asked_for(pair: Pair) -> None:
    pair.cell("a", "max=1")
    result, _ = pair.cell("b", "max")
    assert isinstance(result, Failed)
    assert result.traceback[1] == (
        "A's max did not come: B has a max of its own (%share max --to b brings it)."
    )
    assert pair.sharing.bring("max", "b") == ""
    assert pair.b.names == {"max": wire.Int(1)}
    with pytest.raises(MagicError):
        pair.sharing.bring("nowhere", "b")


def test_switched_off_nothing_crosses_and_switched_on_the_last_assignment_does(pair: Pair) -> None:
    pair.sharing.enabled = False
    pair.cell("a", "x=1")
    assert isinstance(pair.cell("b", "x")[0], Failed)
    pair.sharing.enabled = True
    assert pair.cell("b", "x") == (Ok(), "")


def test_completion_offers_what_is_elsewhere(pair: Pair) -> None:
    pair.cell("a", "alpha=1 ALPHA=2 beta=3")
    own = Completion(["alone"], 5, 7, ["instance"])
    found = pair.sharing.completed(own, "b", "beta al", 7)
    assert found == Completion(["alone", "alpha"], 5, 7, ["instance", "A scalar"], ["", "word"])
    for code in ("x.al", "'al", "1al"):
        nothing = Completion((), len(code), len(code))
        assert pair.sharing.completed(nothing, "b", code, len(code)) == nothing
    assert pair.sharing.inspected("b", "1 + alpha", 6) == {"text/plain": "alpha: word\nshared by A"}
    assert pair.sharing.inspected("a", "alpha", 2) is None
