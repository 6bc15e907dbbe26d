"""`toree exec` and `toree sql`: a kernel from the command line, for scripts, pipes and CI.

The exit code says how it went: 0 well, 1 the code failed, 2 wrong usage, 3 no kernel or no line
to it, 124 too late (`--timeout`), 130 stopped by Ctrl-C, 141 nobody reads the output any more.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import getpass
import os
import re
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from jupyter_client.connect import find_connection_file

from . import formats
from .client import AsyncClient
from .errors import ClientError, ExecutionError, ExecutionTimeout, UnknownLanguage
from .events import Display, Error, Event, Progress, Result, Stream
from .execution import AsyncExecution

FAILED, USAGE, UNREACHABLE, LATE, STOPPED, UNREAD = 1, 2, 3, 124, 130, 141

LANGUAGES = {".scala": "scala", ".sc": "scala", ".py": "python", ".sql": "sql", ".r": "r"}
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
#: A text that can only be the name of a script; in code a name may have a member `r` or `sql`.
_FILE = re.compile(r"\S*(/\S*|\.(scala|sc|py))\Z")


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser("toree", description="Uses a kernel from the command line.")
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser("exec", help="runs code and prints what it prints, and its value")
    run.add_argument("code", nargs="?", help="code, a file of it, or - for standard input")
    run.add_argument("-l", "--language", help="default: by the file's suffix, else the kernel's")
    query = commands.add_parser("sql", help="runs a query and prints its rows")
    query.add_argument("code", nargs="?", help="a query, a file of it, or - for standard input")
    query.add_argument("-f", "--format", choices=formats.FORMATS, default="table")
    query.add_argument(
        "-p", "--param", action="append", default=[], metavar="NAME=VALUE", help="value of :NAME"
    )
    watch = commands.add_parser(
        "mcp", help="serves names, tables and a session to agents, on stdin and stdout"
    )
    watch.add_argument("--read-only", action="store_true", help="agents can run no cells")
    for command in (run, query, watch):
        where = command.add_argument_group("which kernel")
        where.add_argument(
            "-k", "--kernel", help="a kernel spec to start; of a server, also a running one's id"
        )
        where.add_argument("-e", "--existing", metavar="FILE", help="connection file of one")
        where.add_argument("-u", "--url", help="of a Jupyter server or Kernel Gateway")
        where.add_argument("--token", help="the server's; default: $TOREE_TOKEN")
        where.add_argument("--spark-opts", default="", help="spark-submit's, for a new kernel")
    for command in (run, query):
        command.add_argument("--timeout", type=float, metavar="SECONDS", help="then it is stopped")
    return made


def main(argv: Sequence[str] | None = None) -> None:
    arguments = parser().parse_args(argv)
    if arguments.existing and (arguments.url or arguments.kernel):
        parser().error("--existing names the kernel: no --kernel or --url beside it")
    try:
        code = asyncio.run(Command(arguments).run())
        sys.stdout.flush()
    except BrokenPipeError:
        # Python would complain once more as it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = UNREAD
    except (asyncio.CancelledError, KeyboardInterrupt):
        code = STOPPED
    sys.exit(code)


class Command:
    """One call of the command line."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.stopped = False
        self._execution: AsyncExecution | None = None
        self._task: asyncio.Task[object] | None = None

    async def run(self) -> int:
        self._task = asyncio.current_task()
        with contextlib.suppress(NotImplementedError):  # Windows
            asyncio.get_running_loop().add_signal_handler(signal.SIGINT, self._pressed)
        try:
            if self.arguments.command == "mcp":
                return await self._mcp()
            code, language = self._code()
            async with await self._client() as client:
                if self.arguments.command == "sql":
                    return await self._sql(client, code)
                return await self._exec(client, code, self.arguments.language or language)
        except ExecutionTimeout as error:
            return self._say(error, LATE)
        except ExecutionError as error:
            report = error.report if self.arguments.command == "exec" else str(error)
            print(report, file=sys.stderr)
            return STOPPED if self.stopped else FAILED
        except UnknownLanguage as error:
            return self._say(error, USAGE)
        except ClientError as error:
            return self._say(error, UNREACHABLE)

    def _say(self, error: Exception, code: int) -> int:
        print(f"toree: {error}", file=sys.stderr)
        return code

    def _pressed(self) -> None:
        """Ctrl-C: stops what runs; a second one, or nothing running, ends this program."""
        execution = self._execution
        if execution is None or execution.done or self.stopped:
            assert self._task is not None
            self._task.cancel()
        else:
            self.stopped = True
            self._stopping = asyncio.ensure_future(execution.cancel())

    def _code(self) -> tuple[str, str | None]:
        given = self.arguments.code
        if given is None and sys.stdin.isatty():
            parser().error("no code: give some, a file, or - for standard input")
        try:
            if given in (None, "-"):
                return sys.stdin.read(), None
            path, is_file = Path(given), False
            with contextlib.suppress(OSError, ValueError):  # code may be no possible path
                is_file = path.is_file()
            language = LANGUAGES.get(path.suffix.lower())
            if is_file:
                return path.read_text(encoding="utf-8"), language
        except (OSError, UnicodeDecodeError) as error:
            parser().error(f"{given or '-'} can't be read: {error}")
        if language and _FILE.match(given):
            parser().error(f"there is no file {given}")
        return given, None

    async def _client(self) -> AsyncClient:
        given = self.arguments
        if given.url:
            token = given.token or os.environ.get("TOREE_TOKEN")
            return await AsyncClient.connect(
                given.url, token=token, kernel=given.kernel, spark_opts=given.spark_opts
            )
        if given.existing:
            with contextlib.suppress(OSError):  # its name is enough, as for other programs
                given.existing = find_connection_file(given.existing)
            return await AsyncClient.connect(given.existing)
        return await AsyncClient.start(given.kernel or "toree_scala", spark_opts=given.spark_opts)

    async def _mcp(self) -> int:
        try:
            from .agents import server
            from .workbench import Workbench
        except ImportError as error:
            return self._say(
                ClientError(f"pip install 'spark-polyglot-kernel[mcp]' is needed: {error}"),
                UNREACHABLE,
            )
        async with await self._client() as client, Workbench(client) as workbench:
            given = None if self.arguments.read_only else workbench
            await server(client, given).run_stdio_async()
        return 0

    # ---------------------------------------------------------------- exec

    async def _exec(self, client: AsyncClient, code: str, language: str | None) -> int:
        self._execution = execution = client.execute(
            code, language=language, timeout=self.arguments.timeout, on_input=_input
        )
        try:
            async for event in execution:
                show(event)
        except BrokenPipeError:
            await execution.cancel()
            raise
        await execution.result()
        return STOPPED if self.stopped else 0

    # ---------------------------------------------------------------- sql

    async def _sql(self, client: AsyncClient, query: str) -> int:
        parameters = {}
        for given in self.arguments.param:
            name, found, value = given.partition("=")
            if not found or not name.isidentifier():
                parser().error(f"--param {given}: NAME=VALUE is expected")
            parameters[name] = formats.literal(value)
        write = formats.writer(self.arguments.format, sys.stdout)
        source = client.batches(query=query, parameters=parameters)

        async def rows() -> None:
            async with contextlib.aclosing(source):
                async for batch in source:
                    write.batch(batch)
            write.end()

        try:
            await asyncio.wait_for(rows(), self.arguments.timeout)
        except (TimeoutError, asyncio.TimeoutError):
            seconds = self.arguments.timeout
            raise ExecutionTimeout("Timeout", f"it took longer than {seconds:g} s") from None
        return 0


