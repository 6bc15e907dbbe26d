"""One launch, from the start of the far side to a kernel that can be reached. Blocks."""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import threading
import time
from collections.abc import Mapping, Sequence

from ..errors import LaunchFailed
from ..foreign import Facts, Json
from .far import PORTS
from .line import Line, LineCut
from .places import Place
from .reception import Reception

_TURN = 0.2  # seconds between two looks at what became of the far side


@dataclasses.dataclass(frozen=True)
class Order:
    """What the kernel is started with."""

    command: Sequence[str]
    env: Mapping[str, str]
    connection: Facts
    folder: str = ""
    kernel_address: str = ""
    #: Whether ZeroMQ must be encrypted, wherever it leaves a machine.
    encrypted: bool = True
    before: Facts = dataclasses.field(default_factory=dict)


class Kernel:
    """A kernel elsewhere: its line, and how it ended."""

    def __init__(self, place: Place, line: Line, connection: Facts, pid: int) -> None:
        self.place = place
        self.line = line
        self.connection = connection
        self.pid = pid
        self.log = ""
        self.status: int | None = None
        self.cut = False
        self.over = threading.Event()
        threading.Thread(target=self._follow, name="toree-kernel-line", daemon=True).start()

    def _follow(self) -> None:
        try:
            while self.status is None:
                message = self.line.receive()
                if message and isinstance(status := message.get("ended"), int):
                    self.log = str(message.get("log", ""))
                    self.status = status
        except LineCut:
            self.cut = True
            self.status = 1
        self.over.set()

    def signal(self, number: int) -> None:
        with contextlib.suppress(LineCut):
            self.line.send(signal=number)

    def close(self) -> None:
        self.line.close()
        self.place.close()


def launched(place: Place, reception: Reception | None, order: Order, timeout: float) -> Kernel:
    """Starts the kernel and returns when it listens and answers.

    Raises:
        LaunchFailed: it did not within `timeout` seconds; the message says what was waited for.
    """
    deadline = time.monotonic() + timeout
    line: Line | None = None
    try:
        line = place.start(reception.invitation if reception else None)
        if reception is not None:
            line, said = _guest(place, reception, deadline, timeout)
        else:
            assert line is not None
            said = _hello(place, line, deadline, timeout)
        return _started(place, line, said, order, deadline, timeout)
    except BaseException:
        if line is not None:
            line.close()  # the far side ends with it
        place.kill()
        place.close()
        raise
    finally:
        if reception is not None:
            reception.close()


def _guest(
    place: Place, reception: Reception, deadline: float, timeout: float
) -> tuple[Line, Json]:
    while (guest := reception.guest(_TURN)) is None:
        if why := place.ended():
            raise LaunchFailed(f"{why}; no kernel has called back.", advice=place.log())
        if time.monotonic() > deadline:
            at = " or ".join(
                f"{a}:{reception.invitation.port}" for a in reception.invitation.addresses
            )
            others = f" {reception.strangers} callers were turned away." * bool(reception.strangers)
            raise LaunchFailed(
                f"No kernel within {timeout:g} s: waited for {place.waits_for()} at {at}.{others}",
                advice=place.log()
                or "Raise launch_timeout if that is only slow; if there is no "
                "way back to this address, set response_address.",
            )
    return guest


def _hello(place: Place, line: Line, deadline: float, timeout: float) -> Json:
    try:
        while not line.meet(_TURN):
            if time.monotonic() > deadline:
                raise LaunchFailed(
                    f"No kernel within {timeout:g} s: waited for {place.waits_for()}.",
                    advice=place.log(),
                )
        return line.receive(max(deadline - time.monotonic(), 1.0)) or {}
    except LineCut as error:
        raise _gone(place) from error


def _gone(place: Place) -> LaunchFailed:
    time.sleep(0.3)  # until its last words are here
    why = place.ended() or "The far side is gone"
    return LaunchFailed(f"{why}, before a kernel ran.", advice=place.log())


def _started(
    place: Place, line: Line, said: Json, order: Order, deadline: float, timeout: float
) -> Kernel:
    there = f"{said.get('host', 'the far side')} (Python {said.get('python', '?')})"
    connection = dict(order.connection)
    ways = said.get("curve"), "curve_publickey" in connection
    if order.encrypted and place.calls_back and not all(ways):
        where = "this machine" if ways[0] else there
        line.send(refused="ZeroMQ can't be encrypted.")
        raise LaunchFailed(
            f"ZeroMQ can't be encrypted: ipykernel or jupyter_client on {where} is too old.",
            advice="Install ipykernel 7.4 and jupyter_client 8.10 or newer at both ends, or "
            "allow plain text with encryption: false in kernel_provisioner.",
        )
    ports = [order.before.get(name) for name in PORTS if place.own_ports]
    start = {
        "command": list(order.command),
        "env": dict(order.env),
        "folder": order.folder,
        "connection": {**connection, "ports": ports if all(ports) else []},
        "kernel_address": order.kernel_address or place.kernel_address,
    }
    try:
        line.send(start=start)
        message: Json | None = {}
        while message is None or "started" not in message:
            if message and "ended" in message:
                raise LaunchFailed(
                    f"The kernel on {there} ended with status {message['ended']} at its start.",
                    advice=str(message.get("log", "")),
                )
            if time.monotonic() > deadline:
                raise LaunchFailed(
                    f"No kernel within {timeout:g} s: waited for the one on {there} to listen.",
                    advice=place.log(),
                )
            message = line.receive(_TURN)
    except LineCut as error:
        raise _gone(place) from error
    found = place.reach({**connection, **message["started"]}, order.before)
    _check_way(found, there)
    return Kernel(place, line, found, int(message.get("pid", 0)))


def _check_way(connection: Facts, there: str) -> None:
    address = (str(connection["ip"]), int(connection["shell_port"]))
    try:
        socket.create_connection(address, 10).close()
    except OSError as error:
        raise LaunchFailed(
            f"The kernel on {there} listens at {address[0]}:{address[1]}, which can't be reached "
            f"from here ({error.strerror or error}).",
            advice="Set kernel_address in kernel_provisioner to an address of that machine that "
            "can be, or open the way.",
        ) from error
