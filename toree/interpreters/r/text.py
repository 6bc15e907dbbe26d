"""How R looks: its strings, quoted names and comments, those without an end too; its operators."""

from __future__ import annotations

import re

from ...cell import Syntax

R = re.compile(
    r"[rR]\"\((?:[^)]|\)(?!\"))*(?:\)\"|\Z)"
    r"|'(?:\\.|[^'\\])*(?:'|\Z)"
    r'|"(?:\\.|[^"\\])*(?:"|\Z)'
    r"|`[^`\n]*`?|\#[^\n]*",
    re.S,
)

SYNTAX = Syntax(
    R,
    goes_on=re.compile(r"[-+*/^=<>&|~,?:!@$\\]+|%\S*%|if|else|while|for|function|repeat|in"),
    heads=frozenset({"if", "while", "for", "function", "\\"}),
    operator=re.compile(r"%\w+%"),
)
