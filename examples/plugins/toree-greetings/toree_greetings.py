"""`%Greet NAME [--loud]`, `%Greetings` and `%%Shout`: magics of a package."""

from __future__ import annotations

from toree.interpreters.base import Bundle
from toree.magics import (
    ArgumentParser,
    Arguments,
    Context,
    Event,
    cell_magic,
    line_magic,
    listener,
)

_cells: list[str] = []


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("name", help="who is greeted")
    parser.add_argument("--loud", action="store_true", help="in capitals")


@line_magic("Greet", "NAME [--loud]", _arguments)
def greet(context: Context, arguments: Arguments) -> None:
    """Greets somebody."""
    text = f"Hello, {arguments.name}"
    context.output.stream("stdout", (text.upper() if arguments.loud else text) + "\n")


@cell_magic("Shout", raw=True)
def shout(context: Context, arguments: Arguments) -> Bundle:
    """Shows the cell's text in capitals."""
    return {"text/plain": context.body.upper()}


@listener("postRunCell")
def count(event: Event) -> None:
    _cells.append(event.language)


@line_magic("Greetings")
def greetings(context: Context, arguments: Arguments) -> None:
    """Says how many cells have run since the package was loaded."""
    context.output.stream("stdout", f"{len(_cells)} cells\n")
