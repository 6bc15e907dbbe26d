"""Logs of the processes a kernel starts: one file for each, bounded, and removed after a while.

The processes write to a descriptor of their own, opened for appending. So a file can be cut while
it is written to (`Rotation`), and goes on being written when the kernel has died.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
import threading
import time
from pathlib import Path
from typing import IO

LIMIT = 10 * 1024 * 1024  # bytes of a log before it becomes NAME.1
KEPT_DAYS = 7
KEPT_FILES = 50
_PY4J = ("py4j.clientserver", "py4j.java_gateway")
_OWNER = re.compile(r"^(?:r|companion)-(\d+)[-.]")
_EVERY = 5.0  # seconds between two looks at the sizes


def opened(path: Path) -> IO[bytes]:
    """The log, for a child's stdout and stderr; for this user alone."""
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


def tail(path: Path, lines: int) -> list[str]:
    """The last lines; few bytes are read, however long the file is."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - 400 * lines - 4000, 0))
            text = file.read().decode(errors="replace")
    except OSError:
        return []
    return text.splitlines()[-lines:]


def prune(folder: Path, days: float = KEPT_DAYS, files: int = KEPT_FILES) -> None:
    """Removes old logs, and those beyond the newest `files`, but none of a kernel that lives."""
    found = []
    for path in folder.glob("*.log*"):
        if _lives(path):
            continue
        with contextlib.suppress(OSError):
            found.append((path.stat().st_mtime, path))
    oldest = time.time() - days * 86400
    for number, (written, path) in enumerate(sorted(found, reverse=True)):
        if number >= files or written < oldest:
            with contextlib.suppress(OSError):
                path.unlink()


def _lives(log: Path) -> bool:
    """Whether the kernel runs whose process id is in the log's name: `r-1234.log`."""
    named = _OWNER.search(log.name)
    if named is None or os.name != "posix":
        return False
    try:
        os.kill(int(named[1]), 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


def hide(secret: str) -> None:
    """Keeps a secret out of Py4J's log, which has every command at DEBUG."""
    for name in _PY4J:
        logging.getLogger(name).addFilter(_Hidden(secret))


class _Hidden(logging.Filter):
    def __init__(self, secret: str) -> None:
        super().__init__()
        self._secret = secret

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if self._secret in text:
            record.msg, record.args = text.replace(self._secret, "..."), ()
        return True


class Rotation:
    """Keeps a log below a size while its process lives: the older half is in `NAME.1`."""

    def __init__(self, path: Path, limit: int = LIMIT, every: float = _EVERY) -> None:
        self._path, self._limit, self._every = path, limit, every
        self._over = threading.Event()
        threading.Thread(target=self._run, name="toree-log", daemon=True).start()

    def close(self) -> None:
        self._over.set()

    def _run(self) -> None:
        while not self._over.wait(self._every):
            with contextlib.suppress(OSError):
                if self._path.stat().st_size > self._limit:
                    self.rotate()

    def rotate(self) -> None:
        old = self._path.with_name(self._path.name + ".1")
        shutil.copyfile(self._path, old)
        old.chmod(0o600)
        os.truncate(self._path, 0)  # the writer appends, so it goes on at the start
