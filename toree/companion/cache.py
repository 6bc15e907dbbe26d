"""The user's cache: compiled companions, class data archives, the sbt launcher.

Everything in it can be deleted at any time. When its folder cannot be written (a read-only home,
a container) or is not this user's alone, a private temporary one stands in until the process ends.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from .. import folders, scratch


def root() -> Path:
    """Where the cache is; it need not exist."""
    return folders.cache_root()


def folder(name: str) -> Path:
    """A folder of the cache, or its stand-in, that can be written."""
    return folders.cache(name)


def trusted(path: Path) -> bool:
    """Whether a file of the cache may be run: nobody but this user or root can have made it."""
    return not any(folders.doubt(place) for place in (path, path.parent, root()))


def sweep() -> None:
    """Removes what processes that were killed were making here."""
    for path in [root(), *root().glob("spark-*")]:
        scratch.sweep(path)


@contextlib.contextmanager
def alone(lock: Path, wait: bool = True) -> Iterator[bool]:
    """Holds a lock among all processes, which the system drops when its holder dies.

    False, without waiting, when another has it and `wait` is not asked for. Where the file system
    has no locks nobody waits: two may do the same work and put the same file in place.
    """
    import filelock  # needed once, when a start compiles or trains

    held = filelock.FileLock(lock)
    try:
        if has_locks(lock):
            held.acquire(timeout=-1 if wait else 0)
    except filelock.Timeout:
        yield False
        return
    try:
        yield True
    finally:
        held.release()


def has_locks(file: Path) -> bool:
    """Whether its file system has locks: filelock takes "no locks" for "not yet" and goes on."""
    if os.name == "nt":
        return True
    import fcntl

    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno in (errno.EWOULDBLOCK, errno.EACCES, errno.EINTR)
    finally:
        os.close(descriptor)
    return True


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
    draft = scratch.draft(path)
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(data)
        draft.chmod(mode)
        os.replace(draft, path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
