"""The R host, with four arguments: file descriptors of the front's pipes for requests, events and
interrupts, and the folder for R's temporary files.

The front starts this as the leader of a session of its own, so that no signal from a terminal or
from Jupyter reaches it; it says what it wants in frames.
"""

from __future__ import annotations

import os
import signal
import sys


def main() -> None:
    # Before any thread exists: all of them inherit the block, so that R's own handler, which it
    # installs while it waits in select(), never runs on one of them.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    requests, events, interrupts = (int(argument) for argument in sys.argv[1:4])
    for fd in (requests, events, interrupts):
        os.set_inheritable(fd, False)  # not for R's children
    # Python's own warnings go to the front's log, never into a cell.
    log = os.dup(2)
    sys.stdout = sys.stderr = os.fdopen(log, "w", buffering=1)

    from .frames import Channel

    channel = Channel(requests, events)
    try:
        from .loop import Loop
    except ImportError as error:
        channel.send({"reply": "missing", "why": str(error)})
        return
    theirs = os.environ.get("TMPDIR")
    os.environ["TMPDIR"] = sys.argv[4]  # R looks at it once, now
    try:
        loop = Loop(channel, interrupts)
    except Exception as error:
        channel.send({"reply": "missing", "why": f"{type(error).__name__}: {error}"})
        raise
    if theirs is None:
        del os.environ["TMPDIR"]
    else:
        os.environ["TMPDIR"] = theirs  # R's children get what ours would
    loop.run()
