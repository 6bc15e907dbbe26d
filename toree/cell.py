"""What a cell says: its language, its magics and the code that is left. Pure text, no side effects.

The rules are Apache Toree's (`MagicParser.scala`), with its traps removed:

- A cell that starts with `%%name` (any case) is a cell of that language, or one cell magic that
  takes the rest as its text. Code may follow on the same line.
- Every line that starts with `%name` is a line magic and one that starts with `!` a shell command.
  A leading space makes it code, and so does an open string or comment, and whatever else lets no
  statement begin there. Python cells are IPython's: their lines are not looked at.
- Magics before the last line of code run before it, those after it run after it.

What is taken out is replaced by spaces, so that every line and column of the code stays where it
was in the cell.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from typing import Literal, Protocol


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


@dataclasses.dataclass(frozen=True)
class Syntax:
    """How a language's text looks, as far as magics have to be told from code."""

    #: Its strings and comments, those without an end too: what starts inside one is no magic.
    opaque: re.Pattern[str] = re.compile(r"(?!)")
    #: What a statement goes on behind, the next line too: an operator, a comma. See `Statements`.
    goes_on: re.Pattern[str] = re.compile(r"(?!)")
    #: Words before brackets behind which a statement goes on: `if (...)`.
    heads: frozenset[str] = frozenset()
    #: What looks like a magic and is none if there is no magic of that name.
    operator: re.Pattern[str] = re.compile(r"(?!)")


class Dialect(Protocol):
    """What of a language (`services.Language`) is known here; no syntax: IPython's own."""

    @property
    def name(self) -> str: ...
    @property
    def syntax(self) -> Syntax | None: ...


_CELL_MAGIC = re.compile(r"\s*%%([A-Za-z_]\w*)(?:[ \t]+|(?=\r?\n)|\Z)")
_LINE_MAGIC = re.compile(r"^(?:%([A-Za-z_]\w*)|(!)(?!=))([^\r\n]*)", re.M)


def blank(text: str) -> str:
    """Spaces instead of every character but line ends."""
    return re.sub(r"[^\r\n]", " ", text)


def parse(
    text: str,
    default: str,
    languages: Mapping[str, Dialect],
    known: Callable[[str], bool] = lambda name: True,
) -> Cell:
    """Parses the text of a cell.

    Args:
        text: the whole cell.
        default: language of a cell that does not name one.
        languages: lower-case names of language magics, and the language of each.
        known: whether there is a line magic of a name.
    """
    head = _CELL_MAGIC.match(text)
    own = languages.get(default)
    if head is None:
        return _lines(text, default, own.syntax if own else None, "", known)
    named = languages.get(head.group(1).lower())
    body = blank(text[: head.end()]) + text[head.end() :]
    first_line = re.match(r"[^\r\n]*", text[head.end() :])
    options = first_line.group() if first_line else ""
    if named is not None:
        return _lines(body, named.name, named.syntax, options, known)
    # IPython has cell magics of its own; the host asks it before it says "does not exist".
    kept = text if own is not None and own.syntax is None else body
    return Cell(None, kept, options, magic=_cell_magic(head, text, options))


def _cell_magic(head: re.Match[str], text: str, options: str) -> MagicCall:
    rest = text[head.end() + len(options) :]
    line = text.count("\n", 0, head.end())
    return MagicCall("cell", head.group(1), options.strip(), line, re.sub(r"\A\r?\n", "", rest))


def _lines(
    body: str, language: str, syntax: Syntax | None, options: str, known: Callable[[str], bool]
) -> Cell:
    if syntax is None:
        return Cell(language, body, options)
    statements = Statements(body, syntax)
    if options.startswith("-"):  # no code, but options of the language's magic
        statements.skip(body.index(options) + len(options))
    found: list[tuple[int, MagicCall]] = []
    pieces: list[str] = []
    end = 0
    for match in _LINE_MAGIC.finditer(body):
        name, shell, arguments = match.groups()
        if not statements.can_begin(match.start()):
            continue
        if name and syntax.operator.match(body, match.start()) and not known(name):
            continue
        line = body.count("\n", 0, match.start())
        call = MagicCall("shell" if shell else "line", name or "!", arguments.strip(), line)
        found.append((match.start(), call))
        pieces += [body[end : match.start()], blank(match.group())]
        end = match.end()
        statements.skip(end)
    body = "".join([*pieces, body[end:]])
    last_code = len(body.rstrip())
    return Cell(
        language,
        body,
        options,
        before=tuple(call for at, call in found if at < last_code or not body.strip()),
        after=tuple(call for at, call in found if at >= last_code and body.strip()),
    )


_TOKEN = re.compile(r"[\w.]+|%[^%\s]*%|[^\w\s()\[\]{};,\"'`]+|\S")
_CLOSED = {")": "(", "]": "[", "}": "{"}


class Statements:
    """Where statements can begin in a text. It is read once, from the front to the back."""

    def __init__(self, code: str, syntax: Syntax) -> None:
        self._code = code
        self._syntax = syntax
        self._token = re.compile(
            f"(?P<opaque>{syntax.opaque.pattern})|{_TOKEN.pattern}", syntax.opaque.flags
        )
        self._at = 0
        self._last = ""  # the token before, comments aside
        self._open: list[tuple[str, str]] = []  # brackets, with the token before each

    def can_begin(self, at: int) -> bool:
        """Whether one can begin at this place, the start of a line. Places must not go down."""
        while self._at < at and (token := self._token.search(self._code, self._at)):
            if token.start() >= at:
                break
            self._at = token.end()
            self._read(token[0], token["opaque"] is not None)
        if self._at > at:  # inside a string or a comment
            return False
        if self._open and self._open[-1][0] != "{":
            return False
        return not self._syntax.goes_on.fullmatch(self._last)

    def skip(self, at: int) -> None:
        """What stands before this place is no code."""
        self._at = at

    def _read(self, text: str, opaque: bool) -> None:
        if opaque:
            # A string is a value like any other, a comment is nothing.
            if text[0] in "\"'`rR":
                self._last = "x"
            return
        if text in "([{":
            self._open.append((text, self._last))
        elif text in _CLOSED and self._open and self._open[-1][0] == _CLOSED[text]:
            before = self._open.pop()[1]
            if before in self._syntax.heads:
                text = "if"
        self._last = text


def magic_at(
    cell_text: str, cursor: int, default: str, languages: Mapping[str, Dialect]
) -> str | None:
    """The text before the cursor when the cursor stands in the line of a magic, else None."""
    start = cell_text.rfind("\n", 0, cursor) + 1
    before = cell_text[start:cursor]
    found = re.match(r"%%(\w*)(?: .*)?$", before)
    if found and not cell_text[:start].strip():
        # What follows `%%language` is the language's.
        return None if " " in before and found.group(1).lower() in languages else before
    if re.match(r"%\w*", before) and not before.startswith("%%"):
        cell = parse(cell_text, default, languages)  # a name still being written is no magic's yet
        line = cell_text.count("\n", 0, start)
        language = languages.get(cell.language or "")
        bare = before == "%" and language is not None and language.syntax is not None
        if bare or any(call.line == line and call.kind == "line" for call in cell.magics):
            return before
    return None
