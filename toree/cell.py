"""What a cell says: its language, its magics and the code that is left. Pure text, no side effects.

The rules are Apache Toree's (`MagicParser.scala`), with its traps removed:

- A cell that starts with `%%name` (any case) is a cell of that language, or one cell magic that
  takes the rest as its text. Code may follow on the same line.
- In Scala, SQL and R cells every line that starts with `%name` is a line magic and one that
  starts with `!` a shell command. A leading space makes it code, and so does an open string or
  comment. Python cells are IPython's: their lines are not looked at.
- Magics before the last line of code run before it, those after it run after it.

What is taken out is replaced by spaces, so that every line and column of the code stays where it
was in the cell.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Literal


@dataclasses.dataclass(frozen=True)
class MagicCall:
    """One magic as written: `%name arguments`, `%%name arguments` + body, or `!arguments`."""

    kind: Literal["line", "cell", "shell"]
    name: str
    arguments: str
    line: int  # 0-based, in the cell
    body: str = ""


@dataclasses.dataclass(frozen=True)
class Cell:
    """A parsed cell. `language` is None when a cell magic takes all of the text."""

    language: str | None
    body: str
    #: What stood behind `%%language` on its line: options, or code of the first line.
    options: str = ""
    before: tuple[MagicCall, ...] = ()
    after: tuple[MagicCall, ...] = ()
    magic: MagicCall | None = None

    @property
    def magics(self) -> tuple[MagicCall, ...]:
        return self.before + ((self.magic,) if self.magic else ()) + self.after


_CELL_MAGIC = re.compile(r"\s*%%([A-Za-z_]\w*)(?:[ \t]+|(?=\r?\n)|\Z)")
_LINE_MAGIC = re.compile(r"^(?:%([A-Za-z_]\w*)|(!)(?!=))([^\r\n]*)", re.M)

_BLOCK_COMMENT = r"/\*(?:[^*]|\*(?!/))*(?:\*/|\Z)"
#: Strings and comments of each language: a line that starts inside one is no magic.
_OPAQUE = {
    "scala": re.compile(
        r'"""(?:[^"]|"(?!""))*(?:"""+|\Z)'  # raw and interpolated strings over many lines
        r'|"(?:\\.|[^"\\\n])*"?'
        r"|'(?:\\.[^'\n]*|[^'\\\n])'"
        r"|//[^\n]*|" + _BLOCK_COMMENT
    ),
    "sql": re.compile(
        r"'(?:\\.|[^'\\])*(?:'|\Z)"
        r'|"(?:\\.|[^"\\])*(?:"|\Z)'
        r"|`[^`]*(?:`|\Z)|--[^\n]*|" + _BLOCK_COMMENT,
        re.S,
    ),
    "r": re.compile(
        r"[rR]\"\((?:[^)]|\)(?!\"))*(?:\)\"|\Z)"
        r"|'(?:\\.|[^'\\])*(?:'|\Z)"
        r'|"(?:\\.|[^"\\])*(?:"|\Z)'
        r"|`[^`\n]*`?|\#[^\n]*",
        re.S,
    ),
}


def blank(text: str) -> str:
    """Spaces instead of every character but line ends."""
    return re.sub(r"[^\r\n]", " ", text)


def parse(text: str, default: str, languages: Mapping[str, str]) -> Cell:
    """Parses the text of a cell.

    Args:
        text: the whole cell.
        default: language of a cell that does not name one.
        languages: lower-case names of language magics, and the language of each.
    """
    head = _CELL_MAGIC.match(text)
    if head is None:
        return _lines(text, text, default, "")
    name = head.group(1)
    language = languages.get(name.lower())
    body = blank(text[: head.end()]) + text[head.end() :]
    first_line = re.match(r"[^\r\n]*", text[head.end() :])
    options = first_line.group() if first_line else ""
    if language is not None:
        return _lines(text, body, language, options)
    if default == "python":
        # IPython has cell magics of its own; the host asks it before it says "does not exist".
        return Cell(None, text, options, magic=_cell_magic(head, text, options))
    return Cell(None, body, options, magic=_cell_magic(head, text, options))


def _cell_magic(head: re.Match[str], text: str, options: str) -> MagicCall:
    rest = text[head.end() + len(options) :]
    line = text.count("\n", 0, head.end())
    return MagicCall("cell", head.group(1), options.strip(), line, re.sub(r"\A\r?\n", "", rest))


def _lines(text: str, body: str, language: str, options: str) -> Cell:
    if language not in _OPAQUE:
        return Cell(language, body, options)
    opaque = [m.span() for m in _OPAQUE[language].finditer(body) if "\n" in m.group()]
    found: list[tuple[int, MagicCall]] = []
    pieces: list[str] = []
    end = 0
    for match in _LINE_MAGIC.finditer(body):
        if any(start < match.start() < stop for start, stop in opaque):
            continue
        line = body.count("\n", 0, match.start())
        name, shell, arguments = match.groups()
        call = MagicCall("shell" if shell else "line", name or "!", arguments.strip(), line)
        found.append((match.start(), call))
        pieces += [body[end : match.start()], blank(match.group())]
        end = match.end()
    body = "".join([*pieces, body[end:]])
    last_code = len(body.rstrip())
    return Cell(
        language,
        body,
        options,
        before=tuple(call for at, call in found if at < last_code or not body.strip()),
        after=tuple(call for at, call in found if at >= last_code and body.strip()),
    )


def magic_at(cell_text: str, cursor: int, default: str, languages: Mapping[str, str]) -> str | None:
    """The text before the cursor when the cursor stands in the line of a magic, else None."""
    start = cell_text.rfind("\n", 0, cursor) + 1
    before = cell_text[start:cursor]
    if re.match(r"%%\w*$", before) and not cell_text[:start].strip():
        return before
    if re.match(r"%\w*", before) and not before.startswith("%%"):
        cell = parse(cell_text, default, languages)
        line = cell_text.count("\n", 0, start)
        bare = before == "%" and cell.language in _OPAQUE
        if bare or any(call.line == line and call.kind == "line" for call in cell.magics):
            return before
    return None
