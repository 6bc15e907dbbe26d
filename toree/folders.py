"""Folders that are to be this user's alone: the cache, from which code is run, and the logs.

What is not ours, or what others may write, is not used: a private stand-in takes its place until
the process ends.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path

import platformdirs
from jupyter_core.paths import jupyter_runtime_dir

from . import scratch


def cache_root() -> Path:
    """`$XDG_CACHE_HOME/toree`, or the platform's own place for a cache; it need not exist."""
    named = os.environ.get("XDG_CACHE_HOME", "")  # honoured on macOS and Windows too
    if os.path.isabs(named):  # the specification has the others ignored
        return Path(named) / "toree"
    try:
        usual = Path(platformdirs.user_cache_dir("toree", False))
    except RuntimeError:  # no home
        return stand_in("cache")
    return usual if usual.is_absolute() else stand_in("cache")  # older ones leave "~" as it is


def cache(name: str) -> Path:
    """A folder of the cache that exists, is this user's alone and can be written."""
    return made(cache_root() / name, cache_root()) or stand_in("cache", name)


def runtime() -> Path:
    """The folder for logs: Jupyter's own for what runs."""
    with contextlib.suppress(RuntimeError):  # no home
        folder = Path(jupyter_runtime_dir()) / "toree"
        if found := made(folder, folder):
            return found
    return stand_in("runtime")


def stand_in(*names: str) -> Path:
    """A private folder of this process, when the usual one is not fit."""
    path = scratch.folder()
    for name in names:  # one by one: of parents, mkdir makes the mode what the umask leaves
        path /= name
        path.mkdir(mode=0o700, exist_ok=True)
    return path


def made(path: Path, root: Path) -> Path | None:
    """The folder, made if need be and closed to others from `root` on; None when it can't be used.

    Nothing is made in a place that is not trusted, and of what has to be made above `root` nobody
    else may write either, whatever the umask.
    """
    if not path.is_absolute():
        return None
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    try:
        for folder in reversed(missing):
            with contextlib.suppress(FileExistsError):  # another kernel was faster
                folder.mkdir(mode=0o700)
        if os.name != "nt":
            for folder in {root, path}:
                if folder.stat().st_uid == os.getuid() and folder.stat().st_mode & 0o077:
                    folder.chmod(0o700)
            if any(doubt(part) or part.stat().st_uid != os.getuid() for part in (root, path)):
                return None
        with tempfile.TemporaryFile(dir=path):
            return path
    except OSError:
        return None


def doubt(path: Path) -> str:
    """Why a file or folder is not to be trusted; "" when only this user or root could change it.

    Group-writable folders above are let pass: Jupyter's images have such homes.
    """
    if os.name == "nt":
        return ""
    if not path.is_absolute():
        return f"{path} is no absolute path"
    try:
        here = path.stat()
        if here.st_uid not in (os.getuid(), 0):
            return f"{path} is another user's"
        if here.st_mode & 0o022:
            return f"{path} can be written by others"
        for folder in {*path.parents, *path.resolve().parents}:
            mode = folder.stat().st_mode
            if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
                return f"{folder} can be written by others"
    except OSError as error:
        return str(error)
    return ""
