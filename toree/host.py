"""The conductor: owns the interpreters and the magics of a workspace, and runs parsed cells.

One host is one workspace; the companion is shared by all. The kernel (a door) hands it cells and an
`Output`; it knows nothing of Jupyter's messages.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

from . import cell as cells
from .analysis import Analysis
from .commons import Commons
from .companion import MAIN
from .config import Config
from .display import Hushed, Settings, silence
from .errors import ToreeError
from .foreign import IPythonShell
from .interpreters.base import Bundle, Failed, Interpreter, Ok, Output, Result
from .interpreters.services import IPython, Language
from .magics import Context, Magic, Sessions, Table, bridge, plugins
from .magics.ahead import Ahead
from .magics.builtin import BUILT_IN
from .magics.dependencies import DEPENDENCIES, configured
from .magics.dialects import DIALECTS
from .magics.dispatch import Dispatch
from .magics.events import Event, Kind, Listener, Listeners
from .magics.explore import EXPLORE
from .magics.session import SESSION
from .magics.sharing import SHARING
from .magics.spark import SPARK
from .running import opened, stopped
from .sharing import Sharing
from .spark.attachment import Attachment
from .workspace import Workspace

_MAGICS = (*BUILT_IN, *DEPENDENCIES, *DIALECTS, *EXPLORE, *SESSION, *SHARING, *SPARK)


class Host:
    """Runs cells of every language; see `run`."""

    def __init__(
        self,
        config: Config,
        ipython: IPython,
        languages: Mapping[str, Language],
        attachment: Attachment,
        sessions: Sessions,
        name: str = MAIN,
        commons: Commons | None = None,
    ) -> None:
        """
        Args:
            attachment: PySpark and the companion, which all hosts share; their owner ends them.
            sessions: the private workspaces beside this one.
            commons: what they share.
        """
        self.sessions = sessions
        self.config = config
        self.ipython = ipython
        self.companion = attachment.companion
        self.listeners = Listeners(self._tell)
        self.workspace = Workspace(
            config, languages, self.companion, ipython, name, attachment, commons
        )
        self.magics = Table(
            (*_MAGICS, *plugins.PLUGINS),
            lambda: plugins.found(self._tell, self.listeners.add),
        )
        self._jar_magics = bool(config.magic_urls)
        self.dispatch = Dispatch(self, lambda: self.workspace.ipython)
        self.analysis = Analysis(
            self.workspace, self.magics, config.language, self.dispatch.knows, Ahead(self).run
        )
        if name == MAIN:  # what happens beside cells is told once
            self.companion.events.happened_event = self._happened
        self.last_failure: Failed | None = None
        self.companion.events.answers(name).called_magic = self._called_magic

    @property
    def workspace_name(self) -> str:
        return self.workspace.name

    @property
    def languages(self) -> Mapping[str, Language]:
        return self.workspace.languages

    @property
    def sharing(self) -> Sharing:
        return self.workspace.sharing

    @property
    def display(self) -> Settings:
        return self.workspace.display

    @property
    def language(self) -> Language | None:
        """That of cells which name none."""
        return self.languages.get(self.config.language)

    def start(self) -> None:
        """Starts what is to be ready before the first cell; returns at once."""
        if row := self.language:
            self.workspace.interpreter(row.name)
        self._register()
        # What packages bring is looked for beside the first cells, not before them.
        threading.Thread(target=self._load_plugins, name="toree-plugins", daemon=True).start()

    def start_private(self) -> None:
        """The same of a private workspace, in which nothing waits to be used."""
        self._register()

    def _load_plugins(self) -> None:
        if self.magics.load_plugins():
            self._register()

    def _register(self) -> None:
        ipython = self.workspace.ipython

        def context(body: str) -> Context:
            for assignment in ipython.so_far():  # a magic in a cell's midst sees them
                self.sharing.assign(ipython.language, assignment)
            return Context(self, self.ipython.output, ipython.language, body)

        bridge.register(self.ipython.shell, self.magics, context)
        others = [name for name, row in self.workspace.named.items() if not row.ipython]
        bridge.register_languages(self.ipython.shell, others, context)

    def _happened(self, kind: Kind) -> None:
        """Answers the JVM, on its thread for what happens beside cells."""
        if self.listeners:
            self.listeners.tell(Event(kind))

    def more_magics(self) -> bool:
        """Loads the magics of the jars the configuration names, once; whether it just did."""
        if not self._jar_magics:
            return False
        self._jar_magics = False
        self.add_magics(configured(Context(self, self.ipython.output, self.config.language)))
        return True

    def add_listeners(self, rows: Iterable[Listener]) -> None:
        self.listeners.add(rows)

    def add_magics(self, rows: Iterable[Magic]) -> None:
        for row in rows:
            self.magics.add(row)
        self._register()

    @property
    def shell(self) -> IPythonShell:
        return self.ipython.shell

    def _called_magic(self, cell: str, name: str, line: str, body: str) -> str:
        """Answers `kernel.magics` of a running Scala cell, on the thread that serves it."""
        running = self.workspace.cells.find(cell)
        output = self.ipython.output if running is None else running.output
        magic = self.magics.find("line", name) or self.magics.find("cell", name)
        if magic is None:
            return f"there is no magic {name}"
        try:
            language = self.config.language if running is None else running.language
            context = Context(self, output, language, body)
            result = asyncio.run(magic(context, magic.parse(line)))
        except ToreeError as error:
            return str(error)
        if isinstance(result, Ok) and result.data:
            output.display(result.data, result.metadata)
        return result.message if isinstance(result, Failed) else ""

    def _tell(self, text: str) -> None:
        self.ipython.output.stream("stderr", text)

    def language_of(self, name: str) -> str:
        return self.workspace.language_of(name)

    def parse(self, text: str) -> cells.Cell:
        return self.analysis.parse(text)

    # ---------------------------------------------------------------- running

    async def run(self, text: str, output: Output) -> Result:
        """Runs one cell: checks its magics, runs them and the code between them.

        Raises:
            ToreeError: a fault that is not the user's code's; its message is for the user.
        """
        language = self.parse(text).language or "" if self.listeners else ""
        if self.listeners:
            self.listeners.tell(Event("preRunCell", language, text))
        result: Result | None = None
        try:
            # Also while a magic of it runs, which is in no language.
            with self.workspace.cells.entered("", output):
                result = await self._run(text, output)
            return result
        finally:
            if self.listeners:
                self.listeners.tell(Event("postRunCell", language, text, result))
            await self.workspace.follow(output)

    async def _run(self, text: str, output: Output) -> Result:
        if (help := self.dispatch.help(text, self.config.language)) is not None:
            output.stream("stdout", help + "\n")
            return Ok()
        cell = self.parse(text)
        if cell.magic is not None:
            with opened():
                return await self.dispatch.cell(cell, output, self.config.language)
        assert cell.language is not None
        interpreter = self.workspace.interpreter(cell.language)
        options, length = interpreter.parse_options(cell.options)
        calls = self.dispatch.resolve(cell.before + cell.after, cell.language)
        context = Context(self, output, cell.language)
        result: Result = Ok()
        for call in cell.before:
            with opened():
                result = await calls[call](context)
            if not isinstance(result, Ok):
                return result
        if cell.before:
            await self.workspace.follow(output)  # `%cd` holds in the lines below it
        body = cell.body
        if length:
            at = body.index(cell.options)
            body = body[:at] + cells.blank(body[at : at + length]) + body[at + length :]
        if body.strip() or not cell.before:
            result = await self._execute(interpreter, body, output, options)
        for call in cell.after:
            if not isinstance(result, Ok):
                break
            if result.data:
                output.display(result.data, result.metadata)
                result = dataclasses.replace(result, data=None)
            with opened():
                shown = await calls[call](context)
            result = shown if not isinstance(shown, Ok) or shown.data else result
        return result

    def explore(self, name: str, output: Output, held: str = "") -> Bundle:
        return self.workspace.explorer.explore(name, self.display.rows, output.cell, held)

    def publish(self, name: str) -> None:
        self.workspace.explorer.publish(name)

    async def execute(self, language: str, code: str, output: Output, **options: object) -> Result:
        interpreter = self.workspace.interpreter(language)
        return await self._execute(interpreter, code, output, options)

    async def _execute(
        self, interpreter: Interpreter, body: str, output: Output, options: Mapping[str, object]
    ) -> Result:
        if not self.display.show_output:
            output = Hushed(output)
        hushed = contextlib.nullcontext() if self.display.show_output else silence()
        with (
            hushed,
            self.workspace.cells.running(
                interpreter.language, output, interpreter.interrupt
            ) as running,
            running.catching_sigint(),
            self.workspace.bars.cell(output),
        ):
            visit = self.sharing.before(interpreter, body)
            try:
                result = await interpreter.execute(body, output, **options)
            except KeyboardInterrupt:  # what it had assigned is assigned
                self.sharing.after(visit, stopped(), output)
                raise
            result = self.sharing.after(visit, result, output)
        if isinstance(result, Failed):
            self.last_failure = result
            if not result.shown:
                bridge.remember(result)
        return result

    # ---------------------------------------------------------------- life

    def interrupt(self) -> None:
        """Stops the running cells, and what grids have asked, from any thread."""
        self.workspace.explorer.stop()
        self.workspace.cells.stop()

    def restart(self, language: str) -> str:
        return self.workspace.restart(language)

    def logs(self) -> dict[str, Path]:
        return self.workspace.logs()

    def close(self) -> None:
        """Closes what it has made; companion and PySpark are their owner's."""
        self.workspace.close()
