"""R's names, as the other languages see them: its values to and from the crossing form.

The R host speaks Python's values over its pipe (`rhost/wire.py`), so this end has only to turn
those into the crossing form, and tables into handles or back.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from ... import folders, wire
from ...errors import ToreeError
from ...rhost.wire import SharedFrame, encode
from ...spark.arrow import index_named, read
from ...spark.frames import Frames
from ..base import Assignment, Sort
from ..python.values import FromWire, ToWire
from ..services import Names, Services
from .child import Child
from .interpreter import RInterpreter

#: Functions and constants of base R that are often used as variables' names: not to be hidden.
_OWN = frozenset(["T", "F", "pi", "letters", "LETTERS"])


_KINDS: dict[str, Sort] = {
    "dplyr table": "frame",
    "data.frame": "table",
    "tbl_df": "table",
    "list": "list",
}


class SharingR(RInterpreter):
    """The R interpreter of a kernel whose languages share names."""

    def __init__(
        self,
        address: Callable[[], tuple[int, str]],
        cancel: Callable[[str], None],
        frames: Frames,
        store: wire.Store,
        names: Names,
        **options: Any,
    ) -> None:
        super().__init__(address, cancel, **options)
        self._frames = frames
        self._store = store
        self._names = names

    def _died(self, child: Child) -> str:
        self._names.lost()
        return super()._died(child)

    def assigned(self) -> Sequence[Assignment]:
        names = [a.name for a in super().assigned() if self._names.shareable(a.name)]
        if not names:
            return ()
        try:
            said = self._exchange({"do": "describe", "names": names})[0]["said"]
        except ToreeError:  # R has gone with its names
            return [Assignment(name, deleted=True) for name in names]
        return [_assignment(name, *words) for name, words in zip(names, said, strict=True)]

    def get(self, name: str) -> wire.Value:
        return self._wire(super().get(name), name)

    def _wire(self, value: Any, name: str) -> wire.Value:
        if isinstance(value, SharedFrame):
            return wire.Frame(value.key)
        if isinstance(value, list) and any(isinstance(i, SharedFrame) for i in value):
            raise TypeError("a list with a Spark table in it; give the table a name of its own")
        return ToWire(self._store, self._frames, flavor="r")(value, name)

    def put(self, name: str, value: wire.Value) -> None:
        super().put(name, self._sent(value))
        if isinstance(value, wire.Frame):
            self._frames.drop(value)

    def _sent(self, value: wire.Value) -> Any:
        """The value as the R host takes it."""
        match value:
            case wire.Frame(key, local=False):
                return SharedFrame(key)
            case wire.Frame():
                return self._frames.collect(value)
            case wire.Table(path):
                return index_named(read(path))
            case _:
                return FromWire(self._frames)(value)

    def shared(self, name: str) -> tuple[dict[str, Any], list[bytes]]:
        if not name:
            return {"answer": self._names.all()}, []
        owner = self._names.owner(name)
        if owner is None or owner == self.language:
            return {"answer": "own" if owner else None}, []
        with self._store.crossing():
            try:
                value = self._names.value(name)
            except (KeyError, TypeError):
                return {"answer": None}, []
            try:
                blobs: list[bytes] = []
                return {"answer": encode(self._sent(value), blobs)}, blobs
            except Exception as error:  # the cell is told; the pipe must stay in step
                return {"error": str(error)}, []

    def own(self, name: str) -> bool:
        return name in _OWN or name in self._own


def _assignment(name: str, sort: str, size: str, reason: str) -> Assignment:
    other: Sort = "function" if sort == "function" else "object" if reason else ""
    kind = _KINDS.get(sort, other)
    return Assignment(name, kind, sort, size, reason=reason, deleted=sort == "gone")


def create(services: Services) -> RInterpreter:
    companion = services.companion
    return SharingR(
        lambda: companion.address,
        lambda group: companion.tell("cancelGroup", group),
        services.frames,
        services.store,
        services.names,
        log=folders.runtime() / f"r-{os.getpid()}.log",
        patience=services.config.interrupt_patience,
    )
