"""What private workspaces share: the names that were put into `kernel.data`, in any of them."""

from __future__ import annotations

import threading
from collections.abc import Callable

from . import wire

#: Gives a name's value as another workspace can read it; the arguments are that one's id, the name.
Lend = Callable[[str, str], wire.Value]


class Commons:
    """By name, who has put it there last. Thread-safe."""

    def __init__(self) -> None:
        #: One for all workspaces: a value's file is read in another than it was written in.
        self.store: wire.Store = wire.Files()
        self._lenders: dict[str, tuple[str, Lend]] = {}
        self._lock = threading.Lock()

    def put(self, name: str, workspace: str, lend: Lend) -> None:
        with self._lock:
            self._lenders[name] = (workspace, lend)

    def remove(self, name: str) -> None:
        with self._lock:
            self._lenders.pop(name, None)

    def forget(self, workspace: str) -> None:
        """A workspace is gone, and its values with it."""
        with self._lock:
            self._lenders = {n: of for n, of in self._lenders.items() if of[0] != workspace}

    def names(self, but: str) -> list[str]:
        """Those of other workspaces than `but`."""
        with self._lock:
            return [name for name, (workspace, _) in self._lenders.items() if workspace != but]

    def value(self, name: str, reader: str) -> wire.Value:
        """
        Raises:
            KeyError: there is none.
            TypeError: it cannot cross; the message says why.
        """
        with self._lock:
            workspace, lend = self._lenders[name]
        if workspace == reader:
            raise KeyError(name)
        return lend(reader, name)

    def close(self) -> None:
        self.store.close()
