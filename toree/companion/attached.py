"""A companion that was there first: in a cluster's driver container the JVM starts the front."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import IO, cast

from .. import scratch
from ..config import Config
from ..errors import CompanionFailed
from ..foreign import Json
from . import sparkhome
from .launch import UNSEEN, CompanionProcess, Started, use_python_of


def address() -> Path | None:
    """The file with the address of such a JVM, where there is one."""
    named = os.environ.get("TOREE_COMPANION")
    return Path(named) if named else None


class Elder:
    """A JVM as far as who is not its parent can see: what `CompanionProcess` asks of a Popen."""

    def __init__(self, pid: int, stdin: IO[bytes] | None = None) -> None:
        self.pid = pid
        self.stdin = stdin
        self.returncode: int | None = None
        self._born = scratch.born(pid)

    def poll(self) -> int | None:
        if self.returncode is None and scratch.born(self.pid) != self._born:
            self.returncode = UNSEEN
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        deadline = None if timeout is None else time.monotonic() + timeout
        pause = 0.01
        while (status := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("the JVM", timeout or 0.0)
            time.sleep(pause)
            pause = min(0.2, pause * 1.2)
        return status

    def kill(self) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


class Attached(CompanionProcess):
    """It can't be started anew, and ends after us: there is nothing to close."""

    def __init__(self, found: Json) -> None:
        self.process = cast("subprocess.Popen[bytes]", Elder(found["pid"]))
        self.port, self.secret = found["port"], found["secret"]
        self.log = Path(os.environ.get("LOG_DIRS", "").split(",")[0], "stderr")  # YARN's name

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    def close(self, timeout: float = 5.0) -> None:
        pass

    def clean(self) -> None:
        pass


def start(config: Config, file: Path) -> Started:
    """Reads the address, which is there once.

    Raises:
        CompanionFailed: the driver is gone, or it is of another Spark than Python here.
    """
    spark = sparkhome.find(config.spark_home)
    use_python_of(spark)
    try:
        found = json.loads(file.read_text())
        file.unlink()
    except OSError as error:
        raise CompanionFailed(
            "The driver has ended, and on a cluster nothing but a new kernel can replace it.",
            advice="Restart the kernel.",
        ) from error
    if found["spark"] != spark.version:
        raise CompanionFailed(
            f"The cluster runs Spark {found['spark']}, but Python there has {spark.version} "
            f"({spark.home}).",
            advice=f'Install "pyspark=={found["spark"]}" there, or set SPARK_HOME for the kernel.',
        )
    return Started(Attached(found), spark, None)
