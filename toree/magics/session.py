"""Magics about the session's life: restart a language, what runs, what the logs say."""

from __future__ import annotations

import json

from .. import __version__, logs
from ..companion import MAIN
from ..errors import MagicError
from . import ArgumentParser, Arguments, Context, Host, Magic, line_magic


def _language(parser: ArgumentParser) -> None:
    parser.add_argument("language", help="scala, python, sql, r or spark")


@line_magic("restart", "LANGUAGE", _language)
def restart(context: Context, arguments: Arguments) -> None:
    """Restarts one language and keeps the others; `%restart spark` starts a fresh session."""
    context.output.stream("stdout", context.host.restart(arguments.language) + "\n")


@line_magic("info")
def info(context: Context, arguments: Arguments) -> None:
    """Shows versions, master, application, executors, queue, UI and history, memory, logs."""
    rows = list(facts(context.host))
    width = max(len(name) for name, _ in rows)
    text = "".join(f"{name:{width}}  {value}\n" for name, value in rows)
    context.output.stream("stdout", text)


def facts(host: Host) -> list[tuple[str, str]]:
    """What `%info` shows, in its order; asks the JVM only if there is one."""
    companion = host.companion
    rows = [("Toree", __version__)]
    if not companion.ready:
        return [*rows, ("Spark", "not started"), *log_rows(host)]
    found = json.loads(companion.ask("info"))
    megabytes = [f"{found[key] / 2**20:,.0f} MB" for key in ("memoryUsed", "memoryMax")]
    rows += [(name.title(), found[name]) for name in ("spark", "scala", "java")]
    if found["sparkReady"]:
        rows += [("Master", found["master"]), ("Application", found["appId"])]
        rows += [("Spark UI", found["uiUrl"] or "switched off")]
        rows += [(name, value) for name, value in found["cluster"]]
    elif found.get("sparkFailure"):
        rows += [("Session", f"did not start: {found['sparkFailure']}")]
    else:
        rows += [("Session", "stopped" if found["sparkStopped"] else "none yet")]
    rows += [
        ("Memory", f"{megabytes[0]} of {megabytes[1]} (spark.driver.memory)"),
        ("Process", f"JVM {found['pid']}"),
    ]
    return [*rows, *log_rows(host)]


def log_rows(host: Host) -> list[tuple[str, str]]:
    return [(f"Log, {name}", str(path)) for name, path in host.logs().items()]


def _lines(parser: ArgumentParser) -> None:
    parser.add_argument("lines", nargs="?", type=int, default=30, help="how many of each log")


@line_magic("logs", "[LINES]", _lines)
def show_logs(context: Context, arguments: Arguments) -> None:
    """Shows the end of the logs of the JVM and of R."""
    if arguments.lines < 1:
        raise MagicError("%logs: LINES must be at least 1.")
    text = ""
    for name, path in context.host.logs().items():
        lines = logs.tail(path, arguments.lines)
        text += f"{name}: {path}\n" + "".join(f"    {line}\n" for line in lines)
    context.output.stream("stdout", text or "There is no log yet.\n")


def _switch(parser: ArgumentParser) -> None:
    parser.add_argument("state", nargs="?", type=str.lower, choices=("on", "off"))


@line_magic("progress", "[on|off]", _switch)
def progress(context: Context, arguments: Arguments) -> None:
    """Shows or hides how far the Spark jobs of a cell are."""
    display = context.host.display
    if arguments.state is not None:
        display.progress = arguments.state == "on"
    context.output.stream("stdout", f"Progress is {'on' if display.progress else 'off'}.\n")


def _session_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", help="of a private session; main: the one all share")
    parser.add_argument("--end", action="store_true", help="end it, with all it has")


@line_magic("session", "[NAME] [--end]", _session_arguments)
def session(context: Context, arguments: Arguments) -> None:
    """Runs this notebook's next cells in a private session: names, views and settings of its own.

    One that is there is entered, whoever made it. Without a name: lists them.
    """
    host, name = context.host, arguments.name
    if name is None and not arguments.end:
        here = host.workspace_name
        lines = [f"{'*' if n == here else ' '} {n}\n" for n in (MAIN, *host.sessions.names())]
        context.output.stream("stdout", "".join(lines))
    elif arguments.end:
        name = name or host.workspace_name
        host.sessions.end(name)
        context.output.stream("stdout", f"Session {name} has ended.\n")
    else:
        host.sessions.enter(name)
        said = "with all the others" if name == MAIN else f"in session {name}"
        context.output.stream("stdout", f"From the next cell on this notebook runs {said}.\n")


SESSION: tuple[Magic, ...] = (restart, info, show_logs, progress, session)
