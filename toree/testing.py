"""For those who write an interpreter: a recorder of output, a toy language, and the contract.

    class TestMine(InterpreterContract):
        value = ("6 * 7", "42")
        ...

        @pytest.fixture
        def interpreter(self): ...

Every language of Toree passes the contract; it needs pytest, the rest of this module does not.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

from .interpreters.base import Bundle, Completeness, Failed, Interpreter, Ok, Result
from .running import new_id


@dataclasses.dataclass
class Recorder:
    """An `Output` that keeps what it is given, as a list of tuples in order of arrival.

    `answers` are what the user types, one per question; none left means no stdin.
    """

    answers: list[str] = dataclasses.field(default_factory=list)
    cell: str = dataclasses.field(default_factory=new_id)
    events: list[tuple[Any, ...]] = dataclasses.field(default_factory=list)

    def stream(self, name: str, text: str) -> None:
        if self.events and self.events[-1][:2] == ("stream", name):
            self.events[-1] = ("stream", name, self.events[-1][2] + text)
        else:
            self.events.append(("stream", name, text))

    def display(
        self,
        data: Bundle,
        metadata: Mapping[str, Any] | None = None,
        *,
        display_id: str | None = None,
        update: bool = False,
    ) -> None:
        self.events.append(("update" if update else "display", dict(data)))

    def clear(self, wait: bool = False) -> None:
        self.events.append(("clear", wait))

    def ask(self, prompt: str, *, password: bool = False) -> str:
        if not self.answers:
            raise EOFError("no stdin")
        self.events.append(("ask", prompt))
        return self.answers.pop(0)

    def text(self, name: str) -> str:
        """All that was printed to one stream."""
        return "".join(e[2] for e in self.events if e[0] == "stream" and e[1] == name)


class EchoInterpreter(Interpreter):
    """The smallest language: a cell's value is its text; `!text` fails, `>text` prints."""

    language = "echo"

    async def execute(self, code: str, output: Any, **options: Any) -> Result:
        text = code.strip()
        if text.startswith("!"):
            return Failed("EchoError", text[1:], [f"EchoError: {text[1:]}"])
        if text.startswith(">"):
            output.stream("stdout", text[1:] + "\n")
            return Ok()
        return Ok({"text/plain": text}) if text else Ok()

    def is_complete(self, code: str) -> Completeness:
        return Completeness("incomplete" if code.endswith("\\") else "complete")


def run(interpreter: Interpreter, code: str, output: Recorder | None = None) -> Result:
    """Runs one cell to its end; the output goes to `output`."""
    return asyncio.run(interpreter.execute(code, output or Recorder()))


class InterpreterContract:
    """What every language must do. Subclasses give the samples and the fixture `interpreter`."""

    #: Code of an expression and the text of its value.
    value: ClassVar[tuple[str, str]]
    #: Code that prints, and what it prints to stdout.
    prints: ClassVar[tuple[str, str] | None] = None
    #: Code that fails at run time, and the ename.
    fails: ClassVar[tuple[str, str]]
    #: Code that keeps a value, and code that reads it and gives the text of `value`.
    keeps: ClassVar[tuple[str, str] | None] = None
    comment: ClassVar[str] = "# nothing"
    incomplete: ClassVar[str | None] = None

    def test_value(self, interpreter: Interpreter) -> None:
        code, text = self.value
        recorder = Recorder()
        result = run(interpreter, code, recorder)
        assert isinstance(result, Ok), result
        assert result.data is not None
        assert result.data["text/plain"] == text
        assert recorder.events == []

    def test_output(self, interpreter: Interpreter) -> None:
        if self.prints is None:
            return
        code, text = self.prints
        recorder = Recorder()
        assert isinstance(run(interpreter, code, recorder), Ok)
        assert recorder.events == [("stream", "stdout", text)]

    def test_failure_is_a_value_and_the_next_cell_works(self, interpreter: Interpreter) -> None:
        code, name = self.fails
        result = run(interpreter, code)
        assert isinstance(result, Failed)
        assert result.name == name
        assert result.traceback
        self.test_value(interpreter)

    def test_values_persist(self, interpreter: Interpreter) -> None:
        if self.keeps is None:
            return
        keep, read = self.keeps
        assert isinstance(run(interpreter, keep), Ok)
        result = run(interpreter, read)
        assert isinstance(result, Ok), result
        assert result.data is not None
        assert result.data["text/plain"] == self.value[1]

    def test_nothing_to_run(self, interpreter: Interpreter) -> None:
        for code in ("", "  \n\t\n", self.comment, self.comment + "\r\n"):
            recorder = Recorder()
            assert run(interpreter, code, recorder) == Ok()
            assert recorder.events == []

    def test_is_complete(self, interpreter: Interpreter) -> None:
        assert interpreter.is_complete(self.value[0]).status in ("complete", "unknown")
        if self.incomplete is not None:
            assert interpreter.is_complete(self.incomplete).status == "incomplete"

    def test_interrupt_with_nothing_running(self, interpreter: Interpreter) -> None:
        interpreter.interrupt()
        self.test_value(interpreter)

    def test_close_twice(self, interpreter: Interpreter) -> None:
        interpreter.close()
        interpreter.close()
