"""Tables as HTML and text: the one place where they become that.

The JVM sends a table as a preview (`jvm/.../Preview.scala`): columns with their Spark types, the
first rows as text, and whether there are more. The HTML needs no JavaScript and takes its colours
from the front end's theme.
"""

from __future__ import annotations

import dataclasses
import html
import re
import sys
import unicodedata
from collections.abc import Mapping, Sequence

from .foreign import Facts

#: Characters of a value that are shown; what is longer is cut, and folded away in HTML.
CELL_WIDTH = {"text/plain": 40, "text/html": 200}
#: Columns that are shown, unless values are shown whole (`%Truncation off`).
COLUMNS = 100

_FOLDED = 2000  # characters of a value behind a fold
_TYPE = 60  # characters of a column's type
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_NUMBER = re.compile(
    r"(?:tinyint|smallint|int|bigint|float|double|decimal\(.*\)"
    r"|Byte|Short|Int|Long|Float|Double|BigInt|BigDecimal)$"
)
_NESTED = re.compile(r"(?:struct|array|map)<|variant$")

#: VS Code's colours, Jupyter's, those of the page. VS Code has names of Jupyter's too, for widgets:
#: always those of the light theme.
_GROUND = "var(--vscode-editor-background,var(--jp-layout-color0,Canvas))"
_INK = "var(--vscode-editor-foreground,var(--jp-content-font-color1,CanvasText))"
_LINE = "var(--vscode-panel-border,var(--jp-border-color1,GrayText))"
STYLE = (
    "<style>"
    f".toree-table{{max-height:34em;max-width:100%;overflow:auto;color:{_INK};display:block}}"
    ".toree-table table.dataframe{table-layout:auto;width:auto;margin:0;border:none;"
    "border-collapse:separate;border-spacing:0}"
    ".toree-table table.dataframe th,.toree-table table.dataframe td{text-align:left;"
    "vertical-align:top;max-width:40em;overflow-wrap:break-word;white-space:pre-wrap;min-width:3em}"
    ".toree-table table.dataframe th{position:sticky;top:0;z-index:1;white-space:nowrap;"
    f"background:{_GROUND};border-bottom:1px solid {_LINE}}}"
    ".toree-table table.dataframe .num{text-align:right;font-variant-numeric:tabular-nums;"
    "white-space:nowrap}"
    ".toree-table small{font-weight:normal}"
    ".toree-table summary{cursor:pointer}"
    "</style>"
)


@dataclasses.dataclass(frozen=True)
class Preview:
    """The first rows of a table, as text. A row has one entry per column; None is null."""

    columns: Sequence[tuple[str, str]]  # name, Spark type
    rows: Sequence[Sequence[str | None]]
    more: bool = False
    note: str = ""
    widths: Mapping[str, int] = dataclasses.field(default_factory=lambda: CELL_WIDTH)

    @classmethod
    def from_wire(cls, message: Facts, widths: Mapping[str, int] = CELL_WIDTH) -> Preview:
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
        return "; ".join(part for part in (self._counted(), self._hidden()) if part)

    def _counted(self) -> str:
        if self.note:
            return self.note
        count = counted(len(self.rows), "row")
        return f"first {count}, there are more" if self.more else count

    def _hidden(self) -> str:
        shown = len(self._shown)
        if shown == len(self.columns):
            return ""
        return f"the first {shown} of {len(self.columns):,} columns (all: %Truncation off)"

    @property
    def _shown(self) -> Sequence[tuple[str, str]]:
        whole = self.widths["text/plain"] == sys.maxsize
        return self.columns if whole else self.columns[:COLUMNS]

    # -- HTML ------------------------------------------------------------------

    def as_html(self) -> str:
        heads = "".join(self._head(name, kind) for name, kind in self._shown)
        kinds = [kind for _, kind in self._shown]
        rows = "".join(
            "<tr>" + "".join(map(self._html_cell, row, kinds)) + "</tr>\n" for row in self.rows
        )
        # In a region of its own that can be scrolled by keyboard.
        return (
            f'{STYLE}<div class="toree-table" tabindex="0" role="region" aria-label="Table">\n'
            f'<table class="dataframe">\n<thead><tr>{heads}</tr></thead>\n'
            f"<tbody>\n{rows}</tbody>\n</table></div>\n<p><small>{escape(self.footer)}</small></p>"
        )

    @staticmethod
    def _head(name: str, kind: str) -> str:
        number = ' class="num"' if _NUMBER.match(kind) else ""
        shown = cut(kind, _TYPE)
        title = f' title="{escape(cut(kind, _FOLDED))}"' if shown != kind else ""
        return (
            f'<th scope="col"{number}>{escape(name)}<br><small{title}>{escape(shown)}</small></th>'
        )

    def _html_cell(self, value: str | None, kind: str) -> str:
        number = ' class="num"' if _NUMBER.match(kind) else ""
        if value is None:
            return f"<td{number}><em>null</em></td>"
        shown = cut(value, self.widths["text/html"])
        if shown == value:
            return f"<td{number}>{escape(value)}</td>"
        whole = indented(value) if _NESTED.match(kind) else value
        more = f" ({len(value):,} characters)" if len(whole) > _FOLDED else ""
        return (
            f"<td><details><summary>{escape(shown)}</summary>"
            f"{escape(cut(whole, _FOLDED) + more)}</details></td>"
        )

    # -- text ------------------------------------------------------------------

    def as_text(self) -> str:
        def line(text: str) -> str:
            return _one_line(text, self.widths["text/plain"])

        count = len(self._shown)
        table = [[line(name) for name, _ in self._shown]]
        table.append([line(kind) for _, kind in self._shown])
        for row in self.rows:
            table.append(["null" if value is None else line(value) for value in row[:count]])
        widths = [max((_width(row[i]) for row in table), default=0) for i in range(count)]
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


def counted(count: int, noun: str) -> str:
    """1 row, 2,000 rows."""
    return f"{count:,} {noun}{'' if count == 1 else 'es' if noun.endswith('ch') else 's'}"


def escape(text: str) -> str:
    """HTML-escaped, with control characters made visible rather than acted on."""
    return html.escape(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", text))


def cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "\N{HORIZONTAL ELLIPSIS}"


def indented(text: str) -> str:
    """A nested value (`{a: 1, b: [2, 3]}`), one line for each of its parts."""
    lines, depth = [""], 0
    for part in re.split(r"([{\[]|[}\]]|,\s*)", text):
        if part in ("{", "["):
            depth += 1
            lines[-1] += part
            lines.append("  " * depth)
        elif part in ("}", "]"):
            depth = max(depth - 1, 0)
            lines.append("  " * depth + part)
        elif part.startswith(","):
            lines[-1] += ","
            lines.append("  " * depth)
        else:
            lines[-1] += part
    return "\n".join(line for line in lines if line.strip())


def _one_line(text: str, width: int) -> str:
    flat = text.replace("\n", "\\n").replace("\t", "\\t")
    return cut(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", flat), width)


def _width(text: str) -> int:
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )
