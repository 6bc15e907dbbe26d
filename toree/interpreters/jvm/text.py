"""How Scala and SQL look: their strings and comments, those without an end too."""

from __future__ import annotations

import re

from ...cell import Syntax

_BLOCK_COMMENT = r"/\*(?:[^*]|\*(?!/))*(?:\*/|\Z)"
SCALA = re.compile(
    r'"""(?:[^"]|"(?!""))*(?:"""+|\Z)'  # raw and interpolated strings over many lines
    r'|"(?:\\.|[^"\\\n])*"?'
    r"|'(?:\\.[^'\n]*|[^'\\\n])'"
    r"|//[^\n]*|" + _BLOCK_COMMENT
)
SQL = re.compile(
    r"'(?:\\.|[^'\\])*(?:'|\Z)"
    r'|"(?:\\.|[^"\\])*(?:"|\Z)'
    r"|`[^`]*(?:`|\Z)|--[^\n]*|" + _BLOCK_COMMENT,
    re.S,
)

SCALA_SYNTAX = Syntax(
    SCALA,
    goes_on=re.compile(r"[-+*/^=<>&|~,?:!@#%\\]+|if|else|while|for|yield|match|extends|with"),
    heads=frozenset({"if", "while", "for"}),
)
#: Only `;` ends a statement: `%` on the next line divides.
SQL_SYNTAX = Syntax(SQL, goes_on=re.compile(r"[^;]+"))
