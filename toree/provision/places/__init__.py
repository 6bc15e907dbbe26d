"""Where kernels can be: each starts the far side in its own way and knows what becomes of it."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import os
import shlex
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from ...errors import LaunchFailed
from ...foreign import Json
from ..invitation import Invitation
from ..line import Line, Pipes

#: Of a process; None for this one's.
Env: TypeAlias = "Mapping[str, str] | None"
#: Not `-m`: that looks in the working folder first, for Python's own modules too.
FAR = (
    "import sys; sys.path[:1] == [''] and sys.path.pop(0); "
    "from toree.provision.far import main; main()"
)


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What a kernel spec says of the place, and this launch."""

    kernel: str
    python: str
    host: str = ""
    spark_home: str = ""
    image: str = ""
    namespace: str = ""
    pod: Mapping[str, object] = dataclasses.field(default_factory=dict)
    options: Sequence[str] = ()
    command: Sequence[str] = ()
    env: Mapping[str, str] = dataclasses.field(default_factory=dict)
    folder: Path = Path(".")


class Place:
    """One launch. The other methods may be called once `start` has been."""

    #: Whether the far side calls back; else `start` gives its line.
    calls_back = True
    #: Where the kernel is to listen: None for the address by which the far side has called.
    kernel_address: str | None = None
    #: Whether this side sees the kernel's own ports, which a restarted one should have again.
    own_ports = True

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self._process: Started | None = None

    def begin(self, command: Sequence[str], *, pipes: bool = False, env: Env = None) -> Started:
        """Raises LaunchFailed when there is no such program."""
        try:
            self._process = Started(command, pipes=pipes, env=env)
        except OSError as error:
            raise LaunchFailed(f"{command[0]} can't be run: {error.strerror}.") from error
        return self._process

    def start(self, invitation: Invitation | None) -> Line | None:
        raise NotImplementedError

    def ended(self) -> str:
        """Why there is nothing left to wait for, "" while there is."""
        return self._process.ended() if self._process else ""

    def waits_for(self) -> str:
        """What the launch waits for, now."""
        raise NotImplementedError

    def log(self) -> str:
        """What the far side, or what starts it, has written."""
        return self._process.text if self._process else ""

    def reach(self, connection: Json, before: Mapping[str, object]) -> Json:
        """The kernel's connection as this side reaches it; `before` is the last kernel's."""
        return connection

    def kill(self) -> None:
        """Ends it by force, wherever it is."""
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        """The kernel has ended, or was given up: nothing may be left."""
        self.kill()


class Started:
    """A process on this side that starts the far side, or is it; the end of what it writes."""

    def __init__(self, command: Sequence[str], *, pipes: bool = False, env: Env = None) -> None:
        self.command = command
        self._lines: collections.deque[str] = collections.deque(maxlen=40)
        self.process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE if pipes else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if pipes else subprocess.STDOUT,
            start_new_session=True,
            env=env,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def line(self) -> Line:
        """Of a process that was started with pipes."""
        assert self.process.stdin and self.process.stdout
        ends = Pipes(os.dup(self.process.stdout.fileno()), os.dup(self.process.stdin.fileno()))
        self.process.stdin.close()
        self.process.stdout.close()
        return Line(ends)

    def _read(self) -> None:
        source = self.process.stderr or self.process.stdout
        assert source
        with source, contextlib.suppress(ValueError, OSError):
            for line in source:
                self._lines.append(line.decode(errors="replace").rstrip()[:2000])

    @property
    def text(self) -> str:
        if self.process.poll() is not None:
            self._reader.join(1.0)
        return "\n".join(self._lines)

    def ended(self) -> str:
        status = self.process.poll()
        if status is None:
            return ""
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        return f"`{shlex.join(self.command)[:120]}` {how}"

    def kill(self) -> None:
        with contextlib.suppress(OSError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
