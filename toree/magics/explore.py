"""The magic that shows a table as a grid."""

from __future__ import annotations

from ..errors import MagicError
from ..interpreters.base import Bundle
from . import ArgumentParser, Arguments, Context, Magic, line_magic


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", help="a shared name or a table of the catalog")
    parser.add_argument("--held", metavar="HANDLE", help="what kernel.display.explore gives it")


@line_magic("Explore", "NAME", _arguments)
def explore(context: Context, arguments: Arguments) -> Bundle:
    """Shows a table, of whatever language, as a grid: paged, sorted and filtered by Spark."""
    if not (arguments.name or arguments.held):
        raise MagicError("%explore needs the name of a table.")
    try:
        return context.host.explore(arguments.name or "", context.output, arguments.held or "")
    except (KeyError, TypeError, ValueError) as error:
        raise MagicError(f"%explore {arguments.name}: {error}") from error


EXPLORE: tuple[Magic, ...] = (explore,)
