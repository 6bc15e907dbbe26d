"""The far side: starts the kernel beside it, tells where it listens, and carries signals to it.

    python -m toree.provision.far INVITATION     calls back (`invitation`)
    python -m toree.provision.far --pipes        is spoken to through its own stdin and stdout

When the line is cut the kernel is ended: nobody could use it, and it would hold a cluster's cores.
"""

from __future__ import annotations

import collections
import contextlib
import json
import os
import platform
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from .. import __version__, scratch
from ..errors import LaunchFailed
from ..foreign import Json
from .invitation import Invitation
from .line import MARK, Line, LineCut, Pipes

PORTS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")
_LOG_LINES = 40
_GRACE = 8.0  # seconds a kernel has to end by itself when the line is cut


def main() -> None:
    try:
        sys.exit(run(sys.argv[1:]))
    except (LaunchFailed, LineCut) as error:
        print(f"Toree: {error}", file=sys.stderr, flush=True)
        sys.exit(3)


def run(arguments: list[str]) -> int:
    """Answers until the kernel has ended; its status."""
    if arguments == ["--pipes"]:
        line, address = pipes(), "127.0.0.1"
        secret = ""
    else:
        path = Path(arguments[0])
        invitation = Invitation.read(path.read_text())
        with contextlib.suppress(OSError):  # its folder may be another's
            path.unlink()
        line, address = invitation.call()
        secret = invitation.secret
    line.send(
        hello=secret,
        toree=__version__,
        python=platform.python_version(),
        host=socket.gethostname(),
        pid=os.getpid(),
        curve=curve(),
    )
    answer = line.receive(60) or {}
    if "start" not in answer:
        raise LaunchFailed(str(answer.get("refused", "The Jupyter server did not answer.")))
    return Far(line, answer["start"], address).run()


def pipes() -> Line:
    """Our stdin and stdout, which from now on are nobody else's."""
    source, sink = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.write(sink, b"\n" + MARK + b"\n")
    return Line(Pipes(source, sink))


def curve() -> bool:
    """Whether kernels here can encrypt ZeroMQ."""
    import zmq
    from ipykernel.kernelapp import IPKernelApp

    return bool(zmq.has("curve")) and hasattr(IPKernelApp, "curve_publickey")


class Far:
    """One kernel, its line and the end of its log."""

    def __init__(self, line: Line, start: Json, address: str) -> None:
        self.line = line
        self.file = scratch.part("connection") / "kernel.json"
        self.told_to_end = False
        self.tail: collections.deque[str] = collections.deque(maxlen=_LOG_LINES)
        connection = dict(start["connection"])
        connection["ip"] = start.get("kernel_address") or address
        ports = connection.get("ports") or []
        free = ports if all(is_free(connection["ip"], port) for port in ports) else []
        connection |= dict(zip(PORTS, free or [0] * len(PORTS), strict=True))
        connection.pop("ports", None)
        self.file.touch(0o600)
        self.file.write_text(json.dumps(connection))
        command = [word.replace("{connection_file}", str(self.file)) for word in start["command"]]
        if command[0] == "{python}":
            command[0] = sys.executable
        folder = start.get("folder") or None
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # By the last ipykernel sees that we are gone, also when a cluster has killed us.
            env={**os.environ, **start.get("env", {}), "JPY_PARENT_PID": str(os.getpid())},
            cwd=folder if folder and Path(folder).is_dir() else None,
            start_new_session=True,
        )

    def run(self) -> int:
        for work in (self._copy, self._obey):
            threading.Thread(target=work, name=f"toree{work.__name__}", daemon=True).start()
        told = False
        while (status := self.process.poll()) is None:
            if not told and (found := self._listens()):
                told = True
                with contextlib.suppress(LineCut):
                    self.line.send(started=found, pid=self.process.pid)
            time.sleep(0.2 if told else 0.05)
        time.sleep(0.1)  # its last words
        with contextlib.suppress(LineCut):
            self.line.send(ended=status, log="\n".join(self.tail))
        if self.told_to_end:
            return 0  # as it should: whoever started us need not be alarmed
        return status if status >= 0 else 128 - status

    def _listens(self) -> Json | None:
        """The kernel's connection once it has written its ports, which it does when it listens."""
        try:
            found: Json = json.loads(self.file.read_text())
        except (FileNotFoundError, ValueError):  # jupyter_core removes it before it writes
            return None
        if not all(found.get(port) for port in PORTS):
            return None
        answers = is_free(found["ip"], found["shell_port"])  # taken: by the kernel, then
        return None if answers else {name: found[name] for name in (*PORTS, "ip")}

    def _copy(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            text = line.decode(errors="replace").rstrip("\n")
            self.tail.append(text[:2000])
            with contextlib.suppress(OSError, ValueError):
                print(text, file=sys.stderr, flush=True)

    def _obey(self) -> None:
        try:
            while True:
                message = self.line.receive()
                if message and isinstance(number := message.get("signal"), int):
                    self._signal(number)
        except LineCut:
            self._end()

    def _signal(self, number: int) -> None:
        self.told_to_end |= number in (signal.SIGTERM, signal.SIGKILL)
        with contextlib.suppress(OSError):
            os.killpg(self.process.pid, number)

    def _end(self) -> None:
        self._signal(signal.SIGTERM)
        deadline = time.monotonic() + _GRACE
        while self.process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        self._signal(signal.SIGKILL)


def is_free(address: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


if __name__ == "__main__":
    main()
