"""What the tests do to a kernel: stop a cell once it runs, look at its processes, kill them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psutil
from pace import Pace
from session import Ran, Session
from waiting import later as later
from waiting import until as until

READY = "this cell runs"


def trained(session: Session) -> bool:
    """Whether no JVM of this kernel is at writing the class data archive, which takes a while."""
    return not any(is_training(p) for p in processes(session))


def left(processes: Iterable[psutil.Process]) -> list[str]:
    """Command lines of those that still run."""
    return [" ".join(line_of(p))[-150:] for p in processes if not gone([p])]


def stopped(
    session: Session,
    code: str,
    *,
    stop: Callable[[], Any] | None = None,
    ready: Callable[[dict[str, Any]], bool] | None = None,
    timeout: float = 30,
) -> tuple[Ran, float]:
    """Runs a cell and stops it once it has printed `READY`; its end, and the seconds that took.

    They are those of a machine with nothing else to do (`pace`).
    """
    at: list[float] = []
    pace = Pace()

    def runs(message: dict[str, Any]) -> bool:
        return message["msg_type"] == "stream" and READY in message["content"]["text"]

    def during(message: dict[str, Any]) -> None:
        if not at and (ready or runs)(message):
            at.append(time.monotonic())
            (stop or session.manager.interrupt_kernel)()

    ran = session.run(code, during=during, timeout=timeout)
    assert at, f"the cell never said that it runs: {ran}"
    return ran, pace.alone(time.monotonic() - at[0])


def processes(session: Session) -> list[psutil.Process]:
    """The kernel's own process and all it has started."""
    root = psutil.Process(session.pid)
    return [p for p in (root, *root.children(recursive=True)) if not gone([p])]


def companion(session: Session) -> psutil.Process:
    """The JVM that runs now."""
    found = [p for p in processes(session) if is_companion(p)]
    assert len(found) == 1, found
    return found[0]


def scratch_of(session: Session) -> Path:
    """The folder for all that goes with the kernel."""
    return Path(companion(session).environ()["TOREE_SCRATCH"])


def is_companion(process: psutil.Process) -> bool:
    return "toree.Main" in line_of(process) and not is_training(process)


def is_training(process: psutil.Process) -> bool:
    """Whether it writes the archive of classes for the next start."""
    written = ("-XX:ArchiveClassesAtExit=", "-XX:AOTCacheOutput=")
    return any(word.startswith(written) for word in line_of(process))


def line_of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def r_host(session: Session) -> psutil.Process:
    found = [p for p in processes(session) if any("toree.rhost" in w for w in line_of(p))]
    assert len(found) == 1, found
    return found[0]


def gone(pids: Iterable[psutil.Process]) -> bool:
    return not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in pids)


class Subshell:
    """A further shell of a kernel: its cells run beside the main one's."""

    def __init__(self, session: Session) -> None:
        self.session = session
        asked = session.client.session.msg("create_subshell_request", {})
        session.client.control_channel.send(asked)
        reply = session.client.control_channel.get_msg(timeout=60)["content"]
        self.id = reply.get("subshell_id")  # None: an ipykernel without subshells

    def send(self, code: str) -> str:
        """Sends a cell; the id of its request."""
        content = {"code": code, "silent": False, "allow_stdin": False, "stop_on_error": False}
        message = self.session.client.session.msg("execute_request", content)
        message["header"]["subshell_id"] = self.id
        self.session.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])


def begun(session: Session, sent: str, text: str = READY, timeout: float = 60) -> None:
    """Waits until a cell has printed that it runs."""
    deadline = time.monotonic() + timeout
    while True:
        message = session.client.get_iopub_msg(timeout=max(0.1, deadline - time.monotonic()))
        ours = message["parent_header"].get("msg_id") == sent
        if ours and message["msg_type"] == "stream" and text in message["content"]["text"]:
            return


def replies(session: Session, *sent: str, timeout: float = 60) -> list[dict[str, Any]]:
    """The contents of the replies to these requests, which may come in any order."""
    found: dict[str, dict[str, Any]] = {}
    deadline = time.monotonic() + timeout
    while not found.keys() >= set(sent):
        reply = session.client.get_shell_msg(timeout=max(0.1, deadline - time.monotonic()))
        found[reply["parent_header"].get("msg_id")] = reply["content"]
    return [found[one] for one in sent]


def asks_to_stop(session: Session) -> None:
    """The stop button of a client that asks by a message, as remote ones do."""
    session.client.control_channel.send(session.client.session.msg("interrupt_request", {}))
    reply = session.client.control_channel.get_msg(timeout=30)
    assert reply["msg_type"] == "interrupt_reply"
