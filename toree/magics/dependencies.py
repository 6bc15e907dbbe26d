"""Jars and packages while the session runs: `%AddJar`, `%AddDeps`. The JVM does the work."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from ..errors import MagicError, ToreeError
from ..foreign import JavaObject
from ..interpreters.base import Failed, Ok, Result
from ..lines import new_id
from ..running import stopped
from . import ArgumentParser, Arguments, Context, Magic, jars, line_magic

_SHORT = re.compile(r"([\w.-]+)(::?|/)([\w.-]+):([^\s:]+)")


def _add_jar_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("url", help="a .jar or .zip: a path, or a URL of any file system")
    parser.add_argument("-f", dest="force", action="store_true", help="fetch it again")
    parser.add_argument("--magic", action="store_true", help="its magics and listeners, too")


@line_magic("AddJar", "URL [-f] [--magic]", _add_jar_arguments)
def add_jar(context: Context, arguments: Arguments) -> Result:
    """Adds a jar to the compiler, the running cells and the executors.

    A path, or a URL of http, https, file, hdfs, s3a, gs and whatever else Hadoop has a file system
    for. A checksum may follow: `https://host/a.jar#sha256=...`.
    """
    result = add(context, arguments.url, bool(arguments.force))
    if arguments.magic and isinstance(result, Ok):
        companion = context.host.companion
        found, faults = jars.found(lambda: str(companion.ask("magics")), in_jvm)
        context.host.add_magics(found)
        for fault in faults:
            context.output.stream("stderr", f"{fault}\n")
        names = ", ".join(f"{row.sign}{row.name}" for row in found) or "no magic"
        context.output.stream("stdout", f"Added {names}\n")
    return result


def add(context: Context, url: str, force: bool = False) -> Result:
    """Fetches a jar and adds it to every class path."""
    text, place = location(url), context.host.workspace_name
    return in_jvm(context, lambda entry, cell: entry.addJar(place, cell, text, force))


def location(text: str) -> str:
    """A path or a URL as the JVM takes it.

    Raises:
        MagicError: it names no jar.
    """
    parts = urlsplit(text)
    local = len(parts.scheme) < 2  # C:\jars
    path = Path(text).expanduser().resolve() if local else Path(unquote(parts.path))
    if path.suffix.lower() not in (".jar", ".zip"):
        raise MagicError(f"{text} is no jar.", advice="Its name must end in .jar or .zip.")
    if local or parts.scheme == "file":
        if not path.is_file():
            raise MagicError(f"There is no file {path}.")
        fragment = "" if local else parts.fragment
        return path.as_uri() + (f"#{fragment}" if fragment else "")
    return urlunsplit(parts._replace(path=quote(parts.path, safe="/%:@!$&'()*+,;=~")))


def _add_deps_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "coordinates",
        nargs="+",
        metavar="COORDINATE",
        help="group artifact version, or group:artifact:version (:: for Scala's own suffix)",
    )
    parser.add_argument(
        "--transitive",
        action="store_true",
        default=None,
        help="with what it depends on; the short form does so by itself",
    )
    parser.add_argument("--no-transitive", dest="transitive", action="store_false")
    parser.add_argument(
        "--exclude", action="append", default=[], metavar="GROUP[:ARTIFACT]", help="leave it out"
    )
    parser.add_argument(
        "--repository", action="append", default=[], metavar="URL", help="asked before the others"
    )
    parser.add_argument(
        "--credential",
        "--credentials",
        action="append",
        default=[],
        metavar="FILE",
        help="a file with lines host=, user=, password=",
    )
    parser.add_argument("--classifier", metavar="NAME", help="such as tests, or linux-x86_64")
    parser.add_argument(
        "--ivy-configuration", dest="configuration", metavar="NAME", help="instead of runtime"
    )
    parser.add_argument(
        "--abort-on-resolution-errors",
        dest="abort",
        action="store_true",
        help="add nothing when a dependency is missing",
    )
    parser.add_argument("--verbose", action="store_true", help="say what is done")
    parser.add_argument("--trace", action="store_true", help="say all of it")


@line_magic(
    "AddDeps",
    "GROUP ARTIFACT VERSION | GROUP:ARTIFACT:VERSION ... [options]",
    _add_deps_arguments,
)
def add_deps(context: Context, arguments: Arguments) -> Result:
    """Adds a package from Maven repositories, as `spark-submit --packages` would have.

    It can be imported in the next line of the same cell, and is there for all languages and for
    the executors. `group::artifact:version` takes the artifact of Spark's Scala version.
    """
    result: Result = Ok()
    for wanted in coordinates(arguments):
        result = _add(context, arguments, wanted)
        if not isinstance(result, Ok):
            break
    return result


def add_coordinates(context: Context, words: Iterable[str]) -> Result:
    """Adds packages with what they depend on."""
    return add_deps.run(context, add_deps.parse(" ".join(words)))  # type: ignore[return-value]


def configured(context: Context) -> list[Magic]:
    """The magics of the jars that the configuration names (`MAGIC_URLS`)."""
    for url in context.host.config.magic_urls:
        try:
            result = add(context, url)
        except ToreeError as error:
            result = Failed(error.ename, str(error))
        if isinstance(result, Failed):
            context.output.stream("stderr", f"Magics of {url}: {result.message}\n")
    found, faults = jars.found(lambda: str(context.host.companion.ask("magics")), in_jvm)
    context.output.stream("stderr", "".join(f"{fault}\n" for fault in faults))
    return found


@dataclasses.dataclass(frozen=True)
class Coordinate:
    """What Maven calls a package."""

    group: str
    artifact: str
    version: str
    scala: bool  # Scala's binary version is added to the artifact's name
    transitive: bool


def coordinates(arguments: Arguments) -> list[Coordinate]:
    """The packages a call names.

    Raises:
        MagicError: it names none, or half of one.
    """
    words = arguments.coordinates
    if len(words) == 3 and not any(":" in word for word in words[:2]):
        group, artifact, version = words
        return [Coordinate(group, artifact, version, False, bool(arguments.transitive))]
    return [_short(word, arguments.transitive) for word in words]


def _short(word: str, transitive: bool | None) -> Coordinate:
    found = _SHORT.fullmatch(word)
    if found is None:
        raise MagicError(
            f"%AddDeps: {word!r} is no coordinate.",
            advice="Write group:artifact:version, group::artifact:version for the artifact of "
            "Spark's Scala version, or: group artifact version.",
        )
    group, colons, artifact, version = found.groups()
    return Coordinate(group, artifact, version, colons == "::", transitive is not False)


def _add(context: Context, arguments: Arguments, wanted: Coordinate) -> Result:
    config = context.host.config
    files = (*arguments.credential, *config.credentials)
    repositories, credentials = [], [_credential(path) for path in files]
    for url in (*arguments.repository, *config.repositories):
        plain, own = _without_user(url)
        repositories.append(plain)
        credentials += own
    request = json.dumps(
        {
            **dataclasses.asdict(wanted),
            **{
                name: getattr(arguments, name)
                for name in ("exclude", "classifier", "configuration", "verbose", "trace", "abort")
            },
            "repository": repositories,
            "credentials": credentials,
        }
    )
    place = context.host.workspace_name
    return in_jvm(context, lambda entry, cell: entry.addPackage(place, cell, request))


def _without_user(url: str) -> tuple[str, list[dict[str, str]]]:
    """A repository's address, and the user and password that may stand in it."""
    parts = urlsplit(url)
    if len(parts.scheme) < 2:
        return Path(url).expanduser().resolve().as_uri(), []
    if parts.username is None:
        return url, []
    host = parts.netloc.rpartition("@")[2]
    user = {
        "host": host,
        "user": unquote(parts.username),
        "password": unquote(parts.password or ""),
    }
    return urlunsplit(parts._replace(netloc=host)), [user]


