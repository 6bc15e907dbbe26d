"""Seconds of a machine that has nothing else to do: what tests about time compare with.

Work of the test's own is measured around what is timed, in the same run. It takes as much longer
than the processor needs for it as other processes take away.
"""

from __future__ import annotations

import time

_WORK = 0.05  # seconds of the processor's


class Pace:
    """Made before what is timed, asked after it."""

    def __init__(self) -> None:
        self._before = slowness()

    def alone(self, seconds: float) -> float:
        """What took `seconds` here would have taken these, had the machine been free."""
        return seconds / max(self._before, slowness())


def slowness() -> float:
    """How many times longer work takes now than on a free machine."""
    wall, own = time.monotonic(), time.thread_time()
    while time.thread_time() - own < _WORK:
        sum(range(1000))
    return max(1.0, (time.monotonic() - wall) / _WORK)
