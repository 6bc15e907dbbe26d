"""The process that becomes a spare (`spare`): it finds what is needed, and then it is the JVM.

So the JVM's id and the time it began are this process's: they are in the name of its folder, by
which the folder is removed when nobody else could (`scratch`).
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import time
from pathlib import Path

from .. import logs, scratch
from ..config import Config
from . import build, command, footprint, java, sparkhome
from .spare import lives, place

_KEPT = 7 * 86400.0  # seconds a folder is kept that nobody has used


def main() -> None:
    """Returns at once in the process that was started; nobody is to wait for what it becomes."""
    if os.fork():
        os._exit(0)
    os.setsid()
    try:
        become(Path(sys.argv[1]))
    finally:
        os._exit(1)


def become(wanted: Path) -> None:
    config = Config.from_environment()
    spark = sparkhome.find(config.spark_home)
    runtime = java.find(*spark.java_range)
    built = build.companion(spark, runtime, lambda _: None)
    key = footprint.of(config, spark, runtime, built.jar)
    if place(key) != wanted or not alone(wanted / "making"):
        return
    sweep(wanted.parent)
    gently()
    temporary, local_dirs = scratch.part("jvm"), command.private_local_dirs()
    log, lifeline = command.new_log(), temporary / "lifeline"
    os.mkfifo(lifeline, 0o600)
    made = command.of(
        config,
        spark,
        runtime,
        built,
        wanted / "address",
        temporary=temporary,
        local_dirs=local_dirs,
    )
    told = {
        "born": scratch.born(os.getpid()),
        "folder": os.getcwd(),
        "lifeline": str(lifeline),
        "local_dirs": [str(folder) for folder in local_dirs],
        "log": str(log),
        "scratch": str(scratch.folder()),
    }
    order = {"seconds": config.spare, "told": told}
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    with logs.opened(log) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.execve(
        made.words[0],
        [*made.words, "--spare"],
        {**made.environment, "TOREE_SPARE": json.dumps(order)},
    )


def alone(making: Path) -> bool:
    """Whether no other is on its way."""
    own = f"{os.getpid()} {scratch.born(os.getpid())}"
    for _ in range(2):
        try:
            file = os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            with contextlib.suppress(OSError, ValueError):
                pid, born = map(int, making.read_text().split())
                if lives(pid, born):
                    return False
            making.unlink(missing_ok=True)
        else:
            with os.fdopen(file, "w") as text:
                text.write(own)
            return True
    return False


def gently() -> None:
    """At low priority, where that can be taken back (Linux's groups of a session's processes)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text("5")


def sweep(root: Path) -> None:
    """Removes the folders of what is no more: other Sparks, other environments."""
    for folder in root.iterdir():
        pipe = folder / "living"
        with contextlib.suppress(OSError):
            if not (folder / "address").exists() and pipe.stat().st_mtime < time.time() - _KEPT:
                shutil.rmtree(folder, ignore_errors=True)
