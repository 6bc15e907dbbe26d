"""sys.stdout and sys.stderr of Python cells: ipykernel's, cut where one cell prints too much."""

from __future__ import annotations

from typing import Any

from ipykernel.iostream import OutStream


class BoundedStream(OutStream):
    """Sends what a cell prints up to the limit, then a note, then nothing.

    Without it a loop around `print` fills the memory of this process, of the front end and of the
    notebook's file.
    """

    #: What one cell may print on one stream, characters; 0: no limit (`Config.output_limit`).
    limit = 0

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._cell: Any = None
        self._printed = 0
        super().__init__(*arguments, **options)  # type: ignore[no-untyped-call]

    def write(self, string: str) -> int | None:  # type: ignore[override]
        if not self.limit or not isinstance(string, str):
            return super().write(string)
        cell = self.parent_header.get("msg_id")
        if cell != self._cell:
            self._cell, self._printed = cell, 0
        before, self._printed = self._printed, self._printed + len(string)
        if self._printed < self.limit:
            return super().write(string)
        if before < self.limit:
            super().write(string[: self.limit - before])
            super().write(f"\n[output cut after {self.limit:,} characters]\n")
        return len(string)
