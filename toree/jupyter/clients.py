"""Requests of Toree's own client (`toree.client`), on the control channel: `toree_request`.

They are answered while cells run, only to who asked. Nothing that takes time is done on the
channel's own thread, on which the stop button comes.
"""

from __future__ import annotations

import dataclasses
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ipykernel.ipkernel import IPythonKernel

from .. import wire
from ..errors import ToreeError
from ..foreign import Buffer, Buffers, Json, Jupyter
from ..spark.batches import Batches
from ..tables import Tables
from ..workspace import Workspace
from .sessions import Sessions

#: Seconds after which a table that nobody reads on is given up: its client has gone away.
PATIENCE = 120.0
_LANES = 4


@dataclasses.dataclass
class Stream:
    """A table that a client reads: its pieces are made one at a time, on a thread of its own."""

    batches: Batches
    pieces: Generator[bytes, None, None]
    lane: ThreadPoolExecutor
    used: float

    def close(self) -> None:
        self.batches.close()
        self.lane.submit(self.pieces.close)  # after the piece that is being made
        self.lane.shutdown(wait=False)


@dataclasses.dataclass
class Upload:
    """A table that a client sends, in a file; parts may come in any order."""

    path: Path
    parts: dict[int, bytes]
    used: float
    written: int = 0


Answer = tuple[Json, list[Buffer]]


