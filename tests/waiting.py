"""Waiting for what another process does: until a condition holds, and acting once it does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


def until(condition: Callable[[], T], timeout: float = 10, what: str = "") -> T:
    """The condition's first true value; the test fails when there is none in time."""
    deadline = time.monotonic() + timeout
    while True:
        if value := condition():
            return value
        assert time.monotonic() < deadline, f"not within {timeout} s: {what or condition}"
        time.sleep(0.02)


def later(
    condition: Callable[[], Any], act: Callable[[], Any], timeout: float = 60
) -> threading.Thread:
    """Acts on a thread of its own as soon as the condition holds."""

    def run() -> None:
        until(condition, timeout)
        act()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread
