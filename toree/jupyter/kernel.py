"""The Jupyter door: ipykernel's messages to the host's calls, and back."""

from __future__ import annotations

import asyncio
import signal
import threading
import traceback
from collections.abc import Mapping

from ipykernel.ipkernel import IPythonKernel
from traitlets import Type

from .. import __version__, running, scratch, signals
from ..beginning import Beginning
from ..commons import Commons
from ..display import flush
from ..errors import ToreeError
from ..foreign import Json, Jupyter
from ..host import Host
from ..interpreters.base import Aborted, Failed, Ok, Result
from ..spark.attachment import Attachment
from . import awaits
from .analysed import AnalysedKernel
from .callbacks import make_stoppable
from .clients import Clients
from .comms import Comms
from .debugger import Variables
from .executions import Executions
from .monitor import SparkMonitor
from .output import BoundedStream, KernelOutput, bundle
from .questions import Questions
from .request import REQUEST, Request
from .sessions import Entrance, Sessions
from .shell import Shell, prepare


class ToreeKernel(AnalysedKernel):
    """A kernel whose cells may be Scala, Python, R or SQL, over one Spark session.

    Everything ipykernel has (comms, history, debugger, subshells) is inherited; a cell of another
    language than Python goes to the host instead of IPython.
    """

    implementation = "toree"
    implementation_version = __version__
    debugger_class = Type(Variables)
    #: What `__main__` has begun while this module was loaded.
    beginning: Beginning | None = None

    def __init__(self, **kwargs: Jupyter) -> None:
        super().__init__(**kwargs)
        self._stop_asked = False
        self.begun = self.beginning or Beginning.read()
        self.config_error, config = self.begun.fault, self.begun.config
        BoundedStream.limit = config.output_limit
        self.companion, table = self.begun.companion, self.begun.languages
        self.commons = Commons()
        attachment = Attachment(self.companion)

        def made(shell: Shell, name: str) -> Host:
            port = Entrance(self.sessions, self._client)
            host = Host(config, shell, table, attachment, port, name, self.commons)
            host.start_private()
            return host

        self.sessions = self.homes = Sessions(
            self, made, config.session_timeout, each=config.sessions == "private"
        )
        port = Entrance(self.sessions, self._client)
        prepare(self.shell)
        self.host = Host(config, Shell(self), table, attachment, port, commons=self.commons)
        self.companion.busy = lambda: any([*h.workspace.cells] for h in self._hosts())
        self.companion.events.late_output = self._late_output
        self.companion.events.asked_comm = Comms(self, self.companion, self._hosts).ask
        SparkMonitor(self, self.companion)
        make_stoppable(self, attachment)
        self.questions = Questions(self)
        self.executions = Executions(self._stop_cell)
        self.clients = Clients(self, self.host.workspace, self.sessions, self.executions.cancel)
        self.control_handlers["toree_request"] = self.clients.handle
        if isinstance(debugger := getattr(self, "debugger", None), Variables):  # has debugpy
            debugger.explorer = self.host.workspace.explorer
            # Asked of a debugger that has not been started, too.
            debugger.static_debug_handlers["variables"] = debugger.variables
            debugger.python = self.host.language is None or self.host.language.ipython

    def start(self) -> None:
        super().start()
        self.begun.loaded()
        self.host.start()

    def _client(self) -> str:
        """Who sent the cell that runs: its Jupyter session."""
        return str(self.get_parent("shell").get("header", {}).get("session", ""))

    # ---------------------------------------------------------------- clients of ours

    def _publish_status(self, status: str, channel: str, parent: object = None) -> None:
        """What a client of ours asks beside the cells makes the kernel no busier for the others."""
        asked = self.get_parent(channel).get("header", {}).get("msg_type")
        if channel != "control" or asked != "toree_request":
            super()._publish_status(status, channel, parent)

    def should_handle(self, stream: Jupyter, msg: Jupyter, idents: Jupyter) -> Jupyter:
        if self.executions.cancelled(msg["header"]["msg_id"]):
            self._send_abort_reply(stream, msg, idents)
            return False
        return super().should_handle(stream, msg, idents)

    def _input_request(
        self, prompt: str, ident: Jupyter, parent: Json, password: bool = False
    ) -> str:
        flush()
        return self.questions.ask(str(prompt), ident, parent, password)

    def _hosts(self) -> list[Host]:
        return [self.host, *self.sessions.hosts()]

    def _stop_cell(self, cell: str) -> None:
        for host in self._hosts():
            if running := host.workspace.cells.find(cell):
                running.stop()

    def pre_handler_hook(self) -> None:
        """Before each request: SIGINT is to stop a cell, not what is done around it.

        ipykernel lets it end the request wherever it is, and a cell that was stopped as it began
        or ended got no reply.
        """
        super().pre_handler_hook()
        self._stop_asked = False
        signal.signal(signal.SIGINT, signals.Told(self._pressed))

    def _pressed(self) -> None:
        self.host.workspace.explorer.stop()
        self._stop_asked = True  # there may be no cell to tell yet
        running.press()

    def post_handler_hook(self) -> None:
        super().post_handler_hook()
        if self.sessions.has_notebooks and _on_main_thread():
            # Nothing runs here: the button is meant for a notebook that is in a session.
            signal.signal(signal.SIGINT, lambda *_: self.sessions.interrupt_notebooks())

    def _dummy_context_manager(self, *futures: asyncio.Future[object]) -> Jupyter:
        return awaits.cancellable(self.shell, futures[0])

    def _cancel_on_sigint(self, future: asyncio.Future[object]) -> Jupyter:
        return awaits.stoppable(self.shell, future)

    # ---------------------------------------------------------------- kernel_info

    @property
    def banner(self) -> str:  # type: ignore[override]
        return f"Toree {__version__}: Scala, Python, R and SQL over one Spark session"

    @property
    def language_info(self) -> Json:  # type: ignore[override]
        row = self.host.language
        if row is None:
            return IPythonKernel.language_info
        return {"name": row.name, "version": row.version(self.host.config), **row.info}

    @property
    def kernel_info(self) -> Json:
        info: Json = super().kernel_info
        named = self.host.workspace.named
        cells = {name: {"name": row.name, **row.info} for name, row in named.items()}
        info["toree"] = {"languages": sorted(self.host.languages), "cells": cells}
        return info

    # ---------------------------------------------------------------- execute

    async def do_execute(  # type: ignore[override]
        self,
        code: str,
        silent: bool,
        store_history: bool = True,
        user_expressions: Mapping[str, str] | None = None,
        allow_stdin: bool = False,
        *,
        cell_meta: object = None,
        cell_id: object = None,
    ) -> Json:
        """Runs a cell (https://jupyter-client.readthedocs.io/en/stable/messaging.html#execute)."""
        count = self.execution_count
        request = Request(silent, store_history, user_expressions, allow_stdin, cell_meta, cell_id)
        REQUEST.set(request)
        output = KernelOutput(self, self.host.config.output_limit)
        stoppable = _on_main_thread()
        asked = self.get_parent("shell").get("header", {}).get("msg_id", "")
        try:
            with (
                self.executions.running(asked, output.cell),
                self.here.workspace.cells.running("", output, lambda: None),
            ):
                if stoppable and self._stop_asked:
                    raise KeyboardInterrupt
                if self.config_error:
                    raise ToreeError(self.config_error, advice="Correct TOREE_OPTS in kernel.json.")
                result = await self.here.run(code, output)
        except ToreeError as error:
            result = Failed(error.ename, str(error), [f"{error.ename}: {error}"])
        except KeyboardInterrupt:
            result = Failed("KeyboardInterrupt", "", ["KeyboardInterrupt"])
        except Exception as error:  # our own fault: say so, and keep the session
            self.log.exception("A cell failed inside Toree")
            result = Failed(type(error).__name__, str(error), traceback.format_exc().splitlines())
        if not request.ran and store_history and not silent and code.strip():
            self._remember(count, code, result)
        reply = self._reply(result, count, silent)
        if reply["status"] == "error" and not silent:
            self._abort_before_the_reply()
        return reply

    def _abort_before_the_reply(self) -> None:
        """Ends the time in which queued cells are aborted before a client can know of the error.

        ipykernel begins it after the reply: a cell sent in answer to that might be aborted too.
        """
        parent = self.get_parent("shell")
        if parent.get("content", {}).get("stop_on_error", True):
            subshell = parent["header"].get("subshell_id")
            super()._abort_queues(*([subshell] if subshell else []))
            REQUEST.get().aborted = True

    def _abort_queues(self, *subshell: str | None) -> None:
        request = REQUEST.get(None)
        if request is None or not request.aborted:
            super()._abort_queues(*subshell)
        else:
            request.aborted = False

    def _remember(self, count: int, code: str, result: Result) -> None:
        # IPython does this for the cells it runs; the history is one for all languages.
        assert self.shell is not None
        history = self.shell.history_manager
        if count < len(history.input_hist_parsed):
            return  # `number_once`
        history.store_inputs(count, code)
        if isinstance(result, Ok) and result.data and "text/plain" in result.data:
            history.output_hist_reprs[count] = str(result.data["text/plain"])
            history.store_output(count)
        self.shell.execution_count = count + 1

    def _reply(self, result: Result, count: int, silent: bool) -> Json:
        reply: Json = {"execution_count": count, "user_expressions": {}, "payload": []}
        if isinstance(result, Ok):
            if result.data and not silent:
                content = bundle(result.data, result.metadata)
                if result.numbered:
                    content["execution_count"] = count
                kind = "execute_result" if result.numbered else "display_data"
                self.send_response(self.iopub_socket, kind, content)
            return reply | {
                "status": "ok",
                "user_expressions": dict(result.expressions),
                "payload": list(result.payload),
            }
        if isinstance(result, Aborted):
            return {"status": "aborted", "execution_count": count}
        error = {
            "ename": result.name,
            "evalue": result.message,
            "traceback": list(result.traceback),
        }
        if not result.shown and not silent:
            self.send_response(self.iopub_socket, "error", error)
        return reply | {"status": "error", **error}

    def _late_output(self, name: str, text: str) -> None:
        self.log.info("late %s: %s", name, text)

    # ---------------------------------------------------------------- life

    async def interrupt_request(self, stream: Jupyter, ident: Jupyter, parent: Jupyter) -> None:
        if self.sessions.interrupt(str(parent["header"].get("session", ""))):
            assert self.session is not None
            self.session.send(stream, "interrupt_reply", {"status": "ok"}, parent, ident=ident)
            return
        if not any(True for _ in self.host.workspace.cells):
            self.sessions.interrupt_notebooks()
        # Cells in subshells run on threads that no signal reaches.
        self.host.interrupt()
        await super().interrupt_request(stream, ident, parent)

    def do_shutdown(self, restart: bool) -> Json:  # type: ignore[override]
        self.companion.leave()  # it ends while the others do
        self.clients.close()
        self.sessions.close()
        self.host.close()
        self.commons.close()
        self.companion.close()
        scratch.close()
        return dict(super().do_shutdown(restart))


def _on_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
