"""What cells of Python and R show of DataFrames: grids, and streams while they run."""

from __future__ import annotations

from collections.abc import Callable

from ..companion.companion import Companion
from ..display import Settings
from ..interpreters.base import Bundle, Output
from ..lines import call_of
from .frames import Frames


class StreamFailed(Exception):
    """A query that ended in an error; the cause comes first."""


class Shown:
    """`kernel.display.explore` and `.stream` (`api.Tables`)."""

    def __init__(
        self,
        frames: Frames,
        display: Settings,
        companion: Companion,
        workspace: str,
        output: Callable[[], Output],
    ) -> None:
        """`output` is that of the cell that runs."""
        self._frames, self._display = frames, display
        self._companion, self._workspace = companion, workspace
        self._output = output

    def explore(self, table: object) -> Bundle:
        found = self._frames.table(table) if isinstance(table, str) else table
        return self._frames.explore(found, self._display.rows)

    def stream(self, table: object, rows: int = 0) -> None:
        """Returns when the query has ended.

        Raises:
            KeyboardInterrupt: the cell was stopped.
            StreamFailed: the query failed.
        """
        key = self._frames.hold(table, "stream").key
        show(self._companion, self._workspace, key, rows or self._display.rows, self._output())


def show(companion: Companion, workspace: str, key: str, rows: int, output: Output) -> None:
    """Shows the streaming table that is in the JVM under a key; as `Shown.stream`."""
    cell = call_of(output.cell)
    outcome = companion.run(
        cell, output, lambda entry: entry.stream(workspace, cell, key, rows), workspace
    )
    status = outcome["status"]
    if status in ("aborted", "abandoned") or outcome.get("name") == "Interrupted":
        raise KeyboardInterrupt
    if status == "error":
        raise StreamFailed("\n".join(outcome["traceback"]))
