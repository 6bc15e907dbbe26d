"""R: the front of a process of its own, `toree.rhost`, which holds R and talks to Spark itself."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Literal, cast

from ... import folders, wire
from ...errors import LanguageMissing, ToreeError
from ...rhost.frames import Message
from ...running import Running, check, holding, stopped, stuck
from ...spark import causes
from ...spark.shown import StreamFailed, show
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
from .cell import Cell, guess
from .child import Child
from .talk import Talk

_PATIENCE = 5.0  # seconds a completion waits for R
_LIMIT = 60.0  # ... and a cell for what it names
#: Constants of base R that are often used: not to be hidden.
_OWN = frozenset(["T", "F", "pi", "letters", "LETTERS"])


class _OfCell(threading.local):
    """Of the cell that runs on this thread: another one may wait beside it, in a subshell."""

    assigned: Sequence[Assignment] = ()
    own: frozenset[str] = frozenset()  # of its code's names, what R has itself


class RInterpreter(Interpreter):
    """Cells in R. The process starts with the first of them, or with the first question."""

    language: ClassVar[str] = "r"

    def __init__(self, services: Services) -> None:
        self._source = causes.cells(lambda: services.ipython.shell)
        self._companion, self._workspace = services.companion, services.workspace
        self._display = services.display
        self._store = services.store
        self._names = services.names
        self._patience = services.config.interrupt_patience
        self._log = folders.runtime() / f"r-{os.getpid()}-{services.workspace}.log"
        self._talk = Talk(
            lambda: (*self._companion.address, services.workspace), self._log, self._lost
        )
        self._cells = services.cells
        self._busy = False  # with a cell
        self._crossing = contextlib.ExitStack()
        self._missing = False  # a start has failed: only a cell tries again
        self._of = _OfCell()

    @property
    def log(self) -> Path | None:
        return self._log

    def start(self) -> None:
        """For the kernel whose own language it is."""
        self._talk.start()

    async def moved(self, folder: Path, output: Output) -> None:
        await self.execute(f"setwd({json.dumps(str(folder))})", output)

    async def environment(self, changes: Mapping[str, str | None], output: Output) -> None:
        made = [
            f"Sys.unsetenv({json.dumps(name)})"
            if value is None
            else f"do.call(Sys.setenv, list(`{name}` = {json.dumps(value)}))"
            for name, value in changes.items()
            if name.isidentifier() and not name.startswith("PYSPARK_")
        ]
        if made and self._talk.alive:  # else it starts with it
            await self.execute(f"invisible({{{'; '.join(made)}}})", output)

    def close(self) -> None:
        self._talk.close()

    def _lost(self) -> None:
        self._names.lost()

    # -- cells -----------------------------------------------------------------

    async def execute(self, code: str, output: Output, **options: object) -> Result:
        self._of.assigned = ()
        self._missing = False
        try:
            with (
                self._cells.entered(self.language, output) as cell,
                self._companion.events.printing(cell.id, cell.print),
                cell.catching_sigint(),
                holding(self._talk.lock),
            ):
                result = self._execute(code, cell, output)
                # It had ended before, and nobody could see it yet: the cell is the next one's.
                result = result or self._execute(code, cell, output)
        except KeyboardInterrupt:  # R was still starting, or busy
            return stopped()
        if result is None:
            raise ToreeError("R ends before it runs a cell.", advice=f"Its log: {self.log}")
        return result

    def _execute(self, code: str, cell: Running, output: Output) -> Result | None:
        """The result; None where R has ended without having begun the cell."""
        child = self._talk.started()
        check()
        if self._talk.note:
            output.stream("stderr", self._talk.note + "\n")
            self._talk.note = ""
        line = Cell(
            {"do": "execute", "id": cell.id, "code": code},
            child,
            self._talk.find_address,
            self._shared,
            lambda key, rows: self._stream(key, rows, output),
            lambda: output.stream("stderr", stuck("R", "r")),
        )
        self._busy = True
        try:
            with contextlib.ExitStack() as self._crossing:
                reply = cell.follow(line, output, self._patience)
        finally:
            self._busy = False
        if reply is not None:
            return self._result(reply)
        if line.begun:
            return self._after_death(child, cell.id, line.quit_status, output)
        self._talk.died(child)
        return None

    def _result(self, reply: Message) -> Result:
        self._of.assigned = [
            Assignment(
                name, kind, type_, size, reason=reason, deleted=not kind, common=bool(common)
            )
            for name, kind, type_, size, reason, common in reply.get("assigned", ())
        ]
        status = reply.get("status")
        if status == "interrupted":
            return stopped()
        if status == "error":
            return Failed(
                reply["name"],
                causes.in_cells(reply["message"], self._source),
                [causes.in_cells(part, self._source) for part in reply["traceback"]],
                detail=reply["detail"],
            )
        if status != "ok":
            raise ToreeError(f"The R host failed: {reply.get('message', reply)}")
        result = reply["result"]
        if not result:
            return Ok()
        return Ok(result["data"], result["metadata"], numbered=False)  # as IRkernel has it

    def _after_death(
        self, child: Child, cell: str, quit_status: int | None, output: Output
    ) -> Result:
        how = self._talk.died(child)
        self._companion.tell("cancelGroup", cell)
        if quit_status is not None:
            output.stream(
                "stderr", f"R {how}, as asked; its variables are gone. The next R cell starts it.\n"
            )
            self._talk.note = ""
            return Ok()
        text = (
            f"R {how}. Its variables are gone; "
            "the next R cell starts a new R on the same Spark session."
        )
        return Failed("RDied", text, [text])

    def interrupt(self) -> None:
        self._cells.tell(self.language)

    # -- analysis --------------------------------------------------------------

    def complete(self, code: str, cursor: int) -> Completion:
        found = self._analyse({"do": "complete", "code": code, "cursor": cursor})
        if not found or not found.get("matches"):
            return Completion((), cursor, cursor)
        return Completion(found["matches"], found["start"], cursor, found["types"])

    def inspect(self, code: str, cursor: int, detail: int = 0) -> Bundle | None:
        found = self._analyse({"do": "inspect", "code": code, "cursor": cursor})
        return cast(Bundle, found["data"]) if found and found.get("data") else None

    def is_complete(self, code: str) -> Completeness:
        found = self._analyse({"do": "is_complete", "code": code})
        status = found.get("status") if found else guess(code)
        if status not in ("complete", "incomplete", "invalid"):
            return Completeness("unknown")
        indent = "  " if status == "incomplete" and code.rstrip().endswith(("{", "(")) else ""
        return Completeness(cast(Literal["complete", "incomplete", "invalid"], status), indent)

    def _analyse(self, request: Message) -> Message | None:
        """Asks R, if there is one and no cell occupies it."""
        lock = self._talk.lock
        if self._missing or not lock.acquire(timeout=0 if self._busy else _PATIENCE):
            return None
        try:
            return self._talk.ask(request, _PATIENCE)
        except LanguageMissing:
            self._missing = True
            return None
        except (ToreeError, KeyboardInterrupt):
            return None
        finally:
            lock.release()

    # -- shared names ----------------------------------------------------------

    def assigned(self) -> Sequence[Assignment]:
        return self._of.assigned

    def references(self, code: str) -> frozenset[str]:
        with holding(self._talk.lock):
            found = self._talk.ask({"do": "references", "code": code}, _LIMIT) or {}
        self._of.own = frozenset(found.get("own", ()))
        return frozenset(found.get("names", ()))

    def own(self, name: str) -> bool:
        return name in _OWN or name in self._of.own

    def get(self, name: str) -> wire.Value:
        folder, limit = self._store.place()
        request = {"do": "get", "name": name, "folder": folder, "limit": limit}
        return wire.from_json(self._talk.exchange(request)["value"])

    def put(self, name: str, value: wire.Value) -> None:
        node = wire.to_json(value, self._store)
        self._talk.exchange({"do": "put", "name": name, "value": node})

    def drop(self, name: str) -> None:
        if self._talk.alive:  # with R its copies are gone
            self._talk.exchange({"do": "drop", "name": name})

    def _stream(self, key: str, rows: int, output: Output) -> Message:
        asked = rows or self._display.rows
        try:
            show(self._companion, self._workspace, key, asked, output)
        except KeyboardInterrupt:
            return {"interrupted": True}
        except (StreamFailed, ToreeError) as error:
            return {"error": str(error)}
        return {"answer": None}

    def _shared(self, name: str) -> Message:
        if not name:
            return {"answer": self._names.all()}
        owner = self._names.owner(name)
        if owner is None or owner == self.language:
            return {"answer": "own" if owner else None}
        # The files of a value stay until R, which then has read them, asks for the next or ends.
        self._crossing.close()
        self._crossing.enter_context(self._store.crossing())
        try:
            return {"answer": wire.to_json(self._names.value(name), self._store)}
        except (KeyError, TypeError):
            return {"answer": None}
        except Exception as error:  # the cell is told; the pipe must stay in step
            return {"error": str(error)}
