"""SparkMonitor's comm, for those who have that JupyterLab extension (swan-cern/sparkmonitor).

It opens a comm of its name in every notebook; from then on the JVM listens to Spark for it
(`jvm/.../spark/Monitor.scala`) and its messages are handed on. Its own kernel extension is not
needed: that one would give Spark a listener of a jar and a socket for it.
"""

from __future__ import annotations

import contextlib

from ipykernel.ipkernel import IPythonKernel

from ..companion.companion import Companion
from ..foreign import Json, Jupyter

TARGET = "SparkMonitor"


class SparkMonitor:
    """The comms of the notebooks that look; all get everything, as there is one Spark.

    The extension opens two, and more after a restart, and draws what comes by each: as
    its own kernel extension does, each client is told by the newest.
    """

    def __init__(self, kernel: IPythonKernel, companion: Companion) -> None:
        self._companion = companion
        self._comms: Json = {}
        companion.events.monitored_jobs = self._send
        companion.began.append(self._ask)
        kernel.comm_manager.register_target(TARGET, self._opened)

    def _opened(self, comm: Jupyter, message: Json) -> None:
        client = message["header"]["session"]
        self._comms[client] = comm

        def close(_: Jupyter) -> None:
            if self._comms.get(client) is comm:
                del self._comms[client]

        comm.on_close(close)
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
