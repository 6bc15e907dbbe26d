"""The built-in magics: one function a row, with Apache Toree's names and words."""

from __future__ import annotations

from ..interpreters.base import Bundle
from . import ArgumentParser, Arguments, Context, Magic, cell_magic, line_magic


def _switch(parser: ArgumentParser) -> None:
    parser.add_argument("state", nargs="?", type=str.lower, choices=("on", "off"))


@line_magic("LsMagic")
def ls_magic(context: Context, arguments: Arguments) -> None:
    """Lists the magics."""
    lines = [f"%{name.lower()}" for name in context.host.magics.names("line")]
    languages = context.host.languages
    cells = [f"%%{name.lower()}" for name in context.host.magics.names("cell")]
    cells += [f"%%{name}" for row in languages.values() for name in (row.name, *row.aliases)]
    text = (
        f"Available line magics:\n{' '.join(sorted(lines))}\n\n"
        f"Available cell magics:\n{' '.join(sorted(cells))}\n\n"
        "Type %<magic_name> for usage info.\n"
    )
    context.output.stream("stdout", text)


@line_magic("ShowTypes", "[on|off]", _switch)
def show_types(context: Context, arguments: Arguments) -> None:
    """Shows the type of a Scala cell's result before its value."""
    display = context.host.display
    if arguments.state is None:
        text = f"ShowTypes is currently {'on' if display.show_types else 'off'} "
    else:
        display.show_types = arguments.state == "on"
        text = f"Types will {'' if display.show_types else 'not '}be printed"
        text += "." if display.show_types else ""
    context.output.stream("stdout", text + "\n")


@cell_magic("Html", raw=True)
def html(context: Context, arguments: Arguments) -> Bundle:
    """Shows the cell's text as HTML."""
    return {"text/html": _all(context, arguments)}


@cell_magic("JavaScript", raw=True)
def javascript(context: Context, arguments: Arguments) -> Bundle:
    """Runs the cell's text as JavaScript in the front end."""
    return {"application/javascript": _all(context, arguments)}


def _all(context: Context, arguments: Arguments) -> str:
    return "\n".join(part for part in (arguments.line, context.body) if part)


@line_magic("tb")
def full_traceback(context: Context, arguments: Arguments) -> None:
    """Shows the whole stack trace of the last error."""
    failure = context.host.last_failure
    if failure is None:
        text = "There was no error yet."
    else:
        text = failure.detail or "\n".join(failure.traceback)
    context.output.stream("stderr", text + "\n")


BUILT_IN: tuple[Magic, ...] = (
    ls_magic,
    show_types,
    html,
    javascript,
    full_traceback,
)
