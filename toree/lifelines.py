"""Pipes by whose end another process learns that this one is gone.

A fork of this process (`multiprocessing.Pool`) would keep them open, and the others waiting: in
the child each is put on /dev/null. The number stays taken, since objects there still name it.
"""

from __future__ import annotations

import contextlib
import os

_HELD: set[int] = set()  # one for the process, as its hooks are


def hold(fd: int) -> None:
    """From now on no fork keeps this end of a pipe."""
    _HELD.add(fd)


def release(fd: int) -> None:
    """To be called before it is closed: the number may then mean something else."""
    _HELD.discard(fd)


def _let_go() -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for fd in _HELD:
        with contextlib.suppress(OSError):
            os.dup2(nothing, fd, inheritable=False)
    os.close(nothing)
    _HELD.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)
