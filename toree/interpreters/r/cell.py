"""What the front knows of an R cell: its output, the way to stop it, whether it is unfinished."""

from __future__ import annotations

import contextlib
import queue
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator

from ...rhost.frames import Message
from ..base import NoInput, Output
from .child import Child
from .text import R

_STUCK = (
    "R can't be stopped here: it is in native code that never looks for an interrupt. "
    "Wait for it, or use %restart r (R's variables are lost, Spark's session stays).\n"
)


class RCell:
    """A running cell: its output, and the way to stop it."""

    def __init__(
        self,
        output: Output,
        patience: float,
        shared: Callable[[str], Message],
    ) -> None:
        """`shared` answers `kernel$data`: the value of a name, or all names for ""."""
        self.id = output.cell
        self.output = output
        self._patience = patience
        self.child: Child | None = None
        self._shared = shared
        self._asking = False
        self._stopped_at = 0.0  # when the user asked to stop it
        self.has_begun = False
        self._told = False

    @contextlib.contextmanager
    def catching_sigint(self) -> Iterator[None]:
        """Turns SIGINT into an interrupt of this cell, so that no frame is lost to an exception."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def stop(*_: object) -> None:
            if self.child is None or self._asking:
                raise KeyboardInterrupt
            self.interrupt()

        before = signal.signal(signal.SIGINT, stop)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def interrupt(self) -> None:
        if not self._stopped_at:
            self._stopped_at = time.monotonic()
        # Before it has begun the id means nothing to the host: `begun` sends it again.
        if self.child is not None and self.has_begun:
            self.child.interrupt(self.id)

    def begun(self) -> None:
        self.has_begun = True
        if self._stopped_at:
            self.interrupt()

    def printed(self, name: str, text: str) -> None:
        """Text of the JVM's for this cell that does not come by R's own connection; any thread."""
        if self.child is not None:
            self.child.add({"event": "stream", "name": name, "text": text})

    def next_message(self) -> Message | None:
        """Waits for the host's next message; None when it is gone."""
        assert self.child is not None
        while True:
            try:
                return self.child.receive(0.5)
            except queue.Empty:
                pass
            except KeyboardInterrupt:  # raised into us in spite of the handler
                self.interrupt()
            stopped_for = time.monotonic() - self._stopped_at if self._stopped_at else 0.0
            if stopped_for > self._patience and not self._told:
                self._told = True
                self.output.stream("stderr", _STUCK)

    def deliver(self, message: Message) -> None:
        event = message["event"]
        if event == "stream":
            self.output.stream(message["name"], message["text"])
        elif event == "display":
            self.output.display(
                message["data"],
                message.get("metadata") or {},
                display_id=message.get("display_id"),
                update=bool(message.get("update")),
            )
        elif event == "clear":
            self.output.clear(bool(message["wait"]))
        elif event == "ask":
            self._answer(message["prompt"])
        elif event == "shared":
            assert self.child is not None
            self.child.send(self._shared(message["name"]))

    def _answer(self, prompt: str) -> None:
        assert self.child is not None
        self._asking = True
        try:
            if self._stopped_at:
                raise KeyboardInterrupt  # it came just before the question
            line = self.output.ask(prompt)
        except KeyboardInterrupt:
            self._stopped_at = self._stopped_at or time.monotonic()
            self.child.send({"interrupted": True})
            return
        except NoInput as refused:
            self.child.send({"error": str(refused)})
            return
        except EOFError:
            self.child.send({"answer": None})
            return
        finally:
            self._asking = False
        self.child.send({"answer": line})


_TOKENS = re.compile(R.pattern + r"|[\[({})\]]", re.DOTALL)
_ENDED = re.compile(r"""[rR]"\(.*\)"|(['"])(?:\\.|(?!\1).)*\1""", re.DOTALL)
_UNFINISHED = re.compile(r"(?:[-+*/^=<>&|~,]|%[^%\s]*%)\s*$")


def guess(code: str) -> str:
    """Whether a cell is unfinished, while R does not run: by its brackets and its last sign."""
    depth = 0
    for token in _TOKENS.findall(code):
        if token[0] in "'\"rR" and not _ENDED.fullmatch(token):
            return "incomplete"  # a string that does not end
        depth += (token in "([{") - (token in ")]}")
    plain = _TOKENS.sub(lambda match: "" if match[0].startswith("#") else "x", code)
    return "incomplete" if depth > 0 or _UNFINISHED.search(plain) else "unknown"
