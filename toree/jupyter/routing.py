"""Several workspaces in one kernel: which subshell a request goes to, and whose shell answers it.

A private workspace's cells run in a subshell, a thread of ipykernel's, beside the main one's. A
request names it by its `subshell_id`, or its client has been bound to it (`%session`).
"""

from __future__ import annotations

import contextvars
import dataclasses
import threading
from collections import Counter
from typing import Protocol

from ipykernel.ipkernel import IPythonKernel

from ..foreign import IPythonShell, Jupyter
from ..host import Host


class Home(Protocol):
    """A private workspace, as requests find it."""

    @property
    def subshell(self) -> str: ...
    @property
    def interactive(self) -> IPythonShell:
        """Its IPython shell."""

    @property
    def host(self) -> Host: ...


class Homes(Protocol):
    """Where requests go."""

    def of(self, subshell: str | None) -> Home | None:
        """The private workspace of a subshell."""

    def bound(self, client: str, kind: str) -> Home | None:
        """The private workspace that requests of a client go to, by its Jupyter session."""


class _None:
    def of(self, subshell: str | None) -> Home | None:
        return None

    def bound(self, client: str, kind: str) -> Home | None:
        return None


#: Whose request is handled; None: the main workspace's.
HOME: contextvars.ContextVar[Home | None] = contextvars.ContextVar("toree_home", default=None)


@dataclasses.dataclass(frozen=True)
class _Address:
    client: str
    kind: str
    subshell: str | None


class RoutedKernel(IPythonKernel):
    """ipykernel's kernel with a shell of IPython's for each workspace."""

    main_shell: IPythonShell = None

    def __init__(self, **kwargs: Jupyter) -> None:
        self.homes: Homes = _None()
        # Requests of each client that are on their way to the main shell: those behind them follow.
        self._on_their_way: Counter[str] = Counter()
        self._counting = threading.Lock()
        super().__init__(**kwargs)

    @property
    def shell(self) -> IPythonShell:  # type: ignore[override]
        home = HOME.get()
        return self.main_shell if home is None else home.interactive

    @shell.setter
    def shell(self, made: object) -> None:
        self.main_shell = made

    # ---------------------------------------------------------------- on the shell channel's thread

    async def shell_channel_thread_main(self, msg: object) -> None:
        to = self._address(msg)
        if to is None or to.subshell is not None:
            await super().shell_channel_thread_main(msg)
            return
        with self._counting:
            behind = self._on_their_way[to.client] > 0
            home = None if behind else self.homes.bound(to.client, "")
            if home is None:
                self._on_their_way[to.client] += 1
        if home is None:
            await super().shell_channel_thread_main(msg)
        else:
            self._hand_on(msg, home)

    def _hand_on(self, msg: object, home: Home) -> None:
        manager = self.shell_channel_thread.manager
        try:
            socket = manager.get_shell_channel_to_subshell_socket(home.subshell)
        except KeyError:  # it has just ended
            return
        socket.send_multipart(msg, copy=False)

    def _address(self, msg: Jupyter) -> _Address | None:
        """Who sent a message; it is checked where it is handled."""
        session = self.session
        if len(msg) < 2 or session is None:
            return None
        try:
            parts: Jupyter = session.feed_identities(msg, copy=False)[1]
            header: Jupyter = session.unpack(bytes(memoryview(parts[1])))
            return _Address(header["session"], header["msg_type"], header.get("subshell_id"))
        except Exception:  # ipykernel says what is wrong with it
            return None

    # ---------------------------------------------------------------- on the thread of the cells

    async def dispatch_shell(  # type: ignore[override]
        self, msg: Jupyter, /, subshell_id: str | None = None, **options: Jupyter
    ) -> None:
        if subshell_id is None and self._went_elsewhere(msg):
            return
        HOME.set(self.homes.of(subshell_id))
        await super().dispatch_shell(msg, subshell_id=subshell_id, **options)

    def _went_elsewhere(self, msg: object) -> bool:
        """Whether a request that came to the main shell is meant for another by now."""
        to = self._address(msg)
        if to is None or to.subshell is not None:
            return False
        home = self.homes.bound(to.client, to.kind)
        with self._counting:
            self._on_their_way[to.client] -= 1
            if self._on_their_way[to.client] <= 0:
                del self._on_their_way[to.client]
        if home is None:
            return False
        self.shell_channel_thread.io_loop.add_callback(self._hand_on, msg, home)
        return True

    def set_parent(self, ident: Jupyter, parent: Jupyter, channel: str = "shell") -> None:
        home = HOME.get()
        if home is not None and channel == "shell":
            # A client that was bound does not know it; its replies and aborts go by this.
            if parent["header"].get("subshell_id") is None:
                parent["header"]["subshell_id"] = home.subshell
            # What libraries show goes through the main shell.
            for shows in (self.main_shell.display_pub, self.main_shell.displayhook):
                shows.set_thread_parent(parent)
        super().set_parent(ident, parent, channel)
