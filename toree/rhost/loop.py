"""Answers the front's requests, one at a time, on the main thread, which is R's."""

from __future__ import annotations

import gc
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from ..foreign import RObject
from .collector import collector
from .console import Console
from .engine import Engine, Stopped, strings
from .frames import Channel, Message
from .interrupts import Interrupts
from .outbox import Outbox, bundle
from .pages import Pages
from .processes import end_session
from .questions import Interrupted, Questions, Refused

Answer = Message

T = TypeVar("T")


class Loop:
    """The host's life: starts its parts, then takes requests until the front is gone."""

    def __init__(self, channel: Channel, interrupts: int) -> None:
        self._channel = channel
        self._value: Message | None = None  # a visible value that may yet be the cell's result
        self._order = threading.RLock()  # text of R's children comes on the console's thread
        self.questions = Questions(channel, self._settle)
        self.console = Console(self._stream)
        self.outbox = Outbox(channel.send)
        self.pages = Pages(self.outbox, self._settle)
        self.outbox.look = self._locked(self.pages.take_finished)
        self.outbox.start()
        self.console.start()
        self.engine = Engine(self.console, self._ask)
        libr = self.engine.libr
        collect = collector(libr, self.engine.base("gctorture2"))
        self.interrupts = Interrupts(interrupts, libr, collect, self._cancel)
        self._session: RObject = None
        self.cell = ""
        self._offer()
        self._brought: dict[str, int] = {}  # where what came from elsewhere is, by name
        self._requests: dict[str, Callable[[Message], Answer]] = {
            "execute": self._execute,
            "complete": self._stoppable(self._complete),
            "inspect": self._stoppable(self._inspect),
            "is_complete": self._is_complete,
            "references": self._stoppable(self._references),
            "get": self._get,
            "put": self._put,
            "drop": self._drop,
        }
        self.interrupts.start()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        channel.send({"reply": "ready"})

    def run(self) -> None:
        while True:
            try:
                message = self._channel.receive()
            except EOFError:
                end_session()
                return
            try:
                answer = self._requests[message["do"]](message)
            except Exception as error:
                answer = {"error": type(error).__name__, "message": str(error)}
            self._channel.send({"reply": "done", "to": message["id"], **answer})
            gc.collect(1)

    # -- requests --------------------------------------------------------------

    def _execute(self, message: Message) -> Answer:
        self._value = None
        self.questions.begin()
        self.cell = message["id"]
        self.console.before = self._before_text
        self.interrupts.begin(self.cell)
        self._channel.send({"event": "begun"})
        before = self.engine.watch(message["code"])
        try:
            outcome = self.engine.call("run_cell", strings([message["code"]]), strings(["<cell>"]))
        finally:
            self.interrupts.end()
            self.console.before = lambda: None
            self.console.flush()
            self.outbox.hurry()
        answer: Message = {
            "status": outcome[0][0],
            "result": self._value,
            "assigned": self.engine.assigned(before),
        }
        if answer["status"] == "interrupted" and self.questions.refused:
            told = {"name": "Error", "message": self.questions.refused, "detail": ""}
            answer.update(told, status="error", traceback=[f"Error: {self.questions.refused}"])
        elif answer["status"] == "error":
            answer.update(
                name=outcome[1][0],
                message=outcome[2][0],
                traceback=[str(x) for x in outcome[3]],
                detail="\n".join(str(x) for x in outcome[4]),
            )
        return answer

    def _stoppable(self, answer: Callable[[Message], Answer]) -> Callable[[Message], Answer]:
        """A question that may run a user's code (a method that lists names): it can be stopped."""

        def asked(message: Message) -> Answer:
            if not self.interrupts.ask(message["id"]):
                raise Stopped("stopped before it began")
            try:
                return answer(message)
            finally:
                self.interrupts.end()

        return asked

    def _complete(self, message: Message) -> Answer:
        code, cursor = message["code"], message["cursor"]
        found = self.engine.ask("complete_code", strings([code[:cursor]]))
        matches, types, token = ([str(x) for x in part] for part in found)
        return {"matches": matches, "types": types, "start": cursor - len(token[0])}

    def _inspect(self, message: Message) -> Answer:
        code, cursor = message["code"], message["cursor"]
        found = self.engine.ask("inspect_code", strings([code[:cursor], code[cursor:]]))
        names = [str(x) for x in found.names] if len(found) else []
        return {"data": {name: found[i][0] for i, name in enumerate(names)}}

    def _is_complete(self, message: Message) -> Answer:
        return {"status": self.engine.parse_status(message["code"])}

    def _references(self, message: Message) -> Answer:
        code = strings([message["code"]])
        found = self.engine.ask("references", code)
        own = self.engine.ask("own_names", found, code)
        return {"names": [str(x) for x in found], "own": [str(x) for x in own]}

    def _get(self, message: Message) -> Answer:
        from .. import wire

        store = wire.Files(message["limit"], Path(message["folder"]))
        return {"value": wire.to_json(self._values().get(message["name"], store), store)}

    def _put(self, message: Message) -> Answer:
        from .. import wire

        self._values().put(message["name"], wire.from_json(message["value"]))
        return {}

    def _drop(self, message: Message) -> Answer:
        self._values().drop(message["name"])
        return {}

    def _values(self) -> RObject:
        from .values import Values

        return Values(self.engine, self.session, self._brought)

    # -- events ----------------------------------------------------------------

    def _offer(self) -> None:
        offer = self.engine.offer
        offer("value", self._show_value)
        offer("display", lambda *parts: self._display(bundle(*parts)))
        offer("clear", lambda wait: self._event({"event": "clear", "wait": bool(wait[0])}))
        offer("quit", self._quit)
        offer("figure", self._locked(lambda new: self.pages.figure(bool(new[0]))))
        offer("finish", self._locked(lambda: self.pages.finish()))
        offer("page", self._locked(lambda: self.engine.integer(self.pages.current)))
        offer(
            "device",
            self._locked(
                lambda folder, extensions, mimes, width, height, titled: self.pages.device(
                    folder[0], list(extensions), list(mimes), width[0], height[0], bool(titled[0])
                )
            ),
        )
        offer("ask", self._ask_in_code)
        offer("spark", self._spark)
        offer("shared", self._shared)
        offer("shared_names", lambda: strings(self.questions.put({"event": "shared", "name": ""})))

    def _locked(self, function: Callable[..., T]) -> Callable[..., T]:
        def locked(*arguments: object) -> T:
            with self._order:
                return function(*arguments)

        return locked

    def _before_text(self) -> None:
        with self._order:
            self._release_value()
            self.pages.take_finished()

    def _settle(self) -> None:
        self._release_value()
        self.console.flush()

    def _stream(self, name: str, text: str) -> None:
        self.outbox.send({"event": "stream", "name": name, "text": text})

    def _event(self, message: Message) -> None:
        self._settle()
        self.outbox.send(message)

    def _quit(self, status: RObject) -> None:
        self._event({"event": "quit", "status": status[0]})
        self.outbox.hurry()

    def _display(self, bundle: Message) -> None:
        self._before_text()
        self.console.flush()
        self.outbox.send({"event": "display", **bundle})

    def _show_value(self, *parts: object) -> None:
        self._before_text()
        self.console.flush()
        self._value = bundle(*parts)

    def _release_value(self) -> None:
        if self._value is not None:
            value, self._value = self._value, None
            self.outbox.send({"event": "display", **value})

    def _ask(self, prompt: str) -> str | None:
        self._settle()
        self.outbox.hurry()
        try:
            answer = self.questions.put({"event": "ask", "prompt": prompt})
        except (Interrupted, Refused):
            self.interrupts.now()  # R knows no other way out of its console
            raise
        return None if answer is None else str(answer)

    def _ask_in_code(self, prompt: RObject, password: RObject) -> RObject:
        """`kernel$ask`: where nobody can be asked, an error that the code may catch."""
        question = {"event": "ask", "prompt": str(prompt[0]), "password": bool(password[0])}
        try:
            answer = self.questions.put(question)
        except Interrupted:
            self.interrupts.now()
            raise
        finally:
            self.questions.refused = ""
        if answer is None:
            raise Refused("The input has ended.")
        return strings([str(answer)])

    def _shared(self, name: RObject) -> RObject:
        """`kernel$data`: whose a shared name is, and its value where it is not R's."""
        from .. import wire

        answer = self.questions.put({"event": "shared", "name": str(name[0])})
        if answer is None or answer == "own":
            return self.engine.call("found_value", strings([answer or "none"]))
        value = self._values().made(str(name[0]), wire.from_json(answer))
        return self.engine.call("found_value", strings(["value"]), value)

    # -- Spark -----------------------------------------------------------------

    @property
    def session(self) -> RObject:
        """This process's own end of the Spark session; attached at its first use."""
        if self._session is None:
            from .session import Session

            self._session = Session(
                self.engine,
                self.questions.put,
                self._warn,
                self._printed,
            )
        return self._session

    def _warn(self, text: str) -> None:
        self.console.write("stderr", f"Warning message:\n{text}\n".encode())

    def _printed(self, name: str, text: str) -> None:
        self.console.write("stderr" if name == "stderr" else "stdout", text.encode())

    def _spark(self, name: RObject, *arguments: RObject) -> RObject:
        try:
            return self.session.run(self.cell, name[0], arguments)
        except Interrupted:
            self.interrupts.now()
            raise

    def _cancel(self, cell: str) -> None:
        if self._session is not None:
            self._session.cancel(cell)
