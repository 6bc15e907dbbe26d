"""How R looks: its strings, quoted names and comments, those without an end too."""

from __future__ import annotations

import re

R = re.compile(
    r"[rR]\"\((?:[^)]|\)(?!\"))*(?:\)\"|\Z)"
    r"|'(?:\\.|[^'\\])*(?:'|\Z)"
    r'|"(?:\\.|[^"\\])*(?:"|\Z)'
    r"|`[^`\n]*`?|\#[^\n]*",
    re.S,
)
