"""The conductor: owns the interpreters, the companion and the magics, and runs parsed cells.

One host is one workspace. The kernel (a door) hands it cells and an `Output`; it knows nothing of
Jupyter's messages.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Mapping
from pathlib import Path

from . import cell as cells
from .analysis import Analysis
from .companion.companion import Companion
from .config import Config
from .display import Settings
from .errors import MagicError
from .interpreters.base import Failed, Interpreter, Ok, Output, Result
from .interpreters.services import IPython, Language
from .magics import Arguments, Context, Given, Magic, Table, bridge
from .magics.builtin import BUILT_IN
from .magics.dependencies import DEPENDENCIES
from .magics.session import SESSION
from .magics.sharing import SHARING
from .sharing import Sharing
from .workspace import Workspace


class Host:
    """Runs cells of every language; see `run`."""

    def __init__(self, config: Config, ipython: IPython, languages: Mapping[str, Language]) -> None:
        self.config = config
        self.ipython = ipython
        self.companion = Companion(config)
        self.workspace = Workspace(config, languages, self.companion, ipython)
        self.magics = Table((*BUILT_IN, *DEPENDENCIES, *SESSION, *SHARING))
        self.analysis = Analysis(self.workspace, self.magics, config.language)
        self.last_failure: Failed | None = None

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
        row = self.language
        if self.config.initialization_mode == "eager" or (row and row.needs_jvm):
            with contextlib.suppress(Exception):
                self.companion.start()
        if row:
            self.workspace.interpreter(row.name)
        ipython = self.workspace.ipython
        bridge.register(
            self.ipython.shell,
            self.magics,
            lambda body: Context(self, self.ipython.output, ipython.language, body),
        )

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
        cell = self.parse(text)
        if cell.magic is not None:
            return await self._run_cell_magic(cell, output)
        assert cell.language is not None
        interpreter = self.workspace.interpreter(cell.language)
        options, length = interpreter.parse_options(cell.options)
        calls = self._resolve(cell.before + cell.after)
        context = Context(self, output, cell.language)
        result: Result = Ok()
        for call in cell.before:
            result = await self._run_line(call, calls, context)
            if not isinstance(result, Ok):
                return result
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
            shown = await self._run_line(call, calls, context)
            result = shown if not isinstance(shown, Ok) or shown.data else result
        return result

    async def _execute(
        self, interpreter: Interpreter, body: str, output: Output, options: Mapping[str, object]
    ) -> Result:
        with self.workspace.cells.running(interpreter.language, output, interpreter.interrupt):
            visit = self.sharing.before(interpreter, body)
            result = await interpreter.execute(body, output, **options)
            result = self.sharing.after(visit, result, output)
        if isinstance(result, Failed):
            self.last_failure = result
        return result

    def _resolve(
        self, calls: tuple[cells.MagicCall, ...]
    ) -> dict[cells.MagicCall, tuple[Magic, Arguments]]:
        """Finds every magic of a cell and parses its arguments, before anything runs."""
        lines = [call for call in calls if call.kind == "line"]
        unknown = [c.name for c in lines if self._line_magic(c.name) is None]
        if unknown:
            raise MagicError(
                f"Magics [{', '.join(unknown)}] do not exist!",
                advice="%LsMagic lists those that do.",
            )
        found: dict[cells.MagicCall, tuple[Magic, Arguments]] = {}
        for call in lines:
            magic = self._line_magic(call.name)
            assert magic is not None
            found[call] = (magic, magic.parse(call.arguments))
        return found

    def _line_magic(self, name: str) -> Magic | None:
        return self.magics.find("line", name)

    async def _run_line(
        self,
        call: cells.MagicCall,
        calls: dict[cells.MagicCall, tuple[Magic, Arguments]],
        context: Context,
    ) -> Result:
        if call.kind == "shell":
            return await self.workspace.ipython.execute("!" + call.arguments, context.output)
        magic, arguments = calls[call]
        return _as_result(await magic(context, arguments))

    async def _run_cell_magic(self, cell: cells.Cell, output: Output) -> Result:
        call = cell.magic
        assert call is not None
        magic = self.magics.find("cell", call.name)
        theirs = self.language is not None and self.language.ipython
        if self.ipython.shell.find_cell_magic(call.name) is not None and (
            theirs or (magic is None and call.name in NEUTRAL)
        ):
            text = cell.body if theirs else f"%%{call.name} {call.arguments}\n{call.body}"
            return await self._execute(self.workspace.ipython, text, output, {})
        if magic is None:
            raise MagicError(
                f"Magic {call.name} does not exist!", advice="%LsMagic lists those that do."
            )
        arguments = magic.parse(call.arguments)
        context = Context(self, output, self.config.language, call.body)
        return _as_result(await magic(context, arguments))

    # ---------------------------------------------------------------- life

    def interrupt(self) -> None:
        """Stops the running cells, from any thread."""
        self.workspace.cells.stop()

    def restart(self, language: str) -> str:
        return self.workspace.restart(language)

    def logs(self) -> dict[str, Path]:
        return self.workspace.logs()

    def close(self) -> None:
        self.workspace.close()
        self.companion.close()


#: IPython's cell magics that mean the same in a notebook of any language.
NEUTRAL = frozenset(
    (
        "bash",
        "file",
        "html",
        "HTML",
        "javascript",
        "js",
        "latex",
        "markdown",
        "perl",
        "ruby",
        "script",
        "sh",
        "svg",
        "SVG",
        "sx",
        "system",
        "writefile",
    )
)


def _as_result(value: Given) -> Result:
    if isinstance(value, Result):
        return value
    return Ok(value or None)
