"""A spare: one more companion that stands warmed and waits for the user's next kernel.

There is one for each footprint, in a folder of its own (0700) in Jupyter's runtime folder:

- `address`: where it listens, its secret, what to hold it by; the JVM writes it when it is warm.
  Who renames it has the spare, and without it there is none: to delete it ends the JVM.
- `making`: who is on the way, until then.
- `living`: a pipe that each kernel which may use the spare holds open, and writes to when cells
  run: the JVM ends when nobody has for a while, or nobody is left.

Who has it opens one more pipe, and the JVM lives as long as that is open. Nothing of a kernel is
in it: no Spark runs, no cell has (`toree.companion.Rehearsal`).
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

from .. import folders, lifelines, scratch
from ..config import Config
from ..foreign import Json
from . import build, footprint, java, sparkhome
from .attached import Elder
from .launch import CompanionProcess, mark_of

_LAUNCH = (
    "import sys; sys.path[:1] == [''] and sys.path.pop(0); "
    "from toree.companion.waiting import main; main()"
)
_QUIET = 5.0  # seconds without a cell before one is made
_LOOK = 0.5
_BEAT = 5.0  # seconds between two words that cells run
_APART = 60.0  # seconds between two that are made


class Taken(CompanionProcess):
    """A spare that is this kernel's now."""

    def __init__(self, found: Json, lifeline: int) -> None:
        facts = found["spare"]
        local_dirs = [Path(place) for place in facts["local_dirs"]]
        jvm = Elder(found["pid"], os.fdopen(lifeline, "wb", buffering=0))
        process = cast("subprocess.Popen[bytes]", jvm)
        super().__init__(process, Path(facts["scratch"]), local_dirs, Path(facts["log"]))
        self.port, self.secret = found["port"], found["secret"]
        self.mark = mark_of(Path(facts["lifeline"]).parent)
        self.marked = self.mark.exists()

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None


class Spare:
    """What a kernel has to do with spares. Where none are wanted, or can be, it does nothing."""

    def __init__(self, config: Config) -> None:
        self.wanted = config.spare > 0 and hasattr(os, "mkfifo")
        # As the next kernel will have them, whatever cells do to ours.
        self._environment, self._folder = dict(os.environ), _here()
        self._place: Path | None = None
        self._living: int | None = None
        self._over = threading.Event()
        self._kept = False
        self._made = -_APART

    # ---------------------------------------------------------------- taking one

    def take(
        self,
        config: Config,
        spark: sparkhome.SparkHome,
        runtime: java.Java,
        built: build.Built,
        key: str | None,
    ) -> Taken | None:
        """The spare for this kernel, if there is one; asked once, before a cell has run.

        Args:
            key: the footprint of a companion in the environment there is now.
        """
        if not self.wanted or self._place is not None:
            return None
        if self._environment != dict(os.environ):
            key = footprint.of(config, spark, runtime, built.jar, self._environment)
        self._place = place(key)
        if self._place is None:
            self.wanted = False
            return None
        self._living = held(self._place / "living")
        with contextlib.suppress(OSError, LookupError, TypeError, ValueError):  # no address of ours
            found = read(self._place / "address")
            if found and found["spare"]["folder"] == self._folder:
                return taken(self._place)
        return None

    def order(self) -> str:
        """What a spare is told of the kernel that has it."""
        own = {n: t for n, t in self._environment.items() if footprint.KERNELS_OWN.fullmatch(n)}
        return json.dumps({"environment": own})

    # ---------------------------------------------------------------- keeping one

    def keep(self, busy: Callable[[], bool]) -> None:
        """Sees to it that there is one when no cell has run for a while, and tells it of cells."""
        if self.wanted and self._place is not None and not self._kept:
            self._kept = True
            threading.Thread(
                target=self._keep, args=[busy], name="toree-spare", daemon=True
            ).start()

    def _keep(self, busy: Callable[[], bool]) -> None:
        ran = said = time.monotonic()
        due = True
        while not self._over.wait(_LOOK):
            now = time.monotonic()
            if busy():
                ran, due = now, True
                if now - said > _BEAT:
                    said = now
                    self._say()
            elif due and now - ran > _QUIET and now - self._made > _APART:
                due = False
                self._say()
                with contextlib.suppress(OSError, subprocess.SubprocessError):
                    self._make()

    def _say(self) -> None:
        if self._living is not None:
            with contextlib.suppress(OSError):  # nobody reads
                os.write(self._living, b".")

    def _make(self) -> None:
        assert self._place is not None
        there = read(self._place / "address")
        if there and lives(there["pid"], there["spare"]["born"]):
            # One for another folder gives way to ours, but once.
            if there["spare"]["folder"] == self._folder or self._made > 0:
                return
            (self._place / "address").unlink(missing_ok=True)
        self._made = time.monotonic()
        subprocess.run(
            [sys.executable, "-c", _LAUNCH, str(self._place)],
            env=self._environment,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=60,
        )

    def close(self) -> None:
        self._over.set()
        living, self._living = self._living, None
        if living is not None:
            lifelines.release(living)
            os.close(living)


