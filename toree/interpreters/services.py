"""What a language is and what it may use: its row, and the record its interpreter is made from.

A package adds a language with an entry point in the group `toree.interpreters`, whose value is a
`Language`. The built-in ones are the same rows, each in its language's own folder; `registry.py`
has the table. A row is read when a kernel starts or is installed, so what is slow to import
belongs inside `make`.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Protocol

from .. import wire
from ..cell import Syntax
from ..companion.companion import Companion
from ..config import Config
from ..display import Settings
from ..foreign import IPythonShell, Json
from ..needs import Finding
from ..spark.frames import Frames
from ..spark.session import PythonSpark
from ..underway import Cells
from .base import Assignment, Interpreter, Output


class IPython(Protocol):
    """IPython in the kernel process: what the Python interpreter runs its cells with."""

    @property
    def shell(self) -> IPythonShell:
        """The IPython shell."""

    @property
    def output(self) -> Output:
        """The output of the Python cell that runs."""

    async def run(self, code: str, *, part: bool = False) -> Json:
        """Runs a cell as ipykernel does; the content of its execute_reply.

        `part`: it is a line of another language's cell, which is not counted for itself.
        """

    def complete(self, code: str, cursor: int) -> Json: ...

    def inspect(self, code: str, cursor: int, detail: int) -> Json: ...

    def is_complete(self, code: str) -> Json: ...


class Names(Protocol):
    """The shared names, as one language sees them. Thread-safe."""

    def all(self) -> list[str]:
        """Those whose values can cross."""

    def foreign(self) -> list[str]:
        """Those of other languages, and what those have deleted."""

    def owner(self, name: str) -> str | None:
        """The language that assigned a name last, or that another session has put it into
        `kernel.data`; None when there is no such name."""

    def value(self, name: str) -> wire.Value:
        """A name's value, from its owner.

        Raises:
            KeyError: there is none.
            TypeError: it cannot cross; the message says why.
        """

    def gather(self, stays: Callable[[str, str], bool]) -> None:
        """Brings over what other languages share, but for what is large or `stays`.

        That is asked of a name and its owner. For lists of all that there is.
        """

    def assign(self, assignment: Assignment) -> None:
        """Notes an assignment or deletion of this language's that no cell's end will report."""

    def shareable(self, name: str) -> bool:
        """Whether values of this name are shared at all."""

    def lost(self) -> None:
        """This language's names are gone, with the process that held them."""


@dataclasses.dataclass(frozen=True)
class Services:
    """What an interpreter gets. Nothing here is started before it is used."""

    config: Config
    display: Settings  # read at every cell: magics change it
    companion: Companion
    workspace: str  # the id of this workspace in the companion, which calls carry
    spark: PythonSpark  # PySpark in this process
    frames: Frames  # DataFrames by handle
    store: wire.Store  # files of values too large for a message
    names: Names
    cells: Cells  # those that run, by id
    ipython: IPython


PLAIN = Syntax()  # no strings, no comments


@dataclasses.dataclass(frozen=True)
class Language:
    """A row: how a language is named and described, and how its interpreter is made."""

    name: str  # lower case; also of its cell magic
    title: str  # for people
    make: Callable[[Services], Interpreter]
    aliases: tuple[str, ...] = ()  # of the cell magic and the kernel
    #: Jupyter's language_info without the version
    #: (https://jupyter-client.readthedocs.io/en/stable/messaging.html#kernel-info).
    info: Mapping[str, object] = dataclasses.field(default_factory=dict)
    #: The language's version where it is known without starting anything.
    version: Callable[[Config], str] = lambda config: ""
    #: Names that mean something of their own in it, and so are never shared.
    reserved: frozenset[str] = frozenset()
    #: How its text looks. None: its cells are IPython's, with all magics of that.
    syntax: Syntax | None = PLAIN
    #: A kernel of this language starts the JVM at once, whatever the configuration says.
    needs_jvm: bool = False
    #: The name of its kernel in Apache Toree; else the title.
    kernel: str = ""
    #: What its cells need on this machine beside Spark; `doctor` and the installer tell it.
    needs: Callable[[], Iterable[Finding]] = tuple
    #: A folder with logo-32x32.png, logo-64x64.png, logo-svg.svg.
    logos: Path | None = None

    def __post_init__(self) -> None:
        for name in (self.name, *self.aliases):
            if not re.fullmatch(r"[a-z_]\w*", name) or name != name.lower():
                raise ValueError(f"{name!r} is no name of a language: a lower-case word is one")

    @property
    def ipython(self) -> bool:
        """Whether its cells are IPython's."""
        return self.syntax is None

    @property
    def jupyter_name(self) -> str:
        """Jupyter's name of the language, by which front ends know it."""
        return str(self.info.get("name", self.name))
