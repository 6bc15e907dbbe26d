"""What of a cell is shown, and how: what `%ShowTypes` and its like have set."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import sys
from collections.abc import Iterator, Mapping
from typing import Literal

from .foreign import UserValue
from .interpreters.base import Output
from .preview import CELL_WIDTH


class Hushed:
    """An output without what a cell prints (`%ShowOutput off`)."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def __getattr__(self, name: str) -> UserValue:
        return getattr(self._output, name)

    def stream(self, name: Literal["stdout", "stderr"], text: str) -> None:
        if name != "stdout":
            self._output.stream(name, text)


def silence() -> contextlib.AbstractContextManager[object]:
    """Takes what this process prints meanwhile: Python cells run in it."""
    return contextlib.redirect_stdout(io.StringIO())


def flush() -> None:
    """Sends what this process has printed: other languages' prints do not wait for it."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()


@dataclasses.dataclass
class Settings:
    """What `%ShowTypes` and its like have set for the cells to come."""

    show_types: bool = False
    show_output: bool = True
    truncate: bool = True
    rows: int = 20
    progress: bool = True
    #: Characters of a value that are shown; None: as many as usual.
    width: int | None = None

    @contextlib.contextmanager
    def narrowed(self, width: int | None) -> Iterator[None]:
        """Cuts values to a width for one cell."""
        before, self.width = self.width, width
        try:
            yield
        finally:
            self.width = before

    def widths(self) -> Mapping[str, int]:
        """Characters of a value that are shown, by MIME type."""
        if self.width:
            return dict.fromkeys(CELL_WIDTH, self.width)
        return CELL_WIDTH if self.truncate else dict.fromkeys(CELL_WIDTH, sys.maxsize)
