"""The tables of docs/security.md, and where a kernel logs."""

from __future__ import annotations

import json
from pathlib import Path

from session import Session


def rows_of(head: str) -> list[list[str]]:
    """The rows of a table of the page, by the head above it."""
    page = (Path(__file__).parents[2] / "docs" / "security.md").read_text()
    lines = page.partition(f"{head}\n")[2].partition("\n## ")[0].splitlines()
    return [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")][1:]


def logs(session: Session) -> list[Path]:
    code = "%%python\n[str(p) for p in get_ipython().kernel.host.logs().values()]"
    return [Path(p) for p in json.loads(str(session.run(code).result).replace("'", '"'))]
