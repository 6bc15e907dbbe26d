"""Makes it safe for R to fork this process (parallel::mclapply): R knows nothing of the GIL.

Python's threads do not exist in the child. If one of them holds the GIL while R forks, the child
waits for it for ever at its first printed line. So the forking thread, which is in R and without
the GIL, takes it before the fork and does what Python's own fork does around it, in the parent and
in the child. These are C functions called by the C library with no arguments; the returned values
are dropped.

Python itself must not fork here while it holds the GIL (subprocess uses vfork, which is fine).
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable


def make_forks_safe() -> None:
    api = ctypes.pythonapi
    take, give, before, after, renew = (
        ctypes.cast(function, ctypes.c_void_p)
        for function in (
            api.PyGILState_Ensure,
            api.PyEval_SaveThread,
            api.PyOS_BeforeFork,
            api.PyOS_AfterFork_Parent,
            api.PyOS_AfterFork_Child,
        )
    )
    register = _register()
    # What runs before the fork does so in the opposite order of registration.
    register(before, after, renew)
    register(take, give, give)


def _register() -> Callable[..., int]:
    libc = ctypes.CDLL(None)
    try:
        plain: Callable[..., int] = libc.pthread_atfork
        return plain
    except AttributeError:  # glibc: there for the linker only
        register = libc.__register_atfork
        return lambda *handlers: int(register(*handlers, None))
