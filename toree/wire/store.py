"""Files for what is too large for a message."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import tempfile
from pathlib import Path

#: Bytes above which a value goes by file.
LIMIT = 1 << 20


class Store:
    """A private folder for what goes by file. Whoever makes one closes it."""

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit = limit
        self._folder: Path | None = None
        self._numbers = itertools.count()

    def path(self, suffix: str) -> Path:
        """A path no other value has."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="toree-values-"))  # mode 0700
        return self._folder / f"{next(self._numbers)}{suffix}"

    def write(self, data: bytes, suffix: str) -> str:
        path = self.path(suffix)
        path.write_bytes(data)
        return str(path)

    def place(self) -> tuple[str, int]:
        """For another process that writes here: the folder, and the size that goes by file."""
        return str(self.path("").parent), self.limit

    def sweep(self) -> None:
        """Removes every file: the values in them have arrived."""
        if self._folder is not None:
            for entry in os.scandir(self._folder):
                with contextlib.suppress(OSError):  # Windows keeps what is mapped
                    Path(entry.path).unlink()

    def close(self) -> None:
        folder, self._folder = self._folder, None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
