"""The built-in magics: one function a row, with Apache Toree's names and words."""

from __future__ import annotations

from ..interpreters.base import Bundle
from . import ArgumentParser, Arguments, Context, Magic, cell_magic, line_magic


def _switch(parser: ArgumentParser) -> None:
    parser.add_argument("state", nargs="?", type=str.lower, choices=("on", "off"))


@line_magic("LsMagic")
def ls_magic(context: Context, arguments: Arguments) -> None:
    """Lists the magics, with what each is for."""
    context.host.magics.load_plugins()
    rows = sorted(context.host.magics, key=lambda row: row.name.lower())
    lines = [(f"%{row.name.lower()}", row.summary) for row in rows if row.kind == "line"]
    cells = [(f"%%{row.name.lower()}", row.summary) for row in rows if row.kind == "cell"]
    for language in context.host.languages.values():
        cells += [
            (f"%%{name}", f"Runs the cell as {language.title}.")
            for name in (language.name, *language.aliases)
        ]
    text = (
        f"Available line magics:\n{_table(lines)}\n\n"
        f"Available cell magics:\n{_table(sorted(cells))}\n\n"
        "IPython's magics work in every language too, those about Python code in Python cells.\n"
        "Type %<magic_name>? for usage info.\n"
    )
    context.output.stream("stdout", text)


def _table(rows: list[tuple[str, str]]) -> str:
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:{width}}  {text}".rstrip() for name, text in rows)


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


@line_magic("ShowOutput", "[on|off]", _switch)
def show_output(context: Context, arguments: Arguments) -> None:
    """Shows what cells print to stdout, or not; results and errors are shown always."""
    display = context.host.display
    if arguments.state is None:
        text = f"ShowOutput is currently {'on' if display.show_output else 'off'} "
    else:
        display.show_output = arguments.state == "on"
        text = f"Console output {'WILL' if display.show_output else 'will NOT'} be shown."
    context.output.stream("stdout", text + "\n")


@line_magic("Truncation", "[on|off]", _switch)
def truncation(context: Context, arguments: Arguments) -> None:
    """Cuts long values of tables short, or not."""
    display = context.host.display
    if arguments.state is None:
        text = f"Truncation is currently {'on' if display.truncate else 'off'} "
    else:
        display.truncate = arguments.state == "on"
        text = f"Output {'WILL be truncated.' if display.truncate else 'will NOT be truncated'}"
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
    show_output,
    truncation,
    html,
    javascript,
    full_traceback,
)
