"""Echo, the smallest language for Toree: a package with one row and one interpreter.

say TEXT        prints
fail TEXT       fails
wait SECONDS    waits
NAME = TEXT     keeps a text
TEXT            the cell's value, if it is its last line
# TEXT          nothing

`$name` in a text is the value of a name, another language's too.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from toree import wire
from toree.cell import Syntax
from toree.interpreters.base import (
    Assignment,
    Bundle,
    Completeness,
    Completion,
    Failed,
    Interpreter,
    Ok,
    Output,
    Result,
)
from toree.interpreters.services import Language, Services

COMMANDS: Mapping[str, str] = {
    "say": "say TEXT: prints the text",
    "fail": "fail TEXT: ends the cell with an error",
    "wait": "wait SECONDS: does nothing for a while",
}
_ASSIGNMENT = re.compile(r"([^\W\d]\w*)\s*=\s*(.*)")
_NAME = re.compile(r"\$([^\W\d]\w*)")
_WORD_BEFORE = re.compile(r"(\$?)(\w*)$")


class Fault(Exception):
    """What is wrong with a cell: the name of the error, and a sentence."""


class EchoInterpreter(Interpreter):
    """Runs a cell line by line. Its values are the crossing form itself."""

    language = "echo"

    def __init__(self, services: Services) -> None:
        self._names = services.names
        self._values: dict[str, wire.Value] = {}
        self._assigned: list[Assignment] = []
        self._stopped = threading.Event()

    async def execute(self, code: str, output: Output, **options: Any) -> Result:
        self._assigned = []
        self._stopped.clear()
        value = None
        try:
            for line in _lines(code):
                value = self._run(line, output)
        except Fault as fault:
            name, message = fault.args
            return Failed(name, message, [f"{name}: {message}"])
        except KeyboardInterrupt:
            return Failed("Interrupted", "The cell was stopped.", ["The cell was stopped."])
        return Ok(None if value is None else {"text/plain": value})

    def _run(self, line: str, output: Output) -> str | None:
        command, _, text = line.partition(" ")
        if command == "say":
            output.stream("stdout", self._filled(text) + "\n")
        elif command == "fail":
            raise Fault("EchoError", self._filled(text))
        elif command == "wait":
            self._wait(text)
        elif found := _ASSIGNMENT.fullmatch(line):
            name, text = found.groups()
            whole = _NAME.fullmatch(text)  # a value as it is, not its text
            value = self._value(whole[1]) if whole else wire.Text(self._filled(text))
            self._values[name] = value
            self._assigned.append(Assignment(name, "scalar", type(value).__name__))
        else:
            return self._filled(line)
        return None

    def _wait(self, text: str) -> None:
        try:
            seconds = float(self._filled(text))
        except ValueError:
            raise Fault("SyntaxError", f"{text!r} is no number of seconds") from None
        end = time.monotonic() + seconds
        # In slices: a signal that comes just before a wait begins is handled only after it.
        while not self._stopped.wait(max(0.0, min(0.1, end - time.monotonic()))):
            if time.monotonic() >= end:
                return
        raise KeyboardInterrupt

    def _value(self, name: str) -> wire.Value:
        if name not in self._values:
            raise Fault("NameError", f"there is no ${name}")
        return self._values[name]

    def _filled(self, text: str) -> str:
        return _NAME.sub(lambda found: _shown(self._value(found[1])), text)

    def interrupt(self) -> None:
        self._stopped.set()

    def restart(self) -> bool:
        self._values.clear()
        return True

    # Analysis

    def is_complete(self, code: str) -> Completeness:
        return Completeness("incomplete" if code.endswith("\\") else "complete")

    def complete(self, code: str, cursor: int) -> Completion:
        found = _WORD_BEFORE.search(code[:cursor])
        assert found is not None
        sign, word = found.groups()
        names = sorted(self._values if sign else COMMANDS)
        matches = [name for name in names if word and name.startswith(word)]
        return Completion(matches, cursor - len(word), cursor)

    def inspect(self, code: str, cursor: int, detail: int = 0) -> Bundle | None:
        for found in re.finditer(r"\w+", code):
            if found.start() <= cursor <= found.end() and found[0] in COMMANDS:
                return {"text/plain": COMMANDS[found[0]]}
        return None

    # Shared names

    def mentions(self, code: str, names: Sequence[str]) -> Sequence[str]:
        used = set(_NAME.findall(code))
        return [name for name in names if name in used]

    def references(self, code: str) -> frozenset[str]:
        free: set[str] = set()
        made: set[str] = set()
        for line in _lines(code):
            free |= set(_NAME.findall(line)) - made
            if found := _ASSIGNMENT.fullmatch(line):
                made.add(found[1])
        return frozenset(free)

    def assigned(self) -> Sequence[Assignment]:
        return self._assigned

    def get(self, name: str) -> wire.Value:
        return self._values[name]

    def put(self, name: str, value: wire.Value) -> None:
        if isinstance(value, wire.Table | wire.Frame):
            raise TypeError("Echo holds no tables")
        self._values[name] = value

    def drop(self, name: str) -> None:
        self._values.pop(name, None)

    def lost(self) -> None:
        self._values.clear()


def _lines(code: str) -> Iterator[str]:
    for line in code.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            yield line.strip()


def _shown(value: wire.Value) -> str:
    return str(getattr(value, "value", value))


ECHO = Language(
    "echo",
    "Echo",
    EchoInterpreter,
    aliases=("parrot",),
    info={"file_extension": ".echo", "mimetype": "text/plain"},
    version=lambda config: "1",
    reserved=frozenset(COMMANDS),
    syntax=Syntax(re.compile(r"#[^\n]*")),
)
