"""The magics of shared names: what there is, where it is to be seen, and the switches."""

from __future__ import annotations

from ..errors import MagicError
from ..interpreters.base import Bundle
from ..preview import Preview, counted
from ..variables import CODE
from . import ArgumentParser, Arguments, Context, line_magic


@line_magic("Shared")
def shared(context: Context, arguments: Arguments) -> Bundle:
    """Lists the shared names: type, the language that assigned each last, where it is visible."""
    sharing = context.host.sharing
    rows = []
    for row in sharing.variables:
        if row.kind in CODE:
            continue
        private = sharing.variables.is_private(row.name)
        visible = ", ".join(sharing.title(language) for language in row.visible)
        note = "unshared" if private else f"not shareable: {row.reason}" if row.reason else ""
        rows.append([row.name, row.type, sharing.title(row.owner), visible, row.size, note])
    columns = [(name, "") for name in ("name", "type", "owner", "visible in", "size", "note")]
    state = "" if sharing.enabled else "Sharing is off (%share on)."
    return Preview(columns, rows, note=state or counted(len(rows), "name")).bundle()


def _share_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", help="on, off, or a name")
    parser.add_argument("--to", metavar="LANGUAGE", help="brings the name over at once")


@line_magic("Share", "[on|off] | NAME [--to LANGUAGE]", _share_arguments)
def share(context: Context, arguments: Arguments) -> None:
    """Switches the sharing of names, shares a name again, or brings it to a language now."""
    sharing = context.host.sharing
    name = arguments.name
    if arguments.to is not None:
        if name is None:
            raise MagicError("%share: --to needs a name before it.", advice="%share NAME --to r")
        sharing.variables.keep_private(name, False)
        language = context.host.language_of(arguments.to)
        if problem := sharing.bring(name, language):
            raise MagicError(problem)
        context.output.stream("stdout", f"{name} is now in {sharing.title(language)}.\n")
    elif name is None or name.lower() in ("on", "off"):
        if name is not None:
            sharing.enabled = name.lower() == "on"
        context.output.stream("stdout", f"Sharing is {'on' if sharing.enabled else 'off'}.\n")
    else:
        _known(context, name)
        sharing.variables.keep_private(name, False)
        context.output.stream("stdout", f"{name} is shared.\n")


@line_magic("Unshare", "NAME", lambda parser: parser.add_argument("name"))
def unshare(context: Context, arguments: Arguments) -> None:
    """Keeps a name in its own language; copies of it elsewhere are taken back at their next use."""
    _known(context, arguments.name)
    context.host.sharing.variables.keep_private(arguments.name)
    context.output.stream("stdout", f"{arguments.name} is shared no more.\n")


def _known(context: Context, name: str) -> None:
    row = context.host.sharing.variables.find(name)
    if row is None or row.deleted:
        raise MagicError(f"No language has shared a name {name!r}.")


SHARING = (shared, share, unshare)
