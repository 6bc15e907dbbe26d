"""Files for what is too large for a message."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

from .. import scratch

#: Bytes above which a value goes by file.
LIMIT = 1 << 20


class Store:
    """A private folder for what goes by file. Whoever makes one closes it."""

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit = limit
        self._folder: Path | None = None
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._crossing = threading.local()

    @contextlib.contextmanager
    def crossing(self) -> Iterator[None]:
        """One value's way from its owner to its reader, on one thread: its files go at the end.

        Those of others stay: they cross at the same time, and their readers may not have them yet.
        """
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
        """A path no other value has. Outside of a crossing its reader removes the file."""
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

    def place(self) -> tuple[str, int]:
        """For another process that writes here: a folder, and the size that goes by file."""
        folder = self.path("")
        folder.mkdir(mode=0o700)
        return str(folder), self.limit

    def close(self) -> None:
        folder, self._folder = self._folder, None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
