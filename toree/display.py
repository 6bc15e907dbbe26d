"""Values to MIME bundles: the one place where a table becomes HTML and text; what is shown.

The JVM sends a table as a preview (`jvm/.../Preview.scala`): columns with their Spark types, the
first rows as text, and whether there are more.
"""

from __future__ import annotations

import contextlib
import dataclasses
import html
import io
import re
import sys
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

#: Characters of a cell that are shown; what is longer is cut with an ellipsis.
CELL_WIDTH = {"text/plain": 40, "text/html": 200}

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Hushed:
    """An output without what a cell prints (`%ShowOutput off`)."""

    def __init__(self, output: Any) -> None:
        self._output = output

    def __getattr__(self, name: str) -> Any:
        return getattr(self._output, name)

    def stream(self, name: str, text: str) -> None:
        if name != "stdout":
            self._output.stream(name, text)


def silence() -> contextlib.AbstractContextManager[Any]:
    """Takes what this process prints meanwhile: Python cells run in it."""
    return contextlib.redirect_stdout(io.StringIO())


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


@dataclasses.dataclass(frozen=True)
class Preview:
    """The first rows of a table, as text. A row has one entry per column; None is null."""

    columns: Sequence[tuple[str, str]]  # name, Spark type
    rows: Sequence[Sequence[str | None]]
    more: bool = False
    note: str = ""
    widths: Mapping[str, int] = dataclasses.field(default_factory=lambda: CELL_WIDTH)

    @classmethod
    def from_wire(
        cls, message: Mapping[str, Any], widths: Mapping[str, int] = CELL_WIDTH
    ) -> Preview:
        return cls(
            columns=[(c["name"], c["type"]) for c in message["columns"]],
            rows=message["rows"],
            more=message.get("more", False),
            note=message.get("note") or "",
            widths=widths,
        )

    def bundle(self) -> dict[str, str]:
        """`text/html` and `text/plain` of the same rows."""
        return {"text/html": self.as_html(), "text/plain": self.as_text()}

    @property
    def footer(self) -> str:
        if self.note:
            return self.note
        count = f"{len(self.rows)} row{'' if len(self.rows) == 1 else 's'}"
        return f"first {count}, there are more" if self.more else count

    def as_html(self) -> str:
        heads = "".join(
            f"<th>{escape(name)}<br><small>{escape(kind)}</small></th>"
            for name, kind in self.columns
        )
        rows = "".join(
            "<tr>" + "".join(self._html_cell(value) for value in row) + "</tr>\n"
            for row in self.rows
        )
        return (
            '<table class="dataframe toree-table">\n'
            f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n"
            f"<p><small>{escape(self.footer)}</small></p>"
        )

    def _html_cell(self, value: str | None) -> str:
        if value is None:
            return "<td><em>null</em></td>"
        shown = cut(value, self.widths["text/html"])
        title = f' title="{escape(cut(value, 2000))}"' if shown != value else ""
        return f"<td{title}>{escape(shown)}</td>"

    def as_text(self) -> str:
        def line(text: str) -> str:
            return _one_line(text, self.widths["text/plain"])

        table = [[line(name) for name, _ in self.columns]]
        table.append([line(kind) for _, kind in self.columns])
        for row in self.rows:
            table.append(["null" if value is None else line(value) for value in row])
        widths = [max((_width(row[i]) for row in table), default=0) for i in range(len(table[0]))]
        rule = "+" + "".join("-" * (width + 2) + "+" for width in widths)
        lines = [rule]
        for number, row in enumerate(table):
            cells = (cell + " " * (w - _width(cell)) for cell, w in zip(row, widths, strict=True))
            lines.append("|" + "".join(f" {cell} |" for cell in cells))
            if number == 1:
                lines.append(rule)
        if len(table) > 2:
            lines.append(rule)
        return "\n".join([*lines, self.footer])


def escape(text: str) -> str:
    """HTML-escaped, with control characters made visible rather than acted on."""
    return html.escape(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", text))


def cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "\N{HORIZONTAL ELLIPSIS}"


def _one_line(text: str, width: int) -> str:
    flat = text.replace("\n", "\\n").replace("\t", "\\t")
    return cut(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", flat), width)


def _width(text: str) -> int:
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )
