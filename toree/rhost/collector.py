"""Asks R, from any thread, for one garbage collection at its next allocation.

At the end of a collection R looks whether it has been interrupted. R's own `gctorture2()` asks for
collections by two counters, but only on R's thread. libR exports a function that writes them, or,
from R 4.5 on, hides it: the counters are then found by watching `gctorture2()` set them.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable, Iterator

from ..foreign import RObject

_FAR_AWAY = 2**30  # allocations until R would collect a second time
# Numbers that stand nowhere else. The second counts down with each allocation.
_GAP, _WAIT = 0x3C5A96F1, 0x2DB4FFFF
_GAP_BYTES, _WAIT_BYTES = _GAP.to_bytes(4, "little"), b"\xb4\x2d"

Collector = Callable[[bool], None]


def collector(libr: ctypes.CDLL, gctorture2: object) -> Collector | None:
    """What asks for a collection (True) or takes that back (False); None where R can't be asked.

    Args:
        libr: R's shared library, already initialised.
        gctorture2: R's function of that name; called here, so on R's thread.
    """
    function = getattr(libr, "R_gc_torture", None)
    if function is not None:
        return lambda soon: function(_FAR_AWAY if soon else 0, 1 if soon else 0, 0)
    found = _counters(libr, gctorture2)
    if found is None:
        return None
    gap, wait = found

    def ask(soon: bool) -> None:  # R's own order
        gap.value = _FAR_AWAY if soon else 0
        wait.value = 1 if soon else 0

    return ask


def _counters(libr: ctypes.CDLL, gctorture2: RObject) -> tuple[ctypes.c_int, ctypes.c_int] | None:
    gctorture2(_GAP, _WAIT)
    try:
        data = [(start, ctypes.string_at(start, size)) for start, size in _writable(libr)]
    finally:
        gctorture2(0)
    gaps, waits = [], []
    for start, held in data:
        gaps += [start + m.start() for m in re.finditer(re.escape(_GAP_BYTES), held)]
        waits += [start + m.start() - 2 for m in re.finditer(re.escape(_WAIT_BYTES), held)]
    gaps, waits = ([place for place in places if place % 4 == 0] for places in (gaps, waits))
    if len(gaps) != 1 or len(waits) != 1:
        return None
    gap, wait = ctypes.c_int.from_address(gaps[0]), ctypes.c_int.from_address(waits[0])
    if gap.value or wait.value:
        return None  # gctorture2(0) has set them to 0
    gap.value = 7
    return (gap, wait) if int(gctorture2(0)[0]) == 7 else None  # it tells the gap there was


def _writable(libr: ctypes.CDLL) -> Iterator[tuple[int, int]]:
    """Where the library's variables are, as starts and sizes."""
    inside = ctypes.addressof(ctypes.c_int.in_dll(libr, "R_interrupts_pending"))
    try:
        with open("/proc/self/maps", encoding="utf-8") as file:
            lines = [line.split() for line in file]
    except OSError:  # no /proc (macOS)
        return
    for place, rights, *_ in lines:
        start, end = (int(part, 16) for part in place.split("-"))
        if start <= inside < end and rights.startswith("rw"):
            yield start, end - start
