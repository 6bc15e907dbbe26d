"""Where what is too large for a message goes.

Whoever reads a value asks the store it came by: nothing else of the crossing form knows that
today's is a folder which front, JVM and R host all see. Where they share no disk another store
takes its place.
"""

from __future__ import annotations

import contextlib
import itertools
import shutil
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from .. import scratch

#: Bytes above which a value goes by file.
LIMIT = 1 << 20


def read(name: str) -> bytes:
    """What is in a file, whichever `Files` of this machine it is of."""
    return Path(name).read_bytes()


class Store(Protocol):
    """A place for large values between a kernel's processes. Whoever makes one closes it."""

    @property
    def limit(self) -> int:
        """Bytes above which a value goes this way."""

    def crossing(self) -> AbstractContextManager[None]:
        """One value's way from its owner to its reader, on one thread: at its end it is forgotten.

        Those of others stay: they cross at the same time, and their readers may not have them yet.
        """

    def write(self, data: bytes, suffix: str) -> str:
        """Keeps data; the text by which a message names it."""

    def read(self, name: str) -> bytes:
        """What another process, or this one, has kept by that name."""

    def path(self, suffix: str) -> Path:
        """A file of this process's own, which no other value has: Arrow maps tables into memory.

        Outside of a crossing its reader removes the file.
        """

    def place(self) -> tuple[str, int]:
        """For another process that keeps its values here: the place, and the limit."""

    def close(self) -> None: ...


class Files:
    """A private folder, for processes on one disk."""

    def __init__(self, limit: int = LIMIT, folder: Path | None = None) -> None:
        """`folder`: another store's place, which is that one's to close."""
        self._limit = limit
        self._folder = folder
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._crossing = threading.local()

    @property
    def limit(self) -> int:
        return self._limit

    @contextlib.contextmanager
    def crossing(self) -> Iterator[None]:
        outer = getattr(self._crossing, "files", None)
        files: list[Path] = []
        self._crossing.files = files
        try:
            yield
        finally:
            self._crossing.files = outer
            for path in files:
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                with contextlib.suppress(OSError):  # Windows keeps what is mapped
                    path.unlink()

    def path(self, suffix: str) -> Path:
        with self._lock:
            if self._folder is None:
                self._folder = scratch.part("values")
        path = self._folder / f"{next(self._numbers)}{suffix}"
        files = getattr(self._crossing, "files", None)
        if files is not None:
            files.append(path)
        return path

    def write(self, data: bytes, suffix: str) -> str:
        path = self.path(suffix)
        path.write_bytes(data)
        return str(path)

    def read(self, name: str) -> bytes:
        return read(name)

    def place(self) -> tuple[str, int]:
        folder = self.path("")
        folder.mkdir(mode=0o700)
        return str(folder), self.limit

    def close(self) -> None:
        folder, self._folder = self._folder, None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
