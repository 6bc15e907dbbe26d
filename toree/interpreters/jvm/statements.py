"""The statements of a SQL cell."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .text import SQL

_TOKEN = re.compile(SQL.pattern + "|;", re.S)
_COMPOUND = re.compile(r"\s*BEGIN\b", re.I)  # Spark 4's SQL scripts are one statement


def split(code: str) -> Iterator[str]:
    """The statements of a cell, without the `;` between them; comments alone are none.

    Each is padded with blank lines so that Spark's line numbers are the cell's.
    """
    if _COMPOUND.match(code):
        yield code
        return
    start, plain, line = 0, [], 0
    for token in [*_TOKEN.finditer(code), None]:
        end = token.start() if token else len(code)
        if token is not None and token.group() != ";":
            if token.group().startswith(("--", "/*")):
                plain.append((token.start(), token.end()))
            continue
        text = code[start:end]
        bare = _without(text, [(a - start, b - start) for a, b in plain])
        if bare.strip():
            yield "\n" * line + text
        line += text.count("\n")
        start, plain = end + 1, []


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    for begin, end in reversed(spans):
        text = text[:begin] + text[end:]
    return text


def unfinished(code: str) -> bool:
    tokens = [m.group() for m in _TOKEN.finditer(code)]
    if not tokens:
        return False
    last = tokens[-1]
    closing = {"'": "'", '"': '"', "`": "`", "/": "*/"}.get(last[0])
    return closing is not None and (len(last) < 2 or not last.endswith(closing))
