"""`$name` and `${expression}` in SQL cells, as Apache Toree has them: the values of Scala's.

A dollar that stands for nothing Scala knows stays what it is: `'$.a'` of a JSON path, `'cost $5'`,
the end of a regular expression.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_DOLLAR = re.compile(r"\$(?:([A-Za-z_]\w*)|\{([^{}]*)\})")


def filled(
    text: str, named: Callable[[str], str | None], evaluated: Callable[[str], str | None]
) -> str:
    """SQL with the values of what its dollars name.

    Args:
        text: a cell's SQL.
        named: the text of a name's value; None when there is no such name.
        evaluated: the text of a Scala expression's value; None when it is none.
    """

    def value(found: re.Match[str]) -> str:
        name, expression = found.groups()
        if expression is not None and expression.strip().isidentifier():
            name = expression.strip()
        known = named(name) if name is not None else evaluated(expression)
        return found.group() if known is None else known

    return _DOLLAR.sub(value, text) if "$" in text else text
