"""The built-in magics: one function a row, with Apache Toree's names and words."""

from __future__ import annotations

import shutil
import tempfile
import urllib.request
import zipfile
from pathlib import Path
from urllib.parse import urlparse

from ..errors import MagicError
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


def _add_jar_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("url", help="a .jar or .zip: a path, or a URL Spark can read")
    parser.add_argument("-f", dest="force", action="store_true", help="fetch it again")
    parser.add_argument("--magic", action="store_true", help="kept for Toree's notebooks")


@line_magic("AddJar", "URL [-f]", _add_jar_arguments)
def add_jar(context: Context, arguments: Arguments) -> None:
    """Adds a jar to the compiler, the running cells, and the executors."""
    name = Path(urlparse(arguments.url).path).name
    if not name.endswith((".jar", ".zip")):
        raise MagicError(f"{arguments.url} is no jar.", advice="Its name must end in .jar or .zip.")
    path = _local(context, arguments.url, name, arguments.force)
    if not zipfile.is_zipfile(path):
        raise MagicError(f"{path} is not a valid jar or zip file.")
    context.host.companion.ask("addJars", "main", [str(path)])


def _local(context: Context, url: str, name: str, force: bool) -> Path:
    """The jar as a local file, fetched at most once a session."""
    parsed = urlparse(url)
    if parsed.scheme in ("", "file"):
        path = Path(parsed.path).expanduser().resolve()
        if not path.is_file():
            raise MagicError(f"There is no file {path}.")
        return path
    folder = context.host.jar_folder
    target = folder / name
    if target.exists() and not force:
        context.output.stream("stdout", f"Using cached version of {name}\n")
        return target
    context.output.stream("stdout", f"Starting download from {url}\n")
    try:
        if parsed.scheme in ("http", "https", "ftp"):
            with (
                urllib.request.urlopen(url, timeout=60) as source,
                tempfile.NamedTemporaryFile(dir=folder, delete=False) as part,
            ):
                shutil.copyfileobj(source, part)
            Path(part.name).replace(target)
        else:
            context.host.companion.ask("fetch", url, str(target))
    except Exception as error:
        raise MagicError(f"{url} could not be fetched: {error}") from error
    context.output.stream("stdout", f"Finished download of {name}\n")
    return target


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
    add_jar,
    html,
    javascript,
    full_traceback,
)
