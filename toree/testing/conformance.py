"""The contract of the seam: what every language does, from one row of samples.

from toree.testing.conformance import Conformance, Sample, opened

@pytest.fixture(scope="module")
def workspace():
    with opened(MINE) as made:
        yield made

class TestMine(Conformance):
    sample = Sample(MINE, value=("6 * 7", "42"), ...)
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from typing import ClassVar

import pytest

from .. import progress, registry, wire
from ..companion.companion import Companion
from ..config import Config
from ..foreign import Facts, UserValue
from ..interpreters.base import Failed, Interpreter, Ok, Result
from ..interpreters.services import Language
from ..spark.frames import Frames
from ..workspace import Workspace
from . import Recorder, run
from .ipython import PlainIPython
from .values import COLUMNS, VALUES, Rows, compared


@dataclasses.dataclass(frozen=True)
class Keep:
    """A cell that assigns `w`."""

    code: str
    options: Facts = dataclasses.field(default_factory=dict, hash=False)


@dataclasses.dataclass(frozen=True)
class Sample:
    """A row: code of a language, and what it leads to. `|` is the cursor."""

    language: Language
    value: tuple[str, str]  # an expression, and the text of its value
    shows: tuple[str, tuple[UserValue, ...]]  # code, and the only thing that it puts out meanwhile
    fails: tuple[str, str]  # code that fails when it runs, and the ename
    wrong: tuple[str, str]  # code that is none, and the ename
    nothing: str  # a comment
    unfinished: str
    completes: tuple[str, str]  # code and one of the matches
    inspects: tuple[str, str]  # code and a part of what is told
    endless: str  # shows something, then runs until it is stopped
    keep: Keep  # what `v` holds, as `w`
    #: Values of the language's own: cells that assign `w`, and the crossing form of it.
    own: Mapping[Keep, wire.Value | Rows]
    #: What comes back of a value (`values.VALUES`, "table", "frame") where it is not the same: the
    #: value, or words of the reason why it does not come.
    crosses: Mapping[str, wire.Value | Rows | str]
    keep_table: Keep | None = None  # where tables are named in another way
    endless_elsewhere: str = ""  # what can be stopped on a thread no signal reaches, if not all
    #: Whether it takes Spark DataFrames; then a JVM is started.
    frames: bool = True


@contextlib.contextmanager
def opened(*languages: Language) -> Iterator[Workspace]:
    """A workspace without Jupyter, with the languages given besides those there are."""
    config = Config(initialization_mode="none")
    companion = Companion(config)
    table = {**registry.languages(), **{row.name: row for row in languages}}
    made = Workspace(config, table, companion, PlainIPython())
    try:
        yield made
    finally:
        made.close()
        made.close()
        companion.close()


def _said(output: Recorder) -> list[tuple[UserValue, ...]]:
    """What came without bars: a slow machine shows those of a cell, and of a stopped one before."""
    shown = ("display", "update")
    return [e for e in output.events if e[0] not in shown or progress.MIME not in e[1]]


class Conformance:
    """The checks. A subclass gives `sample`; a fixture `workspace` has its language."""

    sample: ClassVar[Sample]

    @pytest.fixture
    def interpreter(self, workspace: Workspace) -> Interpreter:
        return workspace.interpreter(self.sample.language.name)

    @pytest.fixture
    def output(self, workspace: Workspace) -> Recorder:
        made = workspace.services(self.sample.language.name).ipython.output
        assert isinstance(made, Recorder)
        made.renew()
        return made if self.sample.language.ipython else Recorder()

    # ---------------------------------------------------------------- cells

    def value_of(self, interpreter: Interpreter, code: str, output: Recorder) -> str:
        output.renew()
        result = run(interpreter, code, output)
        assert isinstance(result, Ok), result
        events = _said(output)
        if self.sample.language.ipython:  # IPython shows the value itself
            kind, data = events.pop()
            assert kind == "result"
        else:
            assert result.data is not None
            data = result.data
        assert events == []
        return str(data["text/plain"])

    def test_value(self, interpreter: Interpreter, output: Recorder) -> None:
        code, text = self.sample.value
        assert self.value_of(interpreter, code, output) == text

    def test_output(self, interpreter: Interpreter, output: Recorder) -> None:
        code, event = self.sample.shows
        assert isinstance(run(interpreter, code, output), Ok)
        assert _said(output) == [event]

    @pytest.mark.parametrize("which", ["fails", "wrong"])
    def test_a_failure_is_a_value_and_the_next_cell_works(
        self, interpreter: Interpreter, output: Recorder, which: str
    ) -> None:
        code, name = getattr(self.sample, which)
        result = run(interpreter, code, output)
        assert isinstance(result, Failed), result
        assert result.name == name
        assert result.message
        assert any(result.traceback)
        self.test_value(interpreter, output)

    def test_nothing_to_run(self, interpreter: Interpreter, output: Recorder) -> None:
        comment = self.sample.nothing
        for code in ("", "  \n\t\n", comment, comment + "\r\n"):
            assert run(interpreter, code, output) == Ok()
            assert _said(output) == []

    # ---------------------------------------------------------------- analysis

    def test_completion(self, interpreter: Interpreter) -> None:
        code, match = self.sample.completes
        cursor = code.index("|")
        found = interpreter.complete(code.replace("|", ""), cursor)
        assert match in found.matches
        assert found.start <= cursor <= found.end
        assert code[found.start : cursor].lower() in match.lower()

    def test_completion_of_what_is_not_there(self, interpreter: Interpreter) -> None:
        assert list(interpreter.complete("zzzzqqqq", 8).matches) == []

    def test_inspection(self, interpreter: Interpreter) -> None:
        code, text = self.sample.inspects
        found = interpreter.inspect(code.replace("|", ""), code.index("|"))
        assert found is not None
        assert text in str(found["text/plain"])
        assert interpreter.inspect("zzzzqqqq", 8) is None

    def test_is_complete(self, interpreter: Interpreter) -> None:
        assert interpreter.is_complete(self.sample.value[0]).status == "complete"
        assert interpreter.is_complete(self.sample.unfinished).status == "incomplete"

    # ---------------------------------------------------------------- stop

    def test_stop(self, interpreter: Interpreter, output: Recorder) -> None:
        """By a signal, as the stop button does on the kernel's main thread."""

        def press() -> None:
            output.came.get(timeout=60)
            os.kill(os.getpid(), signal.SIGINT)

        # As in a kernel, whatever this process was started with.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        presser = threading.Thread(target=press)
        presser.start()
        try:
            result = run(interpreter, self.sample.endless, output)
        finally:
            presser.join()
            signal.signal(signal.SIGINT, before)
        assert isinstance(result, Failed), result
        assert result.name in ("Interrupted", "KeyboardInterrupt")
        self.test_value(interpreter, output)

    def test_stop_on_another_thread(self, interpreter: Interpreter, output: Recorder) -> None:
        """By `interrupt`, as in a subshell, whose thread no signal reaches."""
        results: list[Result] = []
        code = self.sample.endless_elsewhere or self.sample.endless
        cell = threading.Thread(target=lambda: results.append(run(interpreter, code, output)))
        cell.start()
        output.came.get(timeout=60)
        while cell.is_alive():  # it may show something before it can be stopped
            interpreter.interrupt()
            cell.join(5)  # telling how it ended takes a moment, which is not to be stopped too
        assert isinstance(results[0], Failed), results
        self.test_value(interpreter, output)

    def test_interrupt_with_nothing_running(
        self, interpreter: Interpreter, output: Recorder
    ) -> None:
        interpreter.interrupt()
        self.test_value(interpreter, output)

    # ---------------------------------------------------------------- names

    @pytest.fixture
    def frames(self, workspace: Workspace) -> Frames:
        return workspace.services(self.sample.language.name).frames

    def _value(self, name: str, workspace: Workspace) -> wire.Value:
        services = workspace.services(self.sample.language.name)
        if name in VALUES:
            return VALUES[name]
        if name == "frame" and not self.sample.frames:
            return wire.Frame("v@0")
        import pyarrow as pa

        from ..spark.arrow import write

        path = services.store.path(".arrow")
        write(pa.table(dict(COLUMNS)), path)
        table = wire.Table(str(path), len(COLUMNS["id"]))
        if name == "table":
            return table
        held = services.frames.of_table(table, "v")
        return wire.Frame(held.key)

    @pytest.mark.parametrize("name", [*VALUES, "table", "frame"])
    def test_a_value_comes_and_goes(
        self, workspace: Workspace, interpreter: Interpreter, frames: Frames, name: str
    ) -> None:
        value = self._value(name, workspace)
        expected = self.sample.crosses.get(name, value)
        if isinstance(expected, str):
            with pytest.raises(TypeError, match=expected):
                interpreter.put("v", value)
            return
        interpreter.put("v", value)
        tables = isinstance(value, wire.Table | wire.Frame)
        keep = self.sample.keep_table if tables and self.sample.keep_table else self.sample.keep
        assert interpreter.references(keep.code) == {"v"}
        assert list(interpreter.mentions(keep.code, ["v", "zzzz"])) == ["v"]
        result = run(interpreter, keep.code, **keep.options)
        assert isinstance(result, Ok), result
        noted = {a.name: a for a in interpreter.assigned()}
        assert noted["w"].reason == ""
        assert not noted["w"].deleted
        if isinstance(expected, wire.Table | wire.Frame):
            expected = Rows(COLUMNS, local=isinstance(expected, wire.Table))
        assert compared(interpreter.get("w"), frames) == expected

    def test_values_of_its_own(self, interpreter: Interpreter, frames: Frames) -> None:
        assert self.sample.own
        for keep, expected in self.sample.own.items():
            result = run(interpreter, keep.code, **keep.options)
            assert isinstance(result, Ok), result
            assert [a.name for a in interpreter.assigned()] == ["w"]
            assert (keep, compared(interpreter.get("w"), frames)) == (keep, expected)

    def test_names_that_are_not_there(self, interpreter: Interpreter) -> None:
        with pytest.raises(KeyError):
            interpreter.get("zzzz")
        interpreter.drop("zzzz")
        assert interpreter.references(self.sample.value[0]) == frozenset()
        assert list(interpreter.mentions(self.sample.value[0], ["zzzz"])) == []

    def test_a_name_is_taken_back(self, interpreter: Interpreter, output: Recorder) -> None:
        interpreter.put("v", VALUES["int"])
        interpreter.drop("v")
        result = run(interpreter, self.sample.keep.code, output, **self.sample.keep.options)
        assert isinstance(result, Failed), result
        assert [a.name for a in interpreter.assigned() if not a.reason and not a.deleted] == []

    def test_a_restart_forgets(self, workspace: Workspace, output: Recorder) -> None:
        name = self.sample.language.name
        interpreter = workspace.interpreter(name)
        interpreter.put("v", VALUES["int"])
        run(interpreter, self.sample.keep.code, **self.sample.keep.options)
        interpreter.get("w")
        assert "restarted" in workspace.restart(name)
        again = workspace.interpreter(name)
        with pytest.raises(KeyError):
            again.get("w")
        self.test_value(again, output)
