"""Magics written for the JVM: rows for what the companion has found in jars (`Magics.scala`)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import NoReturn

from ..foreign import JavaObject
from ..interpreters.base import Result
from . import ArgumentParser, Arguments, Context, Magic

Call = Callable[[Context, Callable[[JavaObject, str], str]], Result]


def found(look: Callable[[], str], call: Call) -> tuple[list[Magic], list[str]]:
    """The magics of the jars that were added, and a sentence for each that can't be loaded.

    Args:
        look: asks the JVM.
        call: makes a call to the JVM that prints into a cell.
    """
    seen = json.loads(look())
    return [_row(call, **row) for row in seen["magics"]], seen["faults"]


def _row(call: Call, kind: JavaObject, name: str, usage: str, description: str) -> Magic:
    def run(context: Context, arguments: Arguments) -> Result:
        line, body, place = arguments.line, context.body, context.host.workspace_name
        return call(
            context, lambda entry, cell: entry.runMagic(place, cell, kind, name, line, body)
        )

    def parser() -> NoReturn:
        raise NotImplementedError("the magic parses its own line")

    run.__doc__ = description
    sign = "%" if kind == "line" else "%%"
    made: Callable[[], ArgumentParser] = parser
    return Magic(name, kind, f"{sign}{name} {usage}".strip(), run, made, raw=True)
