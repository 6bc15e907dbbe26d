"""What the languages of the JVM have in common: the companion, and names that go with it."""

from __future__ import annotations

import contextlib
from abc import abstractmethod
from collections.abc import Sequence

from ... import wire
from ...spark import causes
from ..base import Assignment, Interpreter
from ..services import Services
from .variables import ScalaVariables, SqlVariables


class JvmInterpreter(Interpreter):
    """A language whose cells run in the companion."""

    def __init__(self, services: Services) -> None:
        self._companion, self._workspace = services.companion, services.workspace
        self._display = services.display
        self._source = causes.cells(lambda: services.ipython.shell)
        self._names = services.names
        self._cells = services.cells
        self._companion.ended.append(self._ended)

    @property
    @abstractmethod
    def _variables(self) -> ScalaVariables | SqlVariables:
        """Its names."""

    def close(self) -> None:
        with contextlib.suppress(ValueError):  # closed before
            self._companion.ended.remove(self._ended)

    def interrupt(self) -> None:
        self._cells.tell(self.language)

    def assigned(self) -> Sequence[Assignment]:
        return self._variables.assigned()

    def references(self, code: str) -> frozenset[str]:
        return self._variables.references(code)

    def get(self, name: str) -> wire.Value:
        return self._variables.get(name)

    def put(self, name: str, value: wire.Value) -> None:
        self._variables.put(name, value)

    def lost(self) -> None:
        self._variables.lost()

    def drop(self, name: str) -> None:
        self._variables.drop(name)

    def _ended(self) -> None:
        """The JVM has died, and every name with it."""
        self.lost()
        self._names.lost()
