"""What others hand out without types is named after its owner, in `toree.foreign`."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "toree"
FOREIGN = PACKAGE / "foreign.py"


def untyped(source: str) -> list[int]:
    """The lines on which `Any` stands, however it was imported."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.alias | ast.Attribute | ast.Name)
        and "Any" in (getattr(node, "name", ""), getattr(node, "id", ""), getattr(node, "attr", ""))
    ]


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_any_stands_in_one_module(path: Path) -> None:
    assert bool(untyped(path.read_text(encoding="utf-8"))) == (path == FOREIGN)


def test_what_the_check_sees() -> None:
    assert untyped("from typing import Any\n\ndef f(x: typing.Any) -> list[Any]: ...\n") == [
        1,
        3,
        3,
    ]
    assert untyped('"""Any."""\nAnything = any(())\n') == []
