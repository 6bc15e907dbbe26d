"""Makes it safe for R to fork this process (parallel::mclapply): R knows nothing of the GIL.

Python's threads do not exist in the child. If one of them holds the GIL while R forks, the child
waits for it for ever at its first printed line. So the forking thread, which is in R and without
the GIL, takes it before the fork, and the child makes it anew. These are C functions called by the
C library with no arguments; the returned values are dropped.

Python itself must not fork here while it holds the GIL (subprocess uses vfork, which is fine).
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any


def make_forks_safe() -> None:
    api = ctypes.pythonapi
    take = ctypes.cast(api.PyGILState_Ensure, ctypes.c_void_p)
    give = ctypes.cast(api.PyEval_SaveThread, ctypes.c_void_p)
    renew = ctypes.cast(api.PyOS_AfterFork_Child, ctypes.c_void_p)
    nothing = ctypes.c_void_p(None)
    register = _register()
    # Handlers of the parent and the child run in the order of their registration.
    register(take, give, renew)
    register(nothing, nothing, give)


def _register() -> Callable[..., int]:
    libc: Any = ctypes.CDLL(None)
    try:
        plain: Callable[..., int] = libc.pthread_atfork
        return plain
    except AttributeError:  # glibc: there for the linker only
        register = libc.__register_atfork
        return lambda *handlers: int(register(*handlers, None))
