"""Hosts for the processes of a cluster: network namespaces on one bridge, or all of them loopback.

Namespaces need root and Linux. Each is a host with an address of its own; none reaches the machine
around it, nor the other way round.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

#: One for each run of the tests.
NET = f"10.{213 + os.getpid() % 40}.{os.getpid() // 40 % 256}"


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=30)


class Hosts:
    """Hosts by their names; `close` ends their network and what still runs in it."""

    def __init__(self, *names: str, reachable: bool = False) -> None:
        """`reachable`: this machine joins them, as `here`."""
        self.names = names
        self.apart = False
        self.here = "127.0.0.1"
        self._reachable = reachable
        self._prefix = f"toree{os.getpid()}"
        self._hub = self._space("hub")
        self._processes: list[subprocess.Popen[bytes]] = []
        if os.name == "posix" and os.geteuid() == 0:
            try:
                self._join()
                self.apart = True
            except (OSError, subprocess.SubprocessError):
                self._part()

    def _space(self, name: str) -> str:
        return f"{self._prefix}-{name}"

    def _join(self) -> None:
        hub = ("ip", "-n", self._hub)
        run("ip", "netns", "add", self._hub)
        run(*hub, "link", "add", "bridge", "type", "bridge")
        run(*hub, "link", "set", "bridge", "up")
        for name in self.names:
            space = self._space(name)
            run("ip", "netns", "add", space)
            run(
                *hub,
                "link",
                "add",
                "name",
                name,
                "type",
                "veth",
                "peer",
                "name",
                "eth0",
                "netns",
                space,
            )
            run(*hub, "link", "set", "dev", name, "master", "bridge", "up")
            run("ip", "-n", space, "addr", "add", f"{self._number(name)}/24", "dev", "eth0")
            run("ip", "-n", space, "link", "set", "eth0", "up")
            run("ip", "-n", space, "link", "set", "lo", "up")
        if self._reachable:
            mine = self._prefix  # gone with the hub, whose other end it is
            run(*hub, "link", "add", "here", "type", "veth", "peer", "name", mine)
            run(*hub, "link", "set", mine, "netns", str(os.getpid()))
            run(*hub, "link", "set", "here", "master", "bridge", "up")
            run("ip", "addr", "add", f"{NET}.100/24", "dev", mine)
            run("ip", "link", "set", mine, "up")
            self.here = f"{NET}.100"

    def _part(self) -> None:
        for name in ("hub", *self.names):
            subprocess.run(["ip", "netns", "del", self._space(name)], capture_output=True)

    def _number(self, name: str) -> str:
        return f"{NET}.{self.names.index(name) + 1}"

    def address(self, name: str) -> str:
        return self._number(name) if self.apart else "127.0.0.1"

    def free_port(self) -> int:
        """A port for a server that must be told one; a host of its own has them all."""
        if self.apart:
            return 7077
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            return int(found.getsockname()[1])

    def command(self, name: str, *words: str) -> list[str]:
        """What runs `words` on a host, as the same process."""
        return ["ip", "netns", "exec", self._space(name), *words] if self.apart else [*words]

    def start(
        self, name: str, words: Sequence[str], log: Path, env: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        with log.open("ab") as out:
            process = subprocess.Popen(
                self.command(name, *words),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=env,
                start_new_session=True,
            )
        self._processes.append(process)
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """The process and all it has started, at once: its host is gone."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)

    def wire(self, log: Path) -> subprocess.Popen[bytes]:
        """Writes every byte that crosses the bridge into a file, until it is killed."""
        assert self.apart
        code = (
            "import socket, sys\n"
            "wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))\n"
            "out = open(sys.argv[1], 'wb', buffering=0)\n"
            "while True: out.write(wire.recv(1 << 17))\n"
        )
        words = ["ip", "netns", "exec", self._hub, "python3", "-c", code, str(log)]
        process = subprocess.Popen(words, start_new_session=True)
        self._processes.append(process)
        return process

    def close(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                self.kill(process)
        if self.apart:
            self._part()
