"""The user's cache: compiled companions, class data archives, the sbt launcher.

Everything in it can be deleted at any time. When its folder cannot be written (a read-only home,
a container), a private temporary one stands in until the process ends.
"""

from __future__ import annotations

import atexit
import functools
import hashlib
import os
import shutil
import tempfile
from pathlib import Path

import platformdirs


def root() -> Path:
    """Where the cache is: `$XDG_CACHE_HOME/toree` or the platform's own place for one."""
    named = os.environ.get("XDG_CACHE_HOME")  # honoured on macOS and Windows too
    return Path(named) / "toree" if named else Path(platformdirs.user_cache_dir("toree", False))


def folder(name: str) -> Path:
    """A folder of the cache that exists, belongs to this user alone and can be written."""
    path = root() / name
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.name != "nt":
            root().chmod(0o700)  # what is in it gets executed
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError:
        path = stand_in() / name
        path.mkdir(mode=0o700, exist_ok=True)
    return path


@functools.cache
def stand_in() -> Path:
    """One temporary folder for the life of this process, private to the user (mkdtemp: 0700)."""
    path = Path(tempfile.mkdtemp(prefix="toree-cache-"))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


def remove() -> None:
    """Deletes what can be made again: companions, archives, stand-ins for Java."""
    for path in [*root().glob("spark-*"), root() / "java"]:
        shutil.rmtree(path, ignore_errors=True)


def key(*parts: str | bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)  # so that ab+c is not a+bc
    return digest.hexdigest()[:16]


def write(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Puts a whole file in place at once: a reader sees the old one or the new one."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        os.chmod(name, mode)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
