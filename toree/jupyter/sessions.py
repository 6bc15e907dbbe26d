"""Private workspaces: which there are, whose requests go to them, and when they end."""

from __future__ import annotations

import dataclasses
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

from ..companion import MAIN
from ..errors import MagicError, ToreeError
from ..foreign import IPythonShell, Json, JsonValue
from ..host import Host
from ..tables import Tables
from . import private
from .routing import Home as RoutedHome
from .routing import RoutedKernel
from .shell import Shell

_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,63}\Z")
_OLD = "Private sessions need ipykernel 7 or newer."


@dataclasses.dataclass
class Home:
    """A private workspace with its shell and its thread."""

    name: str
    subshell: str
    host: Host
    interactive: IPythonShell
    keep: float  # seconds it is kept when nobody uses it
    used: float
    tables: Tables
    of_notebook: bool = False  # entered by `%session`: the stop button is its


class Entrance:
    """The sessions as cells of one workspace may use them (`magics.Sessions`)."""

    def __init__(self, sessions: Sessions, client: Callable[[], str]) -> None:
        """`client`: who sent the cell that runs."""
        self._sessions = sessions
        self._client = client

    def names(self) -> list[str]:
        return self._sessions.names()

    def enter(self, name: str) -> None:
        self._sessions.enter(self._client(), name)

    def end(self, name: str) -> None:
        self._sessions.end(name)