def show(event: Event) -> None:
    """An event as a terminal shows it; errors come at the end."""
    match event:
        case Stream("stderr", text):
            print(_plain(text, sys.stderr), end="", file=sys.stderr, flush=True)
        case Stream(_, text):
            print(_plain(text, sys.stdout), end="", flush=True)
        case Progress() | Error():
            pass
        case Result(data) | Display(data):
            shown = data.get("text/plain", f"<{', '.join(data)}>")
            print(_plain(str(shown), sys.stdout))


def _plain(text: str, where: TextIO) -> str:
    return text if where.isatty() else _COLOURS.sub("", text)


async def _input(prompt: str, password: bool) -> str:
    """A line of standard input, asked for on stderr: stdout is the program's output."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[str] = loop.create_future()

    def answered(line: str) -> None:
        if not answer.done():
            answer.set_result(line)

    def read() -> None:
        if sys.stdin.isatty() and password:
            line = getpass.getpass(prompt) + "\n"
        else:
            print(prompt, end="", file=sys.stderr, flush=True)
            line = sys.stdin.readline()
        with contextlib.suppress(RuntimeError):  # the program has ended meanwhile
            loop.call_soon_threadsafe(answered, line)

    # A daemon: a program that is stopped must not wait for a line that nobody types.
    threading.Thread(target=read, daemon=True).start()
    line = await answer
    if not line:
        raise EOFError
    return line.rstrip("\n")


if __name__ == "__main__":
    main()
