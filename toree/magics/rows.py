"""What a magic is, what it is handed, and the table of all."""

from __future__ import annotations

import dataclasses
import inspect
import shlex
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal, Protocol

from ..arguments import ArgumentParser, Arguments, place
from ..companion.companion import Companion
from ..config import Config
from ..display import Settings
from ..errors import MagicError
from ..foreign import IPythonShell
from ..interpreters.base import Bundle, Failed, Ok, Output, Result
from ..interpreters.services import Language
from ..sharing import Sharing
from .events import Listener
from .sessions import Sessions


class Host(Protocol):
    """What of the kernel a magic may use (`toree.host`)."""

    config: Config
    companion: Companion
    magics: Table
    last_failure: Failed | None
    sessions: Sessions

    @property
    def workspace_name(self) -> str:
        """The id of the workspace in the companion."""

    @property
    def display(self) -> Settings: ...
    @property
    def sharing(self) -> Sharing: ...
    @property
    def languages(self) -> Mapping[str, Language]: ...
    @property
    def shell(self) -> IPythonShell:
        """IPython's shell in this process."""

    def more_magics(self) -> bool:
        """Loads the magics of the jars the configuration names, once; whether it just did."""

    def add_listeners(self, rows: Iterable[Listener]) -> None:
        """Tells them of events from now on."""

    def add_magics(self, rows: Iterable[Magic]) -> None:
        """Makes magics known in all languages."""

    def interrupt(self) -> None:
        """Stops the running cells, from any thread."""

    async def run(self, text: str, output: Output) -> Result:
        """Runs the text of a cell, with its magics."""

    def explore(self, name: str, output: Output, held: str = "") -> Bundle:
        """A shared name's table, one of the catalog, or a handle's, as a grid.

        Raises:
            KeyError, TypeError: it is no table; the message says why.
        """

    def publish(self, name: str) -> None:
        """Makes a shared name's table, or one of the catalog, a global temporary view.

        Raises:
            KeyError, TypeError: it is no table; the message says why.
        """

    async def execute(self, language: str, code: str, output: Output, **options: object) -> Result:
        """Runs code of one language, as it stands, with the shared names it reads."""

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
    completing: bool = False  # the cell is being written: only a safe magic sees this


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
    languages: frozenset[str] = frozenset()  # where it is available; empty: everywhere
    safe: bool = False  # may run while the cell is being completed

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
            try:
                words = shlex.split(line)
            except ValueError as error:
                parser.error(str(error))
            return parser.parse_args(words)
        except MagicError as error:
            called = f"{self.sign}{self.name} {line}".rstrip()
            pointer = f"{called}\n{' ' * place(error.message, called)}^\n"
            raise MagicError(pointer + error.message, advice=error.advice) from None

    def asks(self, line: str) -> bool:
        """Whether a call without arguments can only be meant to show the usage."""
        if line.strip() or self.raw:
            return False
        return any(
            action.required or (not action.option_strings and action.nargs in (None, "+"))
            for action in self.parser()._actions
        )

    @property
    def sign(self) -> str:
        return "%" if self.kind == "line" else "%%"

    @property
    def summary(self) -> str:
        """The first line of its description."""
        return self.description.partition("\n")[0]

    @property
    def help(self) -> str:
        """Usage, description and options, for people."""
        if self.raw:
            return f"usage: {self.usage}\n\n{self.description}"
        return self.parser().format_help().rstrip()

    async def __call__(self, context: Context, arguments: Arguments) -> Result:
        if self.languages and context.language not in self.languages:
            known = ", ".join(sorted(self.languages))
            raise MagicError(f"{self.sign}{self.name} is a magic of {known}.")
        given = self.run(context, arguments)
        value = await given if isinstance(given, Awaitable) else given
        return value if isinstance(value, Result) else Ok(value or None)


Declare = Callable[[ArgumentParser], object]
Row = Callable[[Run], Magic]


class Table:
    """The magics of a kernel, by kind and lower-case name."""

    def __init__(
        self, rows: tuple[Magic, ...], plugins: Callable[[], Iterable[Magic]] | None = None
    ) -> None:
        self._rows: dict[tuple[str, str], Magic] = {}
        self._plugins = plugins
        self._complete = False
        self._lock = threading.Lock()
        for row in rows:
            self.add(row)

    def add(self, row: Magic) -> None:
        """Adds a row, or replaces the one of that kind and name."""
        self._rows[row.kind, row.name.lower()] = row

    def find(self, kind: str, name: str) -> Magic | None:
        """The row of that name; what is not built in is looked for in the plug-ins, once."""
        row = self._rows.get((kind, name.lower()))
        if row is None and self.load_plugins():
            row = self._rows.get((kind, name.lower()))
        return row

    def load_plugins(self) -> bool:
        """Adds what other packages bring, at the first need of it; whether this was the first."""
        if self._complete:
            return False
        with self._lock:  # another thread may be at it
            for magic in () if self._complete or self._plugins is None else self._plugins():
                self._rows.setdefault((magic.kind, magic.name.lower()), magic)
            self._complete = True
        return True

    def names(self, kind: str, language: str = "") -> list[str]:
        """Those of a kind; of a language, without those that are another's."""
        return sorted(
            row.name
            for row in self._rows.values()
            if row.kind == kind and (not language or language in (row.languages or (language,)))
        )

    def __iter__(self) -> Iterator[Magic]:
        return iter(list(self._rows.values()))
