"""Toree's magics inside IPython's cells."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from ..interpreters.base import Result
from . import Context, Magic, Table


def register(shell: Any, magics: Table, context: Callable[[str], Context]) -> None:
    """Makes Toree's magics known to an IPython shell, except where it has one of that name.

    `context` gives a cell's, with the text of a cell magic.
    """
    for magic in magics:
        for name in {magic.name, magic.name.lower()}:
            if name not in shell.magics_manager.magics[magic.kind]:
                shell.register_magic_function(_bridged(magic, context), magic.kind, name)


def _bridged(magic: Magic, context: Callable[[str], Context]) -> Callable[..., None]:
    def run(line: str, body: str = "") -> None:
        cell = context(body)
        given = magic.run(cell, magic.parse(line))
        if given and not isinstance(given, Result | Awaitable):
            cell.output.display(given)

    run.__doc__ = f"{magic.usage}\n\n{magic.description}"
    return run
