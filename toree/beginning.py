"""What a kernel reads and begins before Jupyter's machinery is loaded: the JVM boots meanwhile."""

from __future__ import annotations

import contextlib
import dataclasses
import gc

from . import registry
from .companion.companion import Companion
from .config import Config
from .interpreters.services import Language


@dataclasses.dataclass(frozen=True)
class Beginning:
    """`fault` is why the configuration is not the one that was asked for, for the first cell."""

    languages: dict[str, Language]
    config: Config
    companion: Companion
    fault: str = ""

    @classmethod
    def read(cls) -> Beginning:
        table = registry.languages()
        aliases = {name: row.name for name, row in registry.magic_names(table).items()}
        try:
            config, fault = Config.from_environment(languages=aliases), ""
        except ValueError as error:
            config, fault = Config(), str(error)
        return cls(table, config, Companion(config), fault)

    @property
    def language(self) -> Language | None:
        """That of cells which name none."""
        return self.languages.get(self.config.language)

    def start(self) -> None:
        """Starts the JVM if it is to be ready before the first cell; returns at once."""
        row = self.language
        if self.config.initialization_mode == "eager" or (row and row.needs_jvm):
            with contextlib.suppress(Exception):  # the cell that needs it says what is wrong
                self.companion.start()

    def loaded(self) -> None:
        """Told when a kernel is there to take over; starts what `start` has not yet.

        All that there is until now stays: collections, the last ones too, need not look at it.
        """
        gc.freeze()
        gc.enable()
        self.start()
        self.companion.listening.set()
