"""The seam: what a language must do to be hosted, and what it is handed.

A new language is an `Interpreter` and a `Language` row (`services.py`), which a package names as an
entry point in the group `toree.interpreters`. Everything else in Toree implements this file or
calls it.

Life of a cell: `kernel.do_execute` parses it, `host.run` runs its magics and calls `execute` on
the interpreter of its language. Calls come from the kernel's main thread, one at a time, except
`interrupt` (any thread) and those a docstring names.
"""

from __future__ import annotations

import argparse
import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Literal, Protocol

from ..wire import Value

#: MIME type to content, as Jupyter's `display_data` has it.
Bundle = Mapping[str, object]


@dataclasses.dataclass(frozen=True)
class Ok:
    """The cell ended well. `data` is its value's bundle, None when there is none.

    It is an `execute_result`, which front ends number (`Out[3]`), or, not `numbered`, a display.

    `payload` and `expressions` are Jupyter's reply fields of those names; only the Python
    interpreter, which has IPython behind it, fills them.
    """

    data: Bundle | None = None
    metadata: Mapping[str, object] = dataclasses.field(default_factory=dict)
    payload: Sequence[Mapping[str, object]] = ()
    expressions: Mapping[str, object] = dataclasses.field(default_factory=dict)
    numbered: bool = True


@dataclasses.dataclass(frozen=True)
class Failed:
    """The user's code failed: Jupyter's ename, evalue and traceback (lines, ANSI colours allowed).

    `shown` is True when the interpreter has already sent the `error` message itself.
    `detail` is a longer report (the full trace) for `%tb`.
    """

    name: str
    message: str
    traceback: Sequence[str] = ()
    shown: bool = False
    detail: str = ""


@dataclasses.dataclass(frozen=True)
class Aborted:
    """The cell did not run to its end and no fault of its own is to be shown."""

    reason: str = ""


Result = Ok | Failed | Aborted


@dataclasses.dataclass(frozen=True)
class Completion:
    """Answer to `complete`. Positions count Unicode code points from the start of the code.

    `types` runs parallel to `matches`: "function", "class", "instance", "keyword", "" ...
    (https://jupyter-client.readthedocs.io/en/stable/messaging.html#completion).
    """

    matches: Sequence[str]
    start: int
    end: int
    types: Sequence[str] = ()
    signatures: Sequence[str] = ()


@dataclasses.dataclass(frozen=True)
class Completeness:
    """Answer to `is_complete`: Jupyter's status and the indent of the next line."""

    status: Literal["complete", "incomplete", "invalid", "unknown"]
    indent: str = ""


#: What sort of thing a name holds; "" where nobody has looked. Code is never listed nor brought.
Sort = Literal[
    "",
    "scalar",
    "list",
    "tuple",
    "map",
    "array",
    "table",
    "frame",
    "object",
    "function",
    "class",
    "module",
]


@dataclasses.dataclass(frozen=True)
class Assignment:
    """A name a cell assigned or deleted at top level, and what is known without converting it."""

    name: str
    kind: Sort = ""
    type: str = ""  # in the language's own words
    size: str = ""
    mutable: bool = False  # may change without an assignment
    reason: str = ""  # why it cannot cross; empty: it can, as far as is known
    deleted: bool = False
    #: It was put into `kernel.data`, which all workspaces share.
    common: bool = False


class Output(Protocol):
    """Where a running cell's output goes; handed in per call, bound to that cell."""

    @property
    def cell(self) -> str:
        """The cell's id, unique over all kernels of a Spark application: its jobs carry it."""

    def stream(self, name: Literal["stdout", "stderr"], text: str) -> None: ...

    def display(
        self,
        data: Bundle,
        metadata: Mapping[str, object] | None = None,
        *,
        display_id: str | None = None,
        update: bool = False,
    ) -> None:
        """Sends display_data, or update_display_data for `update` (which needs `display_id`)."""

    def clear(self, wait: bool = False) -> None: ...

    def ask(self, prompt: str, *, password: bool = False) -> str:
        """Asks through the front end.

        Raises:
            NoInput: the front end that sent this cell allows no stdin.
            EOFError: the user ended the input.
        """


