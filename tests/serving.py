"""Jupyter servers and gateways as processes of a test's own."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

TOKEN = "of-the-test"
LIGHT = {**os.environ, "SPARK_CONTEXT_INITIALIZATION_MODE": "none"}


def free_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serving(command: list[str], port: int, token: str, log: Path) -> Iterator[str]:
    """A Jupyter server or gateway as a process of its own, until it answers."""
    url = f"http://127.0.0.1:{port}"
    environment = {**LIGHT, "JUPYTER_PATH": os.environ["JUPYTER_PATH"]}
    with open(log, "wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            env=environment,
            stdout=out,
            stderr=out,
            cwd=log.parent,
        )
        try:
            deadline = time.monotonic() + 90
            request = urllib.request.Request(
                f"{url}/api", headers={"Authorization": f"token {token}"}
            )
            while True:
                try:
                    with urllib.request.urlopen(request, timeout=5) as answer:
                        json.load(answer)
                    break
                except (OSError, urllib.error.URLError):
                    assert process.poll() is None, log.read_text()
                    assert time.monotonic() < deadline, log.read_text()
                    time.sleep(0.1)
            yield url
        finally:
            process.terminate()
            try:
                process.wait(30)  # it ends its kernels first
            except subprocess.TimeoutExpired:
                # jupyter_server stays for good when it knows of a kernel that has never started.
                process.kill()
                process.wait()
                assert "Kernel does not exist" in log.read_text(), log.read_text()
