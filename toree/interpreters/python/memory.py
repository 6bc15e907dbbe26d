"""Memory that libraries have let go of and that allocators keep: given back to the system."""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import sys
import threading
from pathlib import Path

#: Bytes by which the process must have grown: what is less allocators keep with good reason.
_LARGE = 64 * 2**20
_SIZES = Path("/proc/self/statm")  # in pages, the resident ones second; Linux alone has it


class Memory:
    """After a `toPandas()` Arrow's pool and malloc keep twice the frame, for nobody.

    Other processes of the machine have use for it: this kernel's JVM is one.
    """

    def __init__(self) -> None:
        self._least = _resident()

    def settle(self) -> None:
        """After a cell, on its thread: Arrow's pool lets go of that thread's share only."""
        now = _resident()
        if now <= self._least + _LARGE:
            self._least = min(self._least, now)
            return
        if (arrow := sys.modules.get("pyarrow")) is not None:
            with contextlib.suppress(AttributeError):  # still being imported, or an old one
                arrow.default_memory_pool().release_unused()
        # Takes some hundredths of a second.
        threading.Thread(target=self._trim, name="toree-memory", daemon=True).start()

    def _trim(self) -> None:
        with contextlib.suppress(AttributeError, OSError):  # of glibc alone
            ctypes.CDLL(None).malloc_trim(0)
        self._least = _resident()


def _resident() -> int:
    """Bytes of this process in memory; 0 where nobody says."""
    try:
        return int(_SIZES.read_text().split()[1]) * mmap.PAGESIZE
    except OSError:
        return 0
