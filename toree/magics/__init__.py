"""The row of a magic and the decorator that makes one. The built-in rows are in `builtin`.

    @line_magic("ShowTypes", "[on|off]")
    def show_types(context: Context, arguments: Arguments) -> None:
        \"\"\"Shows the types of results in Scala cells.\"\"\"

Names are not case sensitive. Arguments are parsed before anything of the cell runs, so a wrong
one costs nothing but its message.
"""

from __future__ import annotations

import dataclasses
import inspect
import shlex
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Literal, Protocol

from ..arguments import ArgumentParser, Arguments
from ..companion.companion import Companion
from ..config import Config
from ..display import Settings
from ..interpreters.base import Bundle, Failed, Output, Result
from ..interpreters.services import Language
from ..sharing import Sharing

__all__ = [
    "ArgumentParser",
    "Arguments",
    "Context",
    "Host",
    "Magic",
    "Table",
    "cell_magic",
    "line_magic",
]


class Host(Protocol):
    """What of the kernel a magic may use (`toree.host`)."""

    config: Config
    companion: Companion
    magics: Table
    last_failure: Failed | None

    @property
    def display(self) -> Settings: ...
    @property
    def sharing(self) -> Sharing: ...
    @property
    def languages(self) -> Mapping[str, Language]: ...
    def language_of(self, name: str) -> str:
        """The language behind a name or an alias; MagicError when there is none."""

    def restart(self, language: str) -> str:
        """Restarts one language, or "spark"; what it did, for the user."""

    def logs(self) -> dict[str, Path]:
        """The logs of this kernel's processes, by what writes them."""


@dataclasses.dataclass(frozen=True)
class Context:
    """What a magic may use: the host, the cell's output and language."""

    host: Host
    output: Output
    language: str
    body: str = ""  # the text of a cell magic


#: What a magic gives: a bundle that is shown, the end of the cell it stands for, or nothing.
Given = Bundle | Result | None
Run = Callable[["Context", Arguments], Given | Awaitable[Given]]


@dataclasses.dataclass(frozen=True)
class Magic:
    """A row of the table."""

    name: str
    kind: Literal["line", "cell"]
    usage: str
    run: Run
    parser: Callable[[], ArgumentParser]
    raw: bool = False  # takes its line as it is, in `arguments.line`

    @property
    def description(self) -> str:
        return inspect.getdoc(self.run) or ""

    def parse(self, line: str) -> Arguments:
        """Arguments of a call.

        Raises:
            MagicError: they are wrong; the message holds the usage.
        """
        if self.raw:
            return Arguments(line=line)
        parser = self.parser()
        try:
            words = shlex.split(line)
        except ValueError as error:
            parser.error(str(error))
        return parser.parse_args(words)

    async def __call__(self, context: Context, arguments: Arguments) -> Given:
        result = self.run(context, arguments)
        return await result if isinstance(result, Awaitable) else result


Declare = Callable[[ArgumentParser], object]
Row = Callable[[Run], Magic]


def _magic(
    kind: Literal["line", "cell"], name: str, usage: str, declare: Declare | None, raw: bool
) -> Row:
    def decorate(run: Run) -> Magic:
        sign = "%" if kind == "line" else "%%"
        full = f"{sign}{name} {usage}".strip()

        def parser() -> ArgumentParser:
            made = ArgumentParser(full, inspect.getdoc(run) or "")
            if declare is not None:
                declare(made)
            return made

        return Magic(name, kind, full, run, parser, raw)

    return decorate


def line_magic(
    name: str, usage: str = "", declare: Declare | None = None, *, raw: bool = False
) -> Row:
    """Makes the function below it a line magic; `declare` adds its arguments to the parser."""
    return _magic("line", name, usage, declare, raw)


def cell_magic(
    name: str, usage: str = "", declare: Declare | None = None, *, raw: bool = False
) -> Row:
    """Makes the function below it a cell magic; the cell's text is `context.body`."""
    return _magic("cell", name, usage, declare, raw)


class Table:
    """The magics of a kernel, by kind and lower-case name."""

    def __init__(self, rows: tuple[Magic, ...]) -> None:
        self._rows: dict[tuple[str, str], Magic] = {}
        for row in rows:
            self.add(row)

    def add(self, row: Magic) -> None:
        """Adds a row, or replaces the one of that kind and name."""
        self._rows[row.kind, row.name.lower()] = row

    def find(self, kind: str, name: str) -> Magic | None:
        return self._rows.get((kind, name.lower()))

    def names(self, kind: str) -> list[str]:
        return sorted(row.name for row in self._rows.values() if row.kind == kind)

    def __iter__(self) -> Iterator[Magic]:
        return iter(self._rows.values())
