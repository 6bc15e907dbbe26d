"""Python inside IPython's magics: the code of `%time` and `%%timeit`, the `{x}` of `!ls {x}`."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator

#: Magics whose text is Python code of the session.
_CODE = frozenset({"capture", "memit", "prun", "time", "timeit"})
_OPTIONS = re.compile(r"\s*(?:-[a-zA-Z]+(?:\s*\d+)?\s+)*")
_SHELL_NAME = re.compile(r"(?<![\\$\w])\$([^\W\d]\w*)")
_FLAGS = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT


def expanded(tree: ast.Module) -> ast.Module:
    """A translated cell (`transform_cell`) with what its magics run or read in their places."""
    body: list[ast.stmt] = []
    for statement in tree.body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Call):
                body += _inside(node)
        body.append(statement)
    return ast.Module(body, [])


def _inside(call: ast.Call) -> Iterator[ast.stmt]:
    match call.func:
        case ast.Attribute(value=ast.Call(func=ast.Name(id="get_ipython")), attr=method):
            texts = [a.value for a in call.args if isinstance(a, ast.Constant)]
            words = [text for text in texts if isinstance(text, str)]
        case _:
            return
    if method in ("run_line_magic", "run_cell_magic") and words and words[0] in _CODE:
        for number, text in enumerate(words[1:]):
            yield from _statements(text if number else text[_options(text) :])
    elif method in ("run_line_magic", "run_cell_magic"):
        yield from _reads(" ".join(words[1:2]))
    elif method in ("system", "getoutput"):
        yield from _reads(" ".join(words))


def _options(text: str) -> int:
    found = _OPTIONS.match(text + " ")
    return min(found.end(), len(text)) if found else 0


def _statements(text: str) -> list[ast.stmt]:
    try:
        return list(compile(text, "<magic>", "exec", _FLAGS, dont_inherit=True).body)
    except (SyntaxError, ValueError):
        return []


def _reads(text: str) -> Iterator[ast.stmt]:
    """IPython puts values in for `{expression}` and `$name`."""
    try:
        fields = [field for _, field, _, _ in string.Formatter().parse(text) if field]
    except ValueError:
        fields = []
    for expression in (*fields, *_SHELL_NAME.findall(text)):
        yield from _statements(expression)
