"""A client of a running kernel that reads like a notebook: run a cell, look at what came."""

from __future__ import annotations

import dataclasses
import importlib.util
import shutil
import time
from collections.abc import Callable
from typing import Any

from jupyter_client.manager import KernelManager

BAR = "toree-progress-"  # the ids of bars begin with it
has_r = shutil.which("R") is not None and importlib.util.find_spec("rpy2") is not None


def _of_a_bar(message: dict[str, Any]) -> bool:
    return str(message["content"].get("transient", {}).get("display_id")).startswith(BAR)


@dataclasses.dataclass(frozen=True)
class Ran:
    """What one cell led to: its reply and its iopub messages but status and execute_input."""

    reply: dict[str, Any]
    messages: list[dict[str, Any]]
    shows: str = "execute_result"

    @property
    def status(self) -> str:
        return str(self.reply["status"])

    @property
    def kinds(self) -> list[str]:
        """Without those of the bars, which a cell has where the machine is slow."""
        return [m["msg_type"] for m in self.messages if not _of_a_bar(m)]

    def text(self, name: str) -> str:
        """Everything printed to stdout or stderr."""
        return "".join(
            m["content"]["text"]
            for m in self.messages
            if m["msg_type"] == "stream" and m["content"]["name"] == name
        )

    def bundles(self, kind: str) -> list[dict[str, Any]]:
        """Without the bars'."""
        return [
            m["content"]["data"]
            for m in self.messages
            if m["msg_type"] == kind and not _of_a_bar(m)
        ]

    @property
    def result(self) -> Any:
        """`text/plain` of the value: an execute_result, R's last display; None without one."""
        found = self.bundles(self.shows)
        return found[-1]["text/plain"] if found else None

    @property
    def traceback(self) -> str:
        return "\n".join(self.reply.get("traceback", []))


class Session:
    """Starts a kernel by its spec's name; `with` ends it."""

    def __init__(self, name: str, traits: dict[str, Any] | None = None, **options: Any) -> None:
        self.manager = KernelManager(kernel_name=name, **(traits or {}))
        self.options = options

    def __enter__(self) -> Session:
        self.manager.start_kernel(**self.options)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        return self

    def __exit__(self, *_: Any) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=False)

    @property
    def pid(self) -> int:
        return int(self.manager.provisioner.pid)

    def run(
        self,
        code: str,
        *,
        timeout: float = 120,
        answers: list[str] | None = None,
        during: Callable[[dict[str, Any]], None] | None = None,
        **options: Any,
    ) -> Ran:
        """Runs one cell to its idle status.

        Args:
            answers: what the user types, one per input_request; without it there is no stdin.
            during: called with every iopub message of the cell as it comes.
        """
        sent = self.client.execute(code, allow_stdin=answers is not None, **options)
        messages: list[dict[str, Any]] = []
        deadline = time.monotonic() + timeout
        while True:
            if answers and self.client.stdin_channel.msg_ready():
                self.client.get_stdin_msg(timeout=1)
                self.client.input(answers.pop(0))
            if not self.client.iopub_channel.msg_ready():
                assert time.monotonic() < deadline, f"no end of {code[:80]!r} in {timeout} s"
                self.client.iopub_channel.socket.poll(50)
                continue
            message = self.client.get_iopub_msg(timeout=1)
            if message["parent_header"].get("msg_id") != sent:
                continue
            kind = message["msg_type"]
            if during is not None:
                during(message)
            if kind == "status" and message["content"]["execution_state"] == "idle":
                break
            if kind not in ("status", "execute_input"):
                messages.append(message)
        shows = "display_data" if code.startswith("%%r") else "execute_result"
        return Ran(self._reply(sent, timeout)["content"], messages, shows)

    def complete(self, code: str) -> dict[str, Any]:
        """Completes at the `|` in the code."""
        cursor = code.index("|")
        sent = self.client.complete(code.replace("|", "", 1), cursor)
        return dict(self._reply(sent, 60)["content"])

    def inspect(self, code: str) -> dict[str, Any]:
        cursor = code.index("|")
        sent = self.client.inspect(code.replace("|", "", 1), cursor)
        return dict(self._reply(sent, 60)["content"])

    def is_complete(self, code: str) -> dict[str, Any]:
        return dict(self._reply(self.client.is_complete(code), 60)["content"])

    def _reply(self, sent: str, timeout: float) -> dict[str, Any]:
        while True:
            reply = self.client.get_shell_msg(timeout=timeout)
            if reply["parent_header"].get("msg_id") == sent:
                return dict(reply)


def run(kernel: Session, code: str) -> Ran:
    ran = kernel.run(code)
    assert ran.status == "ok", ran.traceback
    return ran


def printed(kernel: Session, code: str) -> str:
    return run(kernel, code).text("stdout")


def result(kernel: Session, code: str) -> str:
    return str(run(kernel, code).result)


def failed(kernel: Session, code: str) -> Ran:
    ran = kernel.run(code)
    assert ran.status == "error"
    return ran