class Clients:
    """Answers them. `cancel` stops an execution by its request's id."""

    def __init__(
        self,
        kernel: IPythonKernel,
        workspace: Workspace,
        sessions: Sessions,
        cancel: Callable[[str], None],
    ) -> None:
        self._kernel = kernel
        self._main = Tables(workspace)
        self._sessions = sessions
        self._cancel = cancel
        self._store = wire.Files()
        self._lanes = ThreadPoolExecutor(_LANES, thread_name_prefix="toree-client")
        self._streams: dict[str, Stream] = {}
        self._uploads: dict[str, Upload] = {}
        self._lock = threading.Lock()
        self._sweeping = False
        self._answers: Mapping[str, Callable[[Json, Buffers], Answer]] = {
            "open": self._open,
            "next": self._next,
            "close": self._close,
            "put": self._put,
            "share": self._share,
            "variables": self._variables,
            "session": self._session,
            "use": self._use,
            "end": self._end,
        }

    def handle(self, stream: object, ident: object, parent: Json) -> None:
        """A request, on the control thread."""
        content = parent["content"]
        if content.get("op") == "cancel":
            self._cancel(str(content["execution"]))
        if content.get("op") in ("cancel", "ping"):
            self._send(stream, ident, parent, ({"status": "ok"}, []))
            return
        lane = self._lanes
        if content.get("op") == "next" and (found := self._streams.get(content.get("stream", ""))):
            lane = found.lane
        loop = self._kernel.control_thread.io_loop
        if not self._sweeping:
            self._sweeping = True
            loop.call_later(PATIENCE / 4, self._sweep)

        def work() -> None:
            answer = self._answer(content, parent.get("buffers") or [])
            loop.add_callback(self._send, stream, ident, parent, answer)

        try:
            lane.submit(work)
        except RuntimeError:  # closed meanwhile
            self._send(stream, ident, parent, _failed("Closed", "the table is no longer read"))

    def _send(self, stream: Jupyter, ident: Jupyter, parent: Json, answer: Answer) -> None:
        content, buffers = answer
        session = self._kernel.session
        if session is not None:
            session.send(stream, "toree_reply", content, parent, ident=ident, buffers=buffers)

    def _answer(self, content: Json, buffers: Buffers) -> Answer:
        asked = self._answers.get(content.get("op", ""))
        if asked is None:
            return _failed("Unknown", f"this Toree has no request {content.get('op')!r}")
        try:
            return asked(content, buffers)
        except ToreeError as error:
            return _failed(error.ename, str(error), getattr(error, "traceback", ()))
        except Exception as error:
            return _failed(*_told(error), traceback.format_exc().splitlines())

    # ---------------------------------------------------------------- private sessions

    def _tables(self, content: Json) -> Tables:
        """Those of the workspace a request is about."""
        name = content.get("session")
        return self._main if name is None else self._sessions.used(name).tables

    def _session(self, content: Json, buffers: Buffers) -> Answer:
        """Opens one, or says that it is still used."""
        home = self._sessions.open(str(content["name"]), content.get("keep"))
        return {"status": "ok", "subshell": home.subshell, "keep": home.keep}, []

    def _use(self, content: Json, buffers: Buffers) -> Answer:
        self._sessions.used(str(content["name"]))
        return {"status": "ok"}, []

    def _end(self, content: Json, buffers: Buffers) -> Answer:
        self._sessions.end(str(content["name"]))
        return {"status": "ok"}, []

    # ---------------------------------------------------------------- reading

    def _open(self, content: Json, buffers: Buffers) -> Answer:
        if "sql" in content:
            batches = self._tables(content).query(
                str(content["sql"]), content.get("parameters") or {}
            )
        else:
            batches = self._tables(content).named(str(content["name"]), content.get("limit"))
        pieces = iter(batches)
        first = next(pieces)
        lane = ThreadPoolExecutor(1, thread_name_prefix="toree-fetch")
        identity = uuid.uuid4().hex
        with self._lock:
            self._streams[identity] = Stream(batches, pieces, lane, time.monotonic())
        return {"status": "ok", "stream": identity}, [first]

    def _next(self, content: Json, buffers: Buffers) -> Answer:
        stream = self._streams.get(content["stream"])
        if stream is None:
            return {"status": "ok", "end": True}, []  # asked ahead of the end
        stream.used = time.monotonic()
        try:
            piece = next(stream.pieces, None)
        except BaseException:
            self._forget(content["stream"])
            raise
        stream.used = time.monotonic()
        if piece is None:
            self._forget(content["stream"])
            return {"status": "ok", "end": True}, []
        return {"status": "ok", "end": False}, [piece]

    def _close(self, content: Json, buffers: Buffers) -> Answer:
        self._forget(content["stream"])
        return {"status": "ok"}, []

    def _forget(self, identity: str) -> None:
        with self._lock:
            stream = self._streams.pop(identity, None)
        if stream is not None:
            stream.close()

    # ---------------------------------------------------------------- writing

    def _put(self, content: Json, buffers: Buffers) -> Answer:
        with self._lock:
            upload = self._uploads.get(content["upload"])
            if upload is None:
                upload = Upload(self._store.path(".arrow"), {}, 0)
                self._uploads[content["upload"]] = upload
            upload.used = time.monotonic()
            upload.parts[int(content["number"])] = bytes(buffers[0])
            with open(upload.path, "ab") as file:
                while (part := upload.parts.pop(upload.written, None)) is not None:
                    file.write(part)
                    upload.written += 1
        return {"status": "ok"}, []

    def _share(self, content: Json, buffers: Buffers) -> Answer:
        with self._lock:
            upload = self._uploads.pop(content["upload"], None)
        if upload is None or upload.written != content["parts"]:
            return _failed("Incomplete", "parts of the table are missing")
        try:
            self._tables(content).share(str(content["name"]), upload.path, content["flavor"])
        finally:
            upload.path.unlink(missing_ok=True)  # who has it mapped keeps it
        return {"status": "ok"}, []

    def _variables(self, content: Json, buffers: Buffers) -> Answer:
        return {"status": "ok", "variables": self._tables(content).variables()}, []

    # ---------------------------------------------------------------- life

    def _sweep(self) -> None:
        """Gives up what clients that went away have left; on the control thread."""
        now = time.monotonic()
        with self._lock:
            old = [key for key, s in self._streams.items() if now - s.used > PATIENCE]
            for key in [key for key, u in self._uploads.items() if now - u.used > PATIENCE]:
                self._uploads.pop(key).path.unlink(missing_ok=True)
            self._sweeping = bool(self._streams or self._uploads)
        for identity in old:
            self._lanes.submit(self._forget, identity)
        if self._sweeping:
            self._kernel.control_thread.io_loop.call_later(PATIENCE / 4, self._sweep)

    def close(self) -> None:
        for identity in list(self._streams):
            self._forget(identity)
        self._lanes.shutdown(wait=False, cancel_futures=True)
        self._store.close()


def _failed(name: str, message: str, lines: Jupyter = ()) -> Answer:
    return {"status": "error", "ename": name, "evalue": message, "traceback": list(lines)}, []


def _told(error: Exception) -> tuple[str, str]:
    """Name and message of a fault; of Spark's, not Py4J's around it."""
    lines = [line for line in str(error).splitlines() if line.strip()] or [""]
    if lines[0].startswith("An error occurred while calling") and len(lines) > 1:
        name, _, rest = lines[1].lstrip(": ").partition(":")
        return name.rpartition(".")[2], rest.strip() or lines[1]
    return type(error).__name__, lines[0]
