"""The processes R starts: all of its session, since R gives some (4.5: pipes) their own group."""

from __future__ import annotations

import contextlib
import os
import signal


def signal_session(session: int, number: int) -> None:
    """Signals every process of a session but this one."""
    import psutil  # not before it is needed: a start has no use for it

    for pid in psutil.pids():
        try:
            if pid != os.getpid() and os.getsid(pid) == session:
                os.kill(pid, number)
        except OSError:
            continue


def kill_session(session: int) -> None:
    """Ends every process of a session, its leader last: who it forks meanwhile is of its group."""
    try:
        signal_session(session, signal.SIGKILL)
    finally:
        with contextlib.suppress(OSError):
            os.killpg(session, signal.SIGKILL)


def end_session() -> None:
    """Ends this process and all it started, at once."""
    if os.getsid(0) == os.getpid():  # the front starts us as leader of our own session
        kill_session(os.getpid())
    os._exit(1)
