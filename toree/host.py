"""The conductor: owns the interpreters, the companion and the magics, and runs parsed cells.

One host is one workspace. The kernel (a door) hands it cells and an `Output`; it knows nothing of
Jupyter's messages.
"""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from . import cell as cells
from . import registry, wire
from .analysis import Analysis
from .companion.companion import Companion
from .config import Config
from .errors import MagicError
from .interpreters.base import (
    Failed,
    Interpreter,
    Ok,
    Output,
    Result,
)
from .interpreters.jvm.variables import for_jvm
from .magics import Arguments, Context, Magic, Table
from .magics.builtin import BUILT_IN
from .magics.session import SESSION
from .magics.sharing import SHARING
from .sharing import Sharing

if TYPE_CHECKING:
    from .interpreters.python.interpreter import PythonInterpreter
    from .spark.frames import Frames


class IPython(Protocol):
    """What the Python interpreter needs of the kernel process it lives in."""

    @property
    def shell(self) -> Any:
        """The IPython shell."""

    @property
    def output(self) -> Output:
        """The output of the Python cell that runs."""

    async def run(self, code: str) -> dict[str, Any]:
        """Runs a cell as ipykernel does; the content of its execute_reply."""

    def complete(self, code: str, cursor: int) -> dict[str, Any]: ...

    def inspect(self, code: str, cursor: int, detail: int) -> dict[str, Any]: ...

    def is_complete(self, code: str) -> dict[str, Any]: ...


@dataclasses.dataclass
class Display:
    """What `%ShowTypes` and its like have set for the cells to come."""

    show_types: bool = False
    show_output: bool = True
    truncate: bool = True
    rows: int = 20


class Host:
    """Runs cells of every language; see `run`."""

    def __init__(self, config: Config, ipython: IPython) -> None:
        self.config = config
        self.ipython = ipython
        self.companion = Companion(config)
        self.analysis = Analysis(self)
        self.display = Display(rows=config.rows)
        self.languages = registry.languages()
        self.magics = Table((*BUILT_IN, *SESSION, *SHARING))
        self.last_failure: Failed | None = None
        titles = {row.name: row.title for row in self.languages.values()}
        self.sharing = Sharing(self.interpreter, titles)
        self._life = self.companion.life
        self.companion.events.shared_value = self._shared
        self.companion.events.shared_names = self.sharing.names
        self.names = registry.magic_names(self.languages)
        self._interpreters: dict[str, Interpreter] = {}
        self._running: Interpreter | None = None

    def start(self) -> None:
        """Starts what is to be ready before the first cell; returns at once."""
        if self.config.initialization_mode == "eager" or self.config.language in ("scala", "sql"):
            with contextlib.suppress(Exception):
                self.companion.start()
        if self.config.language in self.languages:
            self.interpreter(self.config.language)
        self.interpreter("python")

    def interpreter(self, language: str) -> Interpreter:
        """The interpreter of a language, made at its first use."""
        if language not in self._interpreters:
            if language not in self.languages:
                raise MagicError(
                    f"There is no language {language!r}.",
                    advice="Known languages: " + ", ".join(sorted(self.languages)),
                )
            made: Interpreter = self.languages[language].load()(self)
            made.start()
            self._interpreters[language] = made
        return self._interpreters[language]

    def _shared(self, name: str) -> str:
        """Answers `kernel.data` of a running Scala cell, on the thread that serves it."""
        value = self.sharing.value_for(name, "scala")
        if value is None:
            return ""
        if isinstance(value, str):
            return value
        return wire.dumps(for_jvm(value, name, self.frames), self.sharing.store)

    def language_of(self, name: str) -> str:
        """The language behind a name or an alias."""
        language = self.names.get(name.lower())
        if language is None:
            known = ", ".join(sorted(self.languages))
            raise MagicError(f"There is no language {name!r}.", advice=f"Known languages: {known}")
        return language

    @property
    def frames(self) -> Frames:
        """DataFrames by handle; PySpark in this process is the Python interpreter's."""
        return cast("PythonInterpreter", self.interpreter("python")).frames

    def parse(self, text: str) -> cells.Cell:
        return cells.parse(text, self.config.language, self.names)

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
        interpreter = self.interpreter(cell.language)
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
        self, interpreter: Interpreter, body: str, output: Output, options: Any
    ) -> Result:
        self._running = interpreter
        try:
            if self._life != self.companion.life:  # the JVM died, and Scala's names with it
                self._life = self.companion.life
                self._lost("scala")
                self._lost("sql")
            visit = self.sharing.before(interpreter, body)
            result = await interpreter.execute(body, output, **options)
            result = self.sharing.after(visit, result, output)
        finally:
            self._running = None
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
            return await self.interpreter("python").execute("!" + call.arguments, context.output)
        magic, arguments = calls[call]
        return _as_result(await magic(context, arguments))

    async def _run_cell_magic(self, cell: cells.Cell, output: Output) -> Result:
        call = cell.magic
        assert call is not None
        magic = self.magics.find("cell", call.name)
        python = self.config.language == "python"
        if self.ipython.shell.find_cell_magic(call.name) is not None and (
            python or (magic is None and call.name in NEUTRAL)
        ):
            text = cell.body if python else f"%%{call.name} {call.arguments}\n{call.body}"
            return await self._execute(self.interpreter("python"), text, output, {})
        if magic is None:
            raise MagicError(
                f"Magic {call.name} does not exist!", advice="%LsMagic lists those that do."
            )
        arguments = magic.parse(call.arguments)
        context = Context(self, output, self.config.language, call.body)
        return _as_result(await magic(context, arguments))

    # ---------------------------------------------------------------- life

    def interrupt(self) -> None:
        """Stops the running cell, from any thread."""
        if running := self._running:
            running.interrupt()

    def restart(self, language: str) -> str:
        """Restarts one language, or Spark under all of them; what it did, for the user.

        Raises:
            MagicError: there is no such language.
        """
        name = self.names.get(language.lower(), language.lower())
        if name == "spark":
            return self._restart_spark()
        if name not in self.languages:
            known = ", ".join(sorted([*self.languages, "spark"]))
            raise MagicError(f"There is no language {language!r}.", advice=f"Known: {known}")
        title = self.languages[name].title
        old = self._interpreters.get(name)
        if old is None:
            return f"{title} has not been used yet."
        if not old.restart():
            del self._interpreters[name]
            old.close()
        self._lost(name)
        return f"{title} has been restarted; its variables are gone."

    def _lost(self, language: str) -> None:
        self.sharing.variables.forget(language)
        if language in self._interpreters:
            self._interpreters[language].lost()

    def _restart_spark(self) -> str:
        if not self.companion.ready:
            return "Spark has not started yet."
        self.companion.stop_spark()
        if self.config.initialization_mode == "eager":
            self.companion.tell("awaitSpark")
        return "Spark has been stopped: a fresh session takes its place, for all languages."

    def logs(self) -> dict[str, Path]:
        """The logs of this kernel's processes, by what writes them."""
        found = {"JVM": Path(self.companion.log)} if self.companion.log else {}
        for name, made in self._interpreters.items():
            if (log := made.log) is not None and log.exists():
                found[self.languages[name].title] = log
        return found

    def close(self) -> None:
        for made in list(self._interpreters.values()):
            made.close()
        self._interpreters.clear()
        self.sharing.close()
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


def _as_result(value: Any) -> Result:
    if isinstance(value, Result):
        return value
    return Ok(value or None)
