"""Python cells: IPython in the kernel process, with PySpark attached to the shared session."""

from __future__ import annotations

import builtins
import contextlib
import sys
from collections.abc import Sequence

from ... import running
from ...api import Kernel, Magics
from ...display import flush
from ...foreign import IPythonShell
from ...signals import RAISED, Raised, keep_interrupts, silence_py4j, stopping
from ...spark.shown import Shown
from ...wire import Value
from ..base import (
    Assignment,
    Bundle,
    Completeness,
    Completion,
    Failed,
    Interpreter,
    Ok,
    Output,
    Result,
)
from ..services import Services
from .faults import Faults
from .listing import list_all
from .memory import Memory
from .variables import PythonVariables, SharedValues

_TYPES = "_jupyter_types_experimental"


class PythonInterpreter(Interpreter):
    """Runs cells as ipykernel does; `spark` and `sc` appear when the JVM is ready."""

    language = "python"

    def __init__(self, services: Services) -> None:
        self._ipython = services.ipython
        self._spark = services.spark
        self._companion = services.companion
        self._eager = services.config.initialization_mode == "eager"
        self._first = services.config.language == self.language
        self._cells = services.cells
        self._names, self._store = services.names, services.store
        self._shown = Shown(
            services.frames,
            services.display,
            services.companion,
            services.workspace,
            self._output,
        )
        self._variables = PythonVariables(services)
        self._faults = Faults(services.ipython.shell)
        self._memory = Memory()

    def start(self) -> None:
        values = SharedValues(self._names, self._store, self._variables)
        self._spark.live = self._shown.stream
        kernel = Kernel(values, self._output, Magics(self._magic), self._shown)
        self._ipython.shell.user_ns["kernel"] = kernel
        self._ipython.shell.user_ns_hidden["kernel"] = kernel
        _names_are_names(self._ipython.shell)
        list_all(self._ipython.shell, self._gather)
        keep_interrupts()
        silence_py4j()
        if self._eager:
            busy = None if self._first else lambda: any(True for _ in self._cells)
            self._spark.attach_when_ready(busy)

    async def execute(self, code: str, output: Output, **options: object) -> Result:
        deaths, succeeded = self._companion.deaths, False
        self._variables.begin()
        try:
            with (
                self._cells.entered(self.language, output) as cell,
                self._companion.events.printing(cell.id, _print),
                contextlib.ExitStack() as stack,
                Raised() as stop,
                stopping(lambda: self._spark.cancel(cell.id)),
            ):
                stack.callback(setattr, cell, "interrupt", cell.interrupt)
                stack.callback(setattr, cell, "hears", cell.hears)
                cell.interrupt = lambda: self._stop(cell.id, stop)
                RAISED.set(stop)
                running.check()
                cell.hears = True
                self._spark.prepare(code, output, lambda: self._variables.references(code))
                self._faults.begin()
                reply = await self._ipython.run(code, part=bool(options.get("part")))
                succeeded = reply["status"] == "ok"
        finally:
            self._variables.end(code, succeeded)
            self._memory.settle()
        if options.get("part"):  # what comes next prints by another way
            flush()
        if reply["status"] != "ok":
            if reply["ename"].startswith(("Py4J", "Connection")) and (
                why := self._companion.obituary(deaths)
            ):
                output.stream("stderr", f"{why}\n")
            told = self._faults.told or (reply["ename"], reply["evalue"], reply["traceback"])
            name, message, lines = told
            return Failed(name, message, lines, shown=True, detail=self._faults.whole)
        return Ok(payload=tuple(reply["payload"]), expressions=reply["user_expressions"])

    def restart(self) -> bool:
        shell = self._ipython.shell
        names, hidden = shell.user_ns, shell.user_ns_hidden
        ours = ("spark", "sc", "kernel")
        kept = {n: names[n] for n in ours if n in names and names[n] is hidden.get(n)}
        shell.reset(new_session=False)
        shell.user_ns.update(kept)
        shell.user_ns_hidden.update(kept)
        return True

    def _gather(self) -> None:
        """What other languages share, for magics that list the names."""
        running = frozenset(cell.language for cell in self._cells)
        self._names.gather(
            lambda name, owner: (
                owner in running or self.own(name) or self._variables.has_changed(name)
            )
        )

    def _magic(self, name: str, line: str, body: str | None) -> IPythonShell:
        """Runs a magic by its name in any case, for `kernel.magics`."""
        known = self._ipython.shell.magics_manager.magics["line" if body is None else "cell"]
        found = next((known[n] for n in known if n.lower() == name.lower()), None)
        if found is None:
            raise AttributeError(f"there is no magic {name}")
        return found(line) if body is None else found(line, body)

    def _output(self) -> Output:
        return self._ipython.output

    def _stop(self, cell: str, stop: Raised) -> None:
        stop.stop(lambda: self._spark.cancel(cell))

    def interrupt(self) -> None:
        for cell in self._cells:
            if cell.language == self.language and cell.interrupt != self.interrupt:
                cell.interrupt()

    def complete(self, code: str, cursor: int) -> Completion:
        reply = self._ipython.complete(code, cursor)
        types = reply.get("metadata", {}).get(_TYPES, [])
        return Completion(
            reply["matches"],
            reply["cursor_start"],
            reply["cursor_end"],
            [found.get("type") or "" for found in types],
            [found.get("signature") or "" for found in types],
        )

    def inspect(self, code: str, cursor: int, detail: int = 0) -> Bundle | None:
        reply = self._ipython.inspect(code, cursor, detail)
        data: Bundle = reply["data"]
        return data if reply["found"] else None

    def is_complete(self, code: str) -> Completeness:
        reply = self._ipython.is_complete(code)
        return Completeness(reply["status"], reply.get("indent", ""))

    # Shared names

    def assigned(self) -> Sequence[Assignment]:
        return self._variables.assigned()

    def so_far(self) -> Sequence[Assignment]:
        return self._variables.so_far()

    def references(self, code: str) -> frozenset[str]:
        return self._variables.references(code)

    def get(self, name: str) -> Value:
        return self._variables.get(name)

    def put(self, name: str, value: Value) -> None:
        self._variables.put(name, value)

    def drop(self, name: str) -> None:
        self._variables.drop(name)

    def mentions(self, code: str, names: Sequence[str]) -> Sequence[str]:
        return self._variables.mentions(code, names)

    def own(self, name: str) -> bool:
        return hasattr(builtins, name) or self._variables.imported(name)


def _print(name: str, text: str) -> None:
    """What the JVM prints for a Python cell goes where the cell's own text goes."""
    getattr(sys, name).write(text)


def _names_are_names(shell: IPythonShell) -> None:
    """`spark` is the session, also before it is there: IPython's automagic would call `%spark`."""
    from IPython.core.prefilter import PrefilterChecker

    class Names(PrefilterChecker):
        priority = 650  # before automagic's 700

        def check(self, line_info: IPythonShell) -> IPythonShell:
            plain = line_info.ifun in ("spark", "sc") and not line_info.esc
            return manager.get_handler_by_name("normal") if plain else None

    manager = shell.prefilter_manager
    Names(shell=shell, prefilter_manager=manager, parent=manager)  # type: ignore[no-untyped-call]
