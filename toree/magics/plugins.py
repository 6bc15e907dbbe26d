"""Magics of other packages: found by entry point, or loaded by name."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import entry_points
from types import ModuleType

from ..errors import MagicError
from . import ArgumentParser, Arguments, Context, Magic, line_magic
from .events import Listener

GROUP = "toree.magics"

#: IPython's own extensions, which it takes by their short names.
_BUILT_IN = frozenset({"autoreload", "storemagic"})


def found(
    tell: Callable[[str], None], listen: Callable[[Iterable[Listener]], None]
) -> Iterator[Magic]:
    """The magics of all installed packages; one at fault is told, and costs only itself."""
    for point in entry_points(group=GROUP):
        try:
            value = point.load()
            listen(listeners(value))
            yield from rows(value)
        except Exception as error:
            tell(
                f"The magics of {point.name} ({point.value}) can't be loaded: "
                f"{type(error).__name__}: {error}\n"
            )


def rows(value: object) -> list[Magic]:
    """The magics in what an entry point or a name gives: a row, several, or a module's all.

    Raises:
        TypeError: there are none.
    """
    values = _values(value)
    made = [row for row in values if isinstance(row, Magic)]
    if made or listeners(value):
        return made
    raise TypeError(
        f"there is no magic in it; @line_magic and @cell_magic of {__package__} make one"
    )


def listeners(value: object) -> list[Listener]:
    """Those who want to be told of events, in what an entry point or a name gives."""
    return [row for row in _values(value) if isinstance(row, Listener)]


def _values(value: object) -> list[object]:
    if isinstance(value, ModuleType):
        return list(vars(value).values())
    return list(value) if isinstance(value, list | tuple) else [value]


def _module(parser: ArgumentParser) -> None:
    parser.add_argument("module", help="a Python module, as one imports it")


def _imported(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except Exception as error:
        raise MagicError(f"{name} can't be imported: {type(error).__name__}: {error}") from error


@line_magic("Load_Magics", "MODULE", _module)
def load_magics(context: Context, arguments: Arguments) -> None:
    """Adds the magics of a Python module."""
    known = sys.modules.get(arguments.module)
    module = importlib.reload(known) if known else _imported(arguments.module)
    try:
        made = rows(module)
    except TypeError as error:
        raise MagicError(f"{arguments.module}: {error}.") from error
    context.host.add_magics(made)
    context.host.add_listeners(listeners(module))
    names = ", ".join(f"{row.sign}{row.name}" for row in made) or "listeners"
    context.output.stream("stdout", f"Added {names}\n")


@line_magic("load_ext", "MODULE", _module)
def load_ext(context: Context, arguments: Arguments) -> None:
    """Loads an extension of IPython's, or the magics of a module."""
    name = arguments.module
    if name in _BUILT_IN:
        name = f"IPython.extensions.{name}"
    module = _imported(name)
    try:
        made = rows(module)
    except TypeError:
        made = []
    context.host.add_magics(made)
    context.host.add_listeners(listeners(module))
    answer = context.host.shell.extension_manager.load_extension(name)
    if answer == "already loaded":
        text = f"The {arguments.module} extension is already loaded. To reload it, use:\n"
        context.output.stream("stdout", f"{text}  %reload_ext {arguments.module}\n")
    elif answer == "no load function" and not made:
        raise MagicError(f"The {arguments.module} module is not an IPython extension.")


PLUGINS = (load_magics, load_ext)
