"""A workspace: the interpreters of all languages with their names, over one Spark session."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from . import wire
from .commons import Commons
from .companion import MAIN
from .companion.companion import Companion
from .config import Config
from .display import Settings
from .errors import MagicError
from .explorer import Explorer
from .handlers import Handlers
from .interpreters.base import Interpreter, Output
from .interpreters.services import IPython, Language, Services
from .lines import new_id
from .progress import Bars
from .registry import magic_names
from .sharing import Sharing
from .spark.attachment import Attachment
from .spark.frames import Frames
from .spark.session import PythonSpark
from .underway import Cells
from .views import View


class Workspace:
    """Makes each interpreter at its first use, from the services it may use, and closes it."""

    def __init__(
        self,
        config: Config,
        languages: Mapping[str, Language],
        companion: Companion,
        ipython: IPython,
        name: str = MAIN,
        attachment: Attachment | None = None,
        commons: Commons | None = None,
    ) -> None:
        """
        Args:
            companion: the JVM, which other workspaces use too; its owner closes it.
            name: its id in the companion. Another than `MAIN` is a private workspace, with a Spark
                session of its own.
            attachment: PySpark in this process, for all workspaces over a companion.
            commons: what the workspaces share.
        """
        self.name = name
        self.languages = languages
        self.named = magic_names(languages)
        self.companion = companion
        self.cells = Cells()
        self.display = Settings(rows=config.rows, progress=config.progress)
        self.sharing = Sharing(
            self.interpreter,
            {row.name: row.title for row in languages.values()},
            frozenset().union(*(row.reserved for row in languages.values())),
            commons,
            name,
            self._lend,
        )
        self._config = config
        self._ipython = ipython
        handlers = Handlers(
            lambda cell, settled: self.companion.peek("stages", cell, settled) or ""
        )
        self.bars = Bars(
            self._last_progress, lambda: self.display.progress, handlers, self.cells.output
        )
        answers = companion.events.answers(name)
        answers.tell_progress, answers.output = self.bars.tell, self.cells.output
        if name != MAIN:
            companion.open(name)
        self._spark = PythonSpark(
            attachment or Attachment(companion), ipython.shell, self.display, name, handlers
        )
        self._frames = Frames(self._spark, name)
        self.explorer = Explorer(self.sharing, self._frames, self.cells.of)
        self._interpreters: dict[str, Interpreter] = {}
        self._folder = Path.cwd()
        self._environment = dict(os.environ)
        self._told: Path | None = None  # where java.io.File stays

    def interpreter(self, language: str) -> Interpreter:
        """The interpreter of a language, made at its first use.

        Raises:
            ToreeError: there is no such language, or it can't run here.
        """
        if language not in self._interpreters:
            made = self.languages[self.language_of(language)].make(self.services(language))
            made.start()
            self._interpreters[language] = made
        return self._interpreters[language]

    def services(self, language: str) -> Services:
        return Services(
            config=self._config,
            display=self.display,
            companion=self.companion,
            workspace=self.name,
            spark=self._spark,
            frames=self._frames,
            store=self.sharing.store,
            names=View(self.sharing, language),
            cells=self.cells,
            ipython=self._ipython,
        )

    def language_of(self, name: str) -> str:
        """The language behind a name or an alias."""
        row = self.named.get(name.lower())
        if row is None:
            known = ", ".join(sorted(self.languages))
            raise MagicError(f"There is no language {name!r}.", advice=f"Known languages: {known}")
        return row.name

    @property
    def ipython(self) -> Interpreter:
        """The interpreter whose cells are IPython's: shell lines and many magics are its."""
        return self.interpreter(next(row.name for row in self.languages.values() if row.ipython))

    async def follow(self, output: Output) -> None:
        """Takes the other processes to this one's folder and environment when they have changed."""
        if changes := self._changes():
            for made in list(self._interpreters.values()):
                await made.environment(changes, output)
        try:
            folder = Path.cwd()
        except FileNotFoundError:  # somebody has removed it
            return
        if folder == self._folder:
            return
        before, self._folder = self._folder, folder
        if self.companion.ready:
            self.companion.ask("moveTo", str(folder))
            if self._told is None:
                self._told = before
                output.stream(
                    "stdout",
                    f"Spark's relative paths, R and the shell follow to {folder}; "
                    f"Scala's java.io.File stays in {before}, as a JVM can't change its folder.\n",
                )
        for made in list(self._interpreters.values()):
            await made.moved(folder, output)

    def _changes(self) -> dict[str, str | None]:
        """What of the environment is new since the last look; None: it is gone."""
        now = dict(os.environ)
        before, self._environment = self._environment, now
        if now == before:
            return {}
        return {n: now.get(n) for n in before.keys() | now.keys() if before.get(n) != now.get(n)}

    def _lend(self, reader: str, name: str) -> wire.Value:
        """A value of ours as another workspace can read it."""
        value = self.sharing.value(name)
        if isinstance(value, wire.Frame):
            key = f"{name}@{new_id()}"
            self.companion.ask("lendShared", self.name, value.key, reader, key)
            self._frames.drop(value)
            return wire.Frame(key, local=value.local)
        return value

    def _last_progress(self, cell: str) -> str:
        return str(self.companion.peek("endProgress", cell) or "")

    # ---------------------------------------------------------------- life

    def restart(self, language: str) -> str:
        """Restarts one language, or Spark under all of them; what it did, for the user.

        Raises:
            MagicError: there is no such language.
        """
        if language.lower() == "spark" and "spark" not in self.named:
            return self._restart_spark()
        row = self.named.get(language.lower())
        if row is None:
            known = ", ".join(sorted([*self.languages, "spark"]))
            raise MagicError(f"There is no language {language!r}.", advice=f"Known: {known}")
        old = self._interpreters.get(row.name)
        if old is None:
            return f"{row.title} has not been used yet."
        if not old.restart():
            del self._interpreters[row.name]
            old.close()
        old.lost()
        self.sharing.variables.forget(row.name)
        return f"{row.title} has been restarted; its variables are gone."

    def _restart_spark(self) -> str:
        if not self.companion.ready:
            return "Spark has not started yet."
        self.companion.stop_spark()
        if self._config.initialization_mode == "eager":
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
        """Closes what it has made; the companion is its owner's."""
        for made in list(self._interpreters.values()):
            made.close()
        self._interpreters.clear()
        self._frames.close()
        self.sharing.close()
        if self.name != MAIN:
            self.companion.drop(self.name)
