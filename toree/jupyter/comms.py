"""Comms that Scala registers and opens (`kernel.comm`): between ipykernel's and the JVM's side."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator

from comm import create_comm
from ipykernel.ipkernel import IPythonKernel

from ..companion.companion import Companion
from ..foreign import Json, Jupyter
from ..host import Host
from .output import KernelOutput


class Comms:
    """Those of Scala's; each belongs to the workspace that registered its target or opened it."""

    def __init__(
        self, kernel: IPythonKernel, companion: Companion, hosts: Callable[[], list[Host]]
    ) -> None:
        """`hosts`: those of all workspaces, whose bars show the Spark jobs of handlers too."""
        self._hosts = hosts
        self._kernel = kernel
        self._companion = companion
        self._open: Json = {}

    def ask(self, cell: str, text: str) -> str:
        """Does what `Comms.scala` asks, on the thread that serves its cell; a new comm's id."""
        asked = json.loads(text)
        target, workspace, data = asked["target"], asked["workspace"], asked["data"]
        manager = self._kernel.comm_manager
        if asked["kind"] == "register":
            manager.register_target(
                target, lambda comm, message: self._opened(workspace, comm, message)
            )
        elif asked["kind"] == "unregister":
            manager.targets.pop(target, None)
        elif asked["kind"] == "open":
            return self._keep(workspace, create_comm(target_name=target, data=data))
        elif (comm := self._open.get(asked["id"])) is not None:
            if asked["kind"] == "msg":
                comm.send(data)
            else:
                del self._open[asked["id"]]
                comm.close(data)
        return ""

    def _keep(self, workspace: str, comm: Jupyter) -> str:
        def close(message: Jupyter) -> None:
            self._open.pop(comm.comm_id, None)
            self._tell(workspace, "close", comm, message)

        self._open[comm.comm_id] = comm
        comm.on_msg(lambda message: self._tell(workspace, "msg", comm, message))
        comm.on_close(close)
        return str(comm.comm_id)

    def _opened(self, workspace: str, comm: object, message: object) -> None:
        self._keep(workspace, comm)
        self._tell(workspace, "open", comm, message)

    def _tell(self, workspace: str, kind: str, comm: Jupyter, message: Jupyter) -> None:
        """Runs Scala's handlers, as a cell whose output goes to whoever sent the message."""
        text = json.dumps(
            {
                "kind": kind,
                "id": comm.comm_id,
                "target": comm.target_name,
                "data": message["content"].get("data") or {},
            }
        )
        output = KernelOutput(self._kernel, 0)
        cell = output.cell
        try:
            with self._running(workspace, output):
                outcome = self._companion.run(
                    cell, output, lambda entry: entry.comm(workspace, cell, text), workspace
                )
        except KeyboardInterrupt:
            return
        if outcome["status"] == "error":
            output.stream("stderr", "\n".join(outcome["traceback"]) + "\n")

    @contextlib.contextmanager
    def _running(self, workspace: str, output: KernelOutput) -> Iterator[None]:
        """Reports a handler as the cell it is to the workspace: its bar, what its threads show."""
        host = next((h for h in self._hosts() if h.workspace_name == workspace), None)
        if host is None:  # a session that has ended
            yield
            return
        cells, bars = host.workspace.cells, host.workspace.bars
        with cells.running("scala", output, lambda: None), bars.cell(output):
            yield
