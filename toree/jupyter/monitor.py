"""SparkMonitor's comm, for those who have that JupyterLab extension (swan-cern/sparkmonitor).

It opens a comm of its name in every notebook; from then on the JVM listens to Spark for it
(`jvm/.../spark/Monitor.scala`) and its messages are handed on. Its own kernel extension is not
needed: that one would give Spark a listener of a jar and a socket for it.
"""

from __future__ import annotations

import contextlib
from typing import Any

from ipykernel.ipkernel import IPythonKernel

from ..companion.companion import Companion
from ..foreign import Json

TARGET = "SparkMonitor"


class SparkMonitor:
    """The comms of the notebooks that look; all get everything, as there is one Spark."""

    def __init__(self, kernel: IPythonKernel, companion: Companion) -> None:
        self._companion = companion
        self._comms: Json = {}
        companion.events.monitored_jobs = self._send
        companion.began.append(self._ask)
        kernel.comm_manager.register_target(TARGET, self._opened)

    def _opened(self, comm: Any, message: Any) -> None:
        self._comms[comm.comm_id] = comm
        comm.on_close(lambda _: self._comms.pop(comm.comm_id, None))
        comm.send({"msgtype": "commopen"})
        if self._companion.ready:
            self._ask()

    def _ask(self) -> None:
        """A JVM is there: it is told that somebody looks."""
        if self._comms:
            self._companion.tell("monitor")

    def _send(self, message: str) -> None:
        for comm in list(self._comms.values()):
            with contextlib.suppress(Exception):  # its front end has gone
                comm.send({"msgtype": "fromscala", "msg": message})
