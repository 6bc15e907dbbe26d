"""Where the far side calls: one socket for one launch, closed as soon as the guest has come."""

from __future__ import annotations

import contextlib
import queue
import socket
import threading

from ..errors import LaunchFailed
from ..foreign import Json
from . import certificate
from .invitation import Invitation
from .line import Line, LineCut, Socket

_PATIENCE = 10.0  # seconds a caller has to say who it is
_HELLO = 4096  # bytes of what it says
_CALLERS = 16  # that may be at it at once: a stranger who only waits keeps nobody out


class Reception:
    """Listens where the far side can reach this machine.

    Args:
        address: what the far side is told, "" for all addresses this machine has. It has to be
            this machine's own, unless `bind` names the one that stands behind it.
        ports: "40000..40050", "" for any.

    Raises:
        LaunchFailed: there is no such address here, or no port is free.
    """

    def __init__(self, address: str = "", bind: str = "", ports: str = "") -> None:
        self._context, shown = certificate.shown()
        self._socket = listening(bind or address, ports)
        addresses = (address,) if address else own_addresses()
        self.invitation = Invitation(addresses, self._socket.getsockname()[1], shown)
        self._guests: queue.Queue[tuple[Line, Json]] = queue.Queue()
        self._room = threading.Semaphore(_CALLERS)
        self._open = True
        self.strangers = 0
        threading.Thread(target=self._listen, name="toree-reception", daemon=True).start()

    def guest(self, timeout: float) -> tuple[Line, Json] | None:
        """The line of the one that was invited and what it said; None when it has not come yet."""
        try:
            return self._guests.get(timeout=timeout)
        except queue.Empty:
            return None

    def _listen(self) -> None:
        while self._open:
            try:
                caller, _ = self._socket.accept()
            except OSError:
                return
            self._room.acquire()
            threading.Thread(target=self._receive, args=(caller,), daemon=True).start()

    def _receive(self, caller: socket.socket) -> None:
        try:
            caller.settimeout(_PATIENCE)
            line = Line(Socket(self._context.wrap_socket(caller, server_side=True)))
            said = line.receive(_PATIENCE, limit=_HELLO) or {}
            if self._open and self.invitation.accepts(said.pop("hello", None)):
                self.close()  # one invitation, one guest
                self._guests.put((line, said))
            else:
                self.strangers += 1
                line.close()
        except (OSError, LineCut):
            self.strangers += 1
            with contextlib.suppress(OSError):
                caller.close()
        finally:
            self._room.release()

    def close(self) -> None:
        self._open = False
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def listening(address: str, ports: str) -> socket.socket:
    """A listening socket on one address ("": all of them)."""
    last: OSError | None = None
    for port in port_range(ports):
        found = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        try:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found.bind((address, port))
            found.listen(64)
            return found
        except OSError as error:
            found.close()
            last = error
            if not isinstance(error, socket.gaierror) and "in use" in str(error):
                continue
            break
    if last is not None and "in use" in str(last):
        raise LaunchFailed(
            f"No port of {ports} is free for kernels to call back to.",
            advice="Widen response_ports in the kernel spec's kernel_provisioner.",
        )
    raise LaunchFailed(
        f"response_address {address!r} is no address of this machine: {last}.",
        advice="Name one of its own, or beside it response_bind: the address here that stands "
        "behind it (0.0.0.0 for all).",
    )


def port_range(ports: str) -> range:
    """Raises LaunchFailed when it is no range."""
    if not ports:
        return range(1)
    first, _, last = ports.partition("..")
    try:
        found = range(int(first), int(last or first) + 1)
    except ValueError:
        found = range(0)
    if not found or found[0] < 1 or found[-1] > 65535:
        raise LaunchFailed(f"response_ports {ports!r} is no range of ports such as 40000..40050.")
    return found


def own_addresses() -> tuple[str, ...]:
    """This machine's addresses, the one of the usual way out first; loopback when it has no other.

    No packet is sent: connecting a datagram socket only asks the routing table.
    """
    found = []
    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with probe, contextlib.suppress(OSError):
        probe.connect(("192.0.2.1", 9))  # an address of the documentation's, nobody's
        found.append(str(probe.getsockname()[0]))
    with contextlib.suppress(OSError):
        found += [str(a[4][0]) for a in socket.getaddrinfo(socket.gethostname(), None)]
    outer = [a for a in dict.fromkeys(found) if not a.startswith(("127.", "::1", "fe80"))]
    return tuple(outer or ["127.0.0.1"])
