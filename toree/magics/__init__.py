"""The decorators that make a function a magic. The built-in rows are in `builtin`.

    @line_magic("Greet", "NAME", lambda parser: parser.add_argument("name"))
    def greet(context: Context, arguments: Arguments) -> None:
        \"\"\"Greets somebody.\"\"\"
        context.output.stream("stdout", f"Hello, {arguments.name}\\n")

Names are not case sensitive. Arguments are parsed before anything of the cell runs, so a wrong
one costs nothing but its message. What other packages add is in `plugins`; docs/plugins.md is for
their authors.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Literal

from ..arguments import ArgumentParser, Arguments
from .events import Event, Listener, listener
from .rows import Context, Declare, Host, Magic, Row, Run, Table
from .sessions import Sessions

__all__ = [
    "ArgumentParser",
    "Arguments",
    "Context",
    "Event",
    "Host",
    "Listener",
    "Magic",
    "Sessions",
    "Table",
    "cell_magic",
    "line_magic",
    "listener",
]


def _magic(
    kind: Literal["line", "cell"],
    name: str,
    usage: str,
    declare: Declare | None,
    raw: bool,
    languages: Iterable[str],
    safe: bool = False,
) -> Row:
    def decorate(run: Run) -> Magic:
        sign = "%" if kind == "line" else "%%"
        full = f"{sign}{name} {usage}".strip()

        def parser() -> ArgumentParser:
            made = ArgumentParser(full, inspect.getdoc(run) or "")
            if declare is not None:
                declare(made)
            return made

        return Magic(name, kind, full, run, parser, raw, frozenset(languages), safe)

    return decorate


def line_magic(
    name: str,
    usage: str = "",
    declare: Declare | None = None,
    *,
    raw: bool = False,
    languages: Iterable[str] = (),
    safe: bool = False,
) -> Row:
    """Makes the function below it a line magic.

    Args:
        name: as it is written after the `%`, in any case.
        usage: what follows the name.
        declare: adds its arguments to the parser (argparse).
        raw: there is no parser: the line comes as it is, in `arguments.line`.
        languages: where it is available; everywhere without it.
        safe: it may run while a cell below it is being completed: it is quick, changes nothing
            that a user would miss, and what it makes known is there to complete.
    """
    return _magic("line", name, usage, declare, raw, languages, safe)


def cell_magic(
    name: str,
    usage: str = "",
    declare: Declare | None = None,
    *,
    raw: bool = False,
    languages: Iterable[str] = (),
) -> Row:
    """Makes the function below it a cell magic; the cell's text is `context.body`."""
    return _magic("cell", name, usage, declare, raw, languages)
