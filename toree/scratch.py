"""The one place for what goes with this process: a folder with its name, removed at its end.

It holds the values that cross by file, the JVM's temporary files, compilations, stand-ins. When a
process was killed, its companion removes the folder; when both were, the next start does
(`sweep`), since the name says whose it was.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import hashlib
import os
import re
import secrets
import shutil
import socket
import tempfile
from pathlib import Path

import platformdirs

_NAME = re.compile(r"toree-([0-9a-f]{8})-(\d+)-(\d+)-\w+")


@functools.cache
def folder() -> Path:
    """The folder of this process (0700), from which programs can be run."""
    path = Path(tempfile.mkdtemp(prefix=f"{name()}-", dir=root()))
    atexit.register(_remove, path, os.getpid())
    return path


def close() -> None:
    """Removes it now; a kernel whose end takes long is killed before it comes to its exit."""
    if folder.cache_info().currsize:
        path = folder()
        folder.cache_clear()
        shutil.rmtree(path, ignore_errors=True)


def part(purpose: str) -> Path:
    """A new folder in it; who asks removes it when it has done its work."""
    return Path(tempfile.mkdtemp(prefix=f"{purpose}-", dir=folder()))


def root() -> Path:
    """The temporary folder, or the user's cache where /tmp is mounted noexec.

    Spark unpacks its compression libraries and loads them.
    """
    usual = Path(tempfile.gettempdir())
    if runs_programs(usual):
        return usual
    with contextlib.suppress(RuntimeError):  # no home
        if runs_programs(other := Path(platformdirs.user_cache_dir())):
            return other
    return usual


def runs_programs(place: Path) -> bool:
    try:
        return not os.statvfs(place).f_flag & os.ST_NOEXEC and os.access(place, os.W_OK)
    except (OSError, AttributeError):  # no statvfs on Windows
        return not hasattr(os, "statvfs")


def name() -> str:
    """`toree-MACHINE-PID-BORN`: this process and no other, on any machine, at any time."""
    return f"toree-{machine()}-{os.getpid()}-{born(os.getpid())}"


def draft(path: Path) -> Path:
    """A new name beside a file that is about to be made: left behind, it is swept."""
    return path.with_name(f"{name()}-{secrets.token_hex(4)}")


@functools.cache
def machine() -> str:
    """Where process ids mean what they mean here: a folder may be shared with other containers."""
    try:
        space = os.readlink("/proc/self/ns/pid")
    except OSError:
        space = ""
    return hashlib.sha256(f"{socket.gethostname()} {space}".encode()).hexdigest()[:8]


def born(pid: int) -> int:
    """When a process began, by a clock of the system's own; 0 when none of that id runs."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
        facts = text.rpartition(")")[2].split()  # behind the name, which may hold anything
        return 0 if facts[0] == "Z" else int(facts[19])
    except (OSError, IndexError, ValueError):
        if Path("/proc/self/stat").exists():
            return 0
    import psutil  # not on Linux, where a start has no use for it

    try:
        return int(psutil.Process(pid).create_time() * 100)
    except psutil.Error:
        return 0


def sweep(place: Path) -> None:
    """Removes what processes of this machine and user that are gone have left in a folder."""
    mine = os.getuid() if hasattr(os, "getuid") else 0
    with contextlib.suppress(OSError):
        for entry in list(os.scandir(place)):
            found = _NAME.fullmatch(entry.name)
            if not found or found[1] != machine() or born(int(found[2])) == int(found[3]):
                continue
            with contextlib.suppress(OSError):
                if entry.stat(follow_symlinks=False).st_uid != mine:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path, ignore_errors=True)
                else:
                    os.unlink(entry.path)


def _remove(path: Path, owner: int) -> None:
    if os.getpid() == owner:  # and not a fork of it that ends
        shutil.rmtree(path, ignore_errors=True)
