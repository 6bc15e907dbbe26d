"""The variables in a front end's debugger side bar: those of every language.

JupyterLab asks for them (`inspectVariables`, `richInspectVariables`) while nothing is stopped
(https://jupyter-client.readthedocs.io/en/stable/messaging.html#additions-to-the-dap). Where
something is, and for Python's own names in a Python kernel, ipykernel answers.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import TypeVar

from ipykernel.debugger import Debugger

from ..explorer import Explorer, Item
from ..foreign import Json

T = TypeVar("T")
_PATIENCE = 5.0  # seconds an answer may take: a stop waits behind it on the control channel
_ROWS = 20


class Variables(Debugger):
    """ipykernel's debugger, with the shared names beside Python's own."""

    #: Set once the host is there; without it everything is ipykernel's.
    explorer: Explorer | None = None
    #: Whether ipykernel lists Python's names: in kernels whose language that is.
    python = True
    _children: dict[int, Callable[[], list[Item]]]
    _numbers: itertools.count[int]

    def start(self) -> bool:
        if not self.debugpy_initialized:
            import debugpy  # noqa: T100

            # It would start R's process and Spark's workers under a debugger nobody listens to.
            debugpy.configure(subProcess=False)
            if not self.python:
                # ipykernel would run this as a cell, and so as one of the kernel's language.
                host, port = self.debugpy_client.get_host_port()
                debugpy.listen((host, int(port)))  # noqa: T100
                self.debugpy_initialized = True
        return bool(super().start())

    async def inspectVariables(self, message: Json) -> Json:
        reply: Json = await super().inspectVariables(message)
        if self.explorer is None:
            return reply
        # Above what a process may hold of debugpy's own, below what JavaScript counts exactly.
        self._numbers, self._children = itertools.count(2**52), {}
        explorer = self.explorer
        none: list[Item] = []
        found = await _soon(lambda: explorer.names("python" if self.python else ""), none)
        theirs = reply["body"]["variables"] if self.python else []
        others = {item.name for item in found}  # Python may hold copies
        own = [variable for variable in theirs if variable["name"] not in others]
        reply["body"]["variables"] = [*own, *map(self._variable, found)]
        return reply

    async def variables(self, message: Json) -> Json:
        fetch = getattr(self, "_children", {}).get(message["arguments"]["variablesReference"])
        if fetch is None:
            return dict(await super().variables(message))
        late = [Item("", f"no answer within {_PATIENCE:.0f} s")]
        found = await _soon(fetch, late)
        return dict(self._build_variables_response(message, [*map(self._variable, found)]))

    async def richInspectVariables(self, message: Json) -> Json:
        name = message["arguments"]["variableName"]
        if self.explorer is not None and not self.stopped_threads:
            explorer = self.explorer
            if any(item.name == name for item in explorer.names("python" if self.python else "")):
                data = await _soon(lambda: explorer.look(name, _ROWS), None)
                return {
                    "type": "response",
                    "sequence_seq": message["seq"],
                    "success": data is not None,
                    "command": message["command"],
                    "body": {"data": dict(data or {}), "metadata": {}},
                }
        return dict(await super().richInspectVariables(message))

    def _variable(self, item: Item) -> Json:
        reference = 0
        if item.children is not None:
            reference = next(self._numbers)
            self._children[reference] = item.children
        return {
            "name": item.name,
            "value": item.value,
            "type": item.type,
            "evaluateName": item.name,
            "variablesReference": reference,
        }


async def _soon(work: Callable[[], T], late: T) -> T:
    """What `work` finds on another thread, or `late`."""
    try:
        return await asyncio.wait_for(asyncio.to_thread(work), _PATIENCE)
    except (TimeoutError, asyncio.TimeoutError):
        return late
