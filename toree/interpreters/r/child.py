"""The front's end of the R host: starts the process, talks with it, tells how it ended."""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

from ... import lifelines, logs, scratch
from ...rhost.frames import Channel, Message
from ...rhost.processes import kill_session

#: The host imports the same toree, also when it runs from a source tree, and nothing from the
#: working folder. R's own children get the environment as it is.
_PACKAGES = str(Path(__file__).parents[3])
_LAUNCH = (
    "import sys; sys.path[:1] == [''] and sys.path.pop(0); root = sys.argv.pop(1); "
    "root in sys.path or sys.path.append(root); from toree.rhost.__main__ import main; main()"
)
_AHEAD = 200  # messages the host may be ahead of whoever takes them


class Child:
    """One R host process. `receive` gives what it sends."""

    def __init__(self, log: Path) -> None:
        """Starts the process and returns at once; `log` gets what Python and PySpark say in it."""
        requests_read, requests_write = os.pipe()
        events_read, events_write = os.pipe()
        interrupts_read, self._interrupts = os.pipe()
        theirs = (requests_read, events_write, interrupts_read)
        self._temporary = scratch.part("r")
        try:
            with logs.opened(log) as out:
                self._process = subprocess.Popen(
                    [sys.executable, "-c", _LAUNCH, _PACKAGES, *map(str, theirs), self._temporary],
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                    pass_fds=theirs,
                    # A signal to the kernel's process group must not reach R a second time.
                    start_new_session=True,
                )
        finally:
            for fd in theirs:
                os.close(fd)
        self._rotation = logs.Rotation(log)
        for fd in (requests_write, self._interrupts):
            lifelines.hold(fd)
        self._requests = requests_write
        self._channel = Channel(events_read, requests_write)
        self._messages: queue.SimpleQueue[tuple[Message | None, bool]] = queue.SimpleQueue()
        self._room = threading.Semaphore(_AHEAD)
        self._closing = self._closed = False
        self._ending, self._writing = threading.Lock(), threading.Lock()
        self._reader = threading.Thread(target=self._read, name="toree-r", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def _read(self) -> None:
        message: Message | None = {}
        while message is not None:
            try:
                message = self._channel.receive()
            except (EOFError, OSError, ValueError):
                message = None
            # What nobody takes stays in the pipe: it holds up those who print between cells.
            while not self._room.acquire(timeout=0.5):
                if self._closing:
                    return
            self._messages.put((message, True))

    def post(self, message: Message) -> None:
        """Puts a message among the host's; any thread, a signal's handler too."""
        self._messages.put((message, False))

    def receive(self, timeout: float | None = None) -> Message | None:
        """The host's next message; None when it has ended.

        Raises:
            queue.Empty: none has come in this time.
        """
        message, counted = self._messages.get(timeout=timeout)
        if counted:
            self._room.release()
        return message

    def send(self, message: Message) -> None:
        """Sends a request or an answer; a dead host is noticed by `receive`, not here."""
        with contextlib.suppress(OSError):
            self._channel.send(message)

    def interrupt(self, cell: str) -> None:
        """Stops the cell of this id if it runs; any thread."""
        # Not to a number that by now means another file.
        with self._writing, contextlib.suppress(OSError):
            if self._interrupts >= 0:
                os.write(self._interrupts, f"{cell}\n".encode())

    def ended(self) -> str:
        """How the process ended: "killed by SIGSEGV", "ended with status 3"."""
        try:
            status = self._process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()
            status = self._process.wait()
        self._sweep()
        if status < 0:
            try:
                return f"was killed by {signal.Signals(-status).name}"
            except ValueError:
                return f"was killed by signal {-status}"
        return f"ended with status {status}"

    def kill(self) -> None:
        """Ends the process and everything it started."""
        self._sweep()
        if self._process.poll() is None:
            self._process.kill()

    def _sweep(self) -> None:
        # The session outlives its leader as long as a member lives, and its number is not reused.
        kill_session(self._process.pid)

    def close(self) -> None:
        """Ends the process; may be called twice, and by two threads at once."""
        with self._ending:
            if not self._closed:
                self._closed = self._closing = True
                self._close()

    def _close(self) -> None:
        self.kill()
        self._process.wait()
        self._rotation.close()
        self._reader.join(5)
        shutil.rmtree(self._temporary, ignore_errors=True)
        for fd in (self._requests, self._interrupts):
            lifelines.release(fd)
        with self._writing:
            os.close(self._interrupts)
            self._interrupts = -1
        self._channel.close()