def root() -> Path:
    return folders.runtime() / "spares"


def place(key: str | None) -> Path | None:
    """The folder of the spares of a footprint; None: of those that have none."""
    return folders.made(root() / key, folders.runtime()) if key else None


def held(pipe: Path) -> int | None:
    """An end of a pipe that is made if need be, open until this process ends."""
    with contextlib.suppress(OSError):
        with contextlib.suppress(FileExistsError):
            os.mkfifo(pipe, 0o600)
        found = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
        lifelines.hold(found)
        return found
    return None


def read(address: Path) -> Json | None:
    """What an address says, if this user alone can have written it."""
    try:
        if folders.doubt(address) or address.stat().st_mode & 0o077:
            return None
        found: Json = json.loads(address.read_text())
        return found
    except (OSError, ValueError):
        return None


def lives(pid: int, born: int) -> bool:
    return born != 0 and scratch.born(pid) == born


def taken(folder: Path) -> Taken | None:
    """The spare of a folder, for whoever comes first; the remains of one that died are removed."""
    ours = folder / f"taken-{secrets.token_hex(4)}"
    try:
        os.rename(folder / "address", ours)
    except OSError:
        return None
    found = read(ours)
    ours.unlink(missing_ok=True)
    if found is None:
        return None
    if not lives(found["pid"], found["spare"]["born"]):
        shutil.rmtree(found["spare"]["scratch"], ignore_errors=True)
        return None
    lifeline = opened(Path(found["spare"]["lifeline"]))
    briskly(found["pid"])
    return None if lifeline is None else Taken(found, lifeline)


def briskly(pid: int) -> None:
    """At the priority of other programs; it has got ready at a low one (`waiting.gently`)."""
    for _ in range(5):
        try:
            Path(f"/proc/{pid}/autogroup").write_text("0")
        except BlockingIOError:  # Linux wants a pause between two changes
            time.sleep(0.05)
        except OSError:
            return
        else:
            return


def opened(pipe: Path, patience: float = 2.0) -> int | None:
    """The writing end of a pipe that somebody reads."""
    until = time.monotonic() + patience
    while True:
        try:
            found = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
            os.set_blocking(found, True)
            return found
        except OSError as error:
            if error.errno != errno.ENXIO or time.monotonic() > until:
                return None
        time.sleep(0.02)


def memory(pid: int) -> int:
    """Bytes a process takes: of pages that several share, its part. 0 where nobody says."""
    with contextlib.suppress(OSError, IndexError, ValueError):
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        return int(text.partition("\nPss:")[2].split()[0]) * 1024
    return 0


def waiting() -> Iterator[tuple[Path, Json]]:
    """The spares there are: their addresses, and what those say."""
    for address in sorted(root().glob("*/address")):
        found = read(address)
        if found and lives(found["pid"], found["spare"]["born"]):
            yield address, found


def _here() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:
        return ""
