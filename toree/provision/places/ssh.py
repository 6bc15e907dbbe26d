"""By ssh: the line is ssh's own stdin and stdout, and the kernel's ports come through its tunnel.

So nothing listens but on loopback at both ends, no secret travels, and no way back is needed.
"""

from __future__ import annotations

import shlex
import socket
import time

from ...errors import LaunchFailed
from ...foreign import Facts, Json
from ..far import PORTS
from ..invitation import Invitation
from ..line import Line
from . import FAR, Place, Started

_PATIENCE = 20.0


class Ssh(Place):
    calls_back = False
    kernel_address = "127.0.0.1"
    own_ports = False
    _tunnel: Started | None = None

    def start(self, invitation: Invitation | None) -> Line | None:
        if not self.wanted.host:
            raise LaunchFailed("The kernel spec's kernel_provisioner names no host for ssh.")
        words = [self.wanted.python, "-c", FAR, "--pipes"]
        return self.begin([*self._ssh(), self.wanted.host, shlex.join(words)], pipes=True).line()

    def _ssh(self, *options: str) -> list[str]:
        # Nobody is there to be asked for a password, and a host that is gone is to be noticed.
        usual = ("BatchMode=yes", "ConnectTimeout=15", "ServerAliveInterval=15")
        words = [word for option in usual for word in ("-o", option)]
        return ["ssh", "-T", *self.wanted.options, *words, *options]

    def reach(self, connection: Json, before: Facts) -> Json:
        """Forwards a port of ours to each of the kernel's, the same ones as before if possible."""
        kept = [int(before.get(name, 0)) for name in PORTS]
        ports = kept if all(kept) and all(map(is_free, kept)) else free_ports(len(PORTS))
        far = [connection[name] for name in PORTS]
        forward = [
            word
            for near, there in zip(ports, far, strict=True)
            for word in ("-L", f"127.0.0.1:{near}:127.0.0.1:{there}")
        ]
        options = ("-o", "ExitOnForwardFailure=yes", "-N", *forward)
        self._tunnel = Started([*self._ssh(*options), self.wanted.host])
        deadline = time.monotonic() + _PATIENCE
        while any(is_free(port) for port in ports):
            if why := self._tunnel.ended():
                raise LaunchFailed(f"{why}: no tunnel to the kernel.", advice=self._tunnel.text)
            if time.monotonic() > deadline:
                raise LaunchFailed(f"No tunnel to {self.wanted.host} within {_PATIENCE:g} s.")
            time.sleep(0.05)
        return {**connection, "ip": "127.0.0.1", **dict(zip(PORTS, ports, strict=True))}

    def waits_for(self) -> str:
        return f"ssh to {self.wanted.host}, and {self.wanted.python} there"

    def close(self) -> None:
        if self._tunnel is not None:
            self._tunnel.kill()
        self.kill()


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex(("127.0.0.1", port)) != 0


def free_ports(count: int) -> list[int]:
    found = [socket.socket() for _ in range(count)]
    for each in found:
        each.bind(("127.0.0.1", 0))
    ports = [int(each.getsockname()[1]) for each in found]
    for each in found:
        each.close()
    return ports