def _credential(name: str) -> dict[str, str]:
    """A file as Ivy, Coursier and Toree write it: `host=`, `user=`, `password=`, one a line."""
    path = Path(name).expanduser()
    try:
        found = dict(_properties(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise MagicError(f"%AddDeps: {path} can't be read: {error}") from error
    user = found.get("user") or found.get("username")
    if not (found.get("host") and user and "password" in found):
        raise MagicError(
            f"%AddDeps: {path} has no credentials.",
            advice="It needs the lines host=..., user=... and password=....",
        )
    return {"host": found["host"], "user": user, "password": found["password"]}


def _properties(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        name, sign, value = line.partition("=")
        if sign and not line.lstrip().startswith("#"):
            yield name.strip().lower(), value.strip()


def in_jvm(context: Context, call: Callable[[JavaObject, str], str]) -> Result:
    """Makes a call to the JVM that prints into the cell and may be stopped.

    It runs under an id of its own: the cell itself may be running in the JVM (`kernel.magics`).
    """
    cell, host = new_id(), context.host
    try:
        outcome = host.companion.run(
            cell, context.output, lambda entry: call(entry, cell), host.workspace_name
        )
    except KeyboardInterrupt:
        return stopped()
    if outcome["status"] == "ok":
        return Ok(outcome.get("result") or None)
    if outcome["status"] != "error":  # it has ended, or is left to itself
        return stopped()
    return Failed(
        outcome["name"],
        outcome["message"],
        outcome["traceback"],
        detail=outcome.get("detail") or "",
    )


DEPENDENCIES = (add_jar, add_deps)