class Sessions:
    """Opens, finds and ends them. Thread-safe."""

    def __init__(
        self, kernel: RoutedKernel, made: Callable[[Shell, str], Host], keep: float, each: bool
    ) -> None:
        """
        Args:
            made: the host of a new workspace.
            keep: seconds a workspace is kept when nobody uses it.
            each: every client has a workspace of its own.
        """
        self._kernel = kernel
        self._made = made
        self._keep = keep
        self._each = each
        self._homes: dict[str, Home] = {}
        self._clients: dict[str, str] = {}  # Jupyter sessions of clients, and the names they are in
        self._lock = threading.RLock()
        self._opening = threading.Lock()
        self._hook: private.Displayed | None = None
        self._sweeping = False

    # ---------------------------------------------------------------- where requests go

    def of(self, subshell: str | None) -> Home | None:
        if subshell is None or not self._homes:
            return None
        with self._lock:
            home = next((h for h in self._homes.values() if h.subshell == subshell), None)
        if home is not None:
            home.used = time.monotonic()
        return home

    def bound(self, client: str, kind: str) -> RoutedHome | None:
        if self._each and kind == "execute_request" and client not in self._clients:
            self.enter(client, f"client-{client[:12]}")
        with self._lock:
            return self._homes.get(self._clients.get(client, ""))

    def find(self, name: str) -> Home | None:
        with self._lock:
            return self._homes.get(name)

    def used(self, name: str) -> Home:
        """One that somebody uses now; MagicError when there is none of that name."""
        home = self.find(name)
        if home is None:
            raise MagicError(f"There is no session {name!r}.", advice=_list(self.names()))
        home.used = time.monotonic()
        return home

    def hosts(self) -> list[Host]:
        with self._lock:
            return [home.host for home in self._homes.values()]

    def names(self) -> list[str]:
        with self._lock:
            return sorted(self._homes)

    # ---------------------------------------------------------------- coming and going

    def open(self, name: str, keep: float | None = None) -> Home:
        """The private workspace of a name; a new one where there is none.

        Raises:
            MagicError: it can be no name.
            ToreeError: there are no subshells.
        """
        if name == MAIN or not _NAME.match(name):
            raise MagicError(
                f"{name!r} can't be the name of a private session.",
                advice="Letters, digits, '-', '_' and '.'; 'main' is the one all share.",
            )
        with self._opening:
            home = self.find(name)
            if home is None:
                home = self._open(name)
            if keep is not None:
                home.keep = keep
            home.used = time.monotonic()
            return home

    def _open(self, name: str) -> Home:
        kernel = self._kernel
        if not getattr(kernel, "_supports_kernel_subshells", False):
            raise ToreeError(_OLD)
        if self._hook is None:
            self._hook = private.share(kernel.main_shell, lambda: kernel.shell)
        interactive = private.opened(kernel, self._hook)
        host = self._made(Shell(kernel, interactive), name)
        subshell = str(self._asked({"type": "create"})["subshell_id"])
        tables = Tables(host.workspace)
        home = Home(name, subshell, host, interactive, self._keep, time.monotonic(), tables)
        with self._lock:
            self._homes[name] = home
        self._sweep_later()
        return home

    def enter(self, client: str, name: str) -> None:
        """Requests of a client go to a private workspace from now on, or to "main" again."""
        if name == MAIN:
            with self._lock:
                self._clients.pop(client, None)
            return
        self.open(name).of_notebook = True
        with self._lock:
            self._clients[client] = name

    def end(self, name: str) -> None:
        """Ends a private workspace with all it has; what runs in it is stopped.

        Raises:
            MagicError: there is none of that name.
        """
        with self._lock:
            home = self._homes.pop(name, None)
            for client in [c for c, n in self._clients.items() if n == name]:
                del self._clients[client]
        if home is None:
            raise MagicError(f"There is no session {name!r}.", advice=_list(self.names()))
        home.host.sharing.commons.forget(name)
        threading.Thread(target=self._end, args=(home,), name="toree-session-end").start()

    def _end(self, home: Home) -> None:
        home.host.interrupt()
        home.host.close()
        # Its thread ends with the cell that runs, if that ends.
        deadline = time.monotonic() + 5.0
        while any(True for _ in home.host.workspace.cells) and time.monotonic() < deadline:
            time.sleep(0.05)
        if not any(True for _ in home.host.workspace.cells):
            self._asked({"type": "delete", "subshell_id": home.subshell})
        private.closed(home.interactive)

    def interrupt(self, client: str) -> bool:
        """Stops the cells of the workspace a client is in; False where it is in the main one."""
        with self._lock:
            home = self._homes.get(self._clients.get(client, ""))
        if home is not None:
            home.host.interrupt()
        return home is not None

    def interrupt_notebooks(self) -> None:
        """The stop button, which does not say whose it is: that of a notebook in a session."""
        with self._lock:
            hosts = [home.host for home in self._homes.values() if home.of_notebook]
        for host in hosts:
            host.interrupt()

    @property
    def has_notebooks(self) -> bool:
        with self._lock:
            return any(home.of_notebook for home in self._homes.values())

    def close(self) -> None:
        with self._lock:
            homes, self._homes = list(self._homes.values()), {}
        for home in homes:
            home.host.close()

    # ---------------------------------------------------------------- those nobody uses

    def _sweep_later(self) -> None:
        if self._sweeping:
            return
        self._sweeping = True
        self._on_control(lambda: self._kernel.control_thread.io_loop.call_later(1.0, self._sweep))

    def _sweep(self) -> None:
        now = time.monotonic()
        self._sweeping = False
        with self._lock:
            for home in self._homes.values():
                if any(True for _ in home.host.workspace.cells):
                    home.used = now
            old = [h.name for h in self._homes.values() if now - h.used > h.keep]
            left = len(self._homes) - len(old)
        for name in old:
            self.end(name)
        if left:
            self._sweeping = True
            self._kernel.control_thread.io_loop.call_later(1.0, self._sweep)

    # ---------------------------------------------------------------- subshells

    def _asked(self, request: Json) -> Json:
        """Creates or deletes a subshell, as the control thread alone may."""
        done: Future[Json] = Future()

        def ask() -> None:
            manager = self._kernel.shell_channel_thread.manager
            socket = manager.control_to_shell_channel.from_socket
            socket.send_json(request)
            reply: JsonValue = socket.recv_json()
            done.set_result(reply)

        self._on_control(ask)
        return done.result(30)

    def _on_control(self, work: Callable[[], object]) -> None:
        if threading.current_thread() is self._kernel.control_thread:
            work()
        else:
            self._kernel.control_thread.io_loop.add_callback(work)


def _list(names: list[str]) -> str:
    return f"Sessions: {', '.join(names) or 'none'}."