class NoInput(EOFError):
    """Nobody can be asked: the front end that sent the cell takes no input."""

    def __init__(self) -> None:
        super().__init__("This front end takes no input.")


class Interpreter(ABC):
    """One language of a workspace."""

    #: Lower-case name, also that of its cell magic: "scala", "python", "sql", "r".
    language: ClassVar[str]

    @abstractmethod
    async def execute(self, code: str, output: Output, **options: object) -> Result:
        """Runs `code` to its end; everything it printed has gone to `output` on return.

        `options` are what `parse_options` made of the cell magic's line; empty without one.

        A KeyboardInterrupt raised into this call (the stop button) is answered by stopping the
        code and returning `Failed`; it never leaves this method.

        Raises:
            ToreeError: the language itself cannot run (see errors.py); its message is shown.
        """

    def start(self) -> None:
        """Called once, before the first use. Must return at once: slow work goes to a thread."""

    def parse_options(self, line: str) -> tuple[Mapping[str, object], int]:
        """Reads options at the start of what stands behind `%%language` on its line.

        Returns the options for `execute` and how many characters of `line` they take; the rest
        of the line is code.

        Raises:
            MagicError: a wrong option; the message holds the usage.
        """
        return {}, 0

    @property
    def options(self) -> Sequence[argparse.Action]:
        """What `parse_options` takes, to complete it."""
        return ()

    def close(self) -> None:
        """Ends every process, thread and file this interpreter started. May be called twice."""

    def restart(self) -> bool:
        """Forgets every variable of the user's, for `%restart`.

        False, the default: it can't, and is to be closed; the next cell gets a new interpreter.
        """
        return False

    async def moved(self, folder: Path, output: Output) -> None:
        """The kernel's working folder has changed (`%cd`): a process of its own is to follow."""

    async def environment(self, changes: Mapping[str, str | None], output: Output) -> None:
        """Its environment has changed (`%env`); None: the variable is gone."""

    @property
    def log(self) -> Path | None:
        """The log of a process of its own."""
        return None

    def interrupt(self) -> None:
        """Stops the running cell, from any thread, when no signal reaches the main thread.

        Nothing running: nothing happens.
        """

    def complete(self, code: str, cursor: int) -> Completion:
        """Completions at `cursor` (code points). Runs no user code, starts nothing."""
        return Completion((), cursor, cursor)

    def inspect(self, code: str, cursor: int, detail: int = 0) -> Bundle | None:
        """What is known of the name at `cursor`, as a bundle; None when nothing is."""
        return None

    def is_complete(self, code: str) -> Completeness:
        return Completeness("unknown")

    # Shared names (variables.py): the defaults make a language that shares nothing.

    #: Names match whatever their case (SQL).
    folds_case: ClassVar[bool] = False

    def mentions(self, code: str, names: Sequence[str]) -> Sequence[str]:
        """Those of `names` that `code` may read: quick, and rather too many than too few."""
        return [name for name in names if name in code]

    def own(self, name: str) -> bool:
        """Whether the language itself has such a name, which no other language's is to hide."""
        return False

    def assigned(self) -> Sequence[Assignment]:
        """Names the last `execute` assigned or deleted at top level."""
        return ()

    def so_far(self) -> Sequence[Assignment]:
        """Those of the cell that runs, asked in its midst, on its thread."""
        return ()

    def references(self, code: str) -> frozenset[str]:
        """Free names of `code`: read before any assignment, by the language's own parser."""
        return frozenset()

    def get(self, name: str) -> Value:
        """The value of `name` in its crossing form (docs/sharing.md).

        Raises:
            KeyError: no such name.
            TypeError: it cannot cross; the message says why.
        """
        raise KeyError(name)

    def put(self, name: str, value: Value) -> None:
        """Makes `value`, from another language's `get`, available as `name`.

        Raises:
            TypeError: this language has nothing like it; the message says why.
        """
        raise TypeError(f"{self.language} takes no values")

    def lost(self) -> None:
        """Every name is gone, with the process that held them."""

    def drop(self, name: str) -> None:
        """Takes back what `put` made, unless the user has assigned the name since."""
