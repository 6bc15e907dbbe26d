"""The pages that make claims: each row of their tables names what shows it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("security.md", "reliability.md")
NONE = "none: it needs "  # said, rather than claimed


def tables(text: str) -> Iterator[list[list[str]]]:
    """The tables of a page: rows of cells, the header first."""
    for found in re.finditer(r"(?m)(?:^\|.*\|\n)+", text):
        rows = [
            [cell.strip() for cell in line[1:-1].split(" | ")] for line in found[0].splitlines()
        ]
        yield [rows[0], *rows[2:]]


def exists(name: str) -> bool:
    """`deaths.test_r_dies` in a test_deaths.py, or a file of the repository."""
    module, _, test = name.rpartition(".")
    files = (ROOT / "tests").rglob(f"test_{module}.py")
    return (ROOT / name).is_file() or any(
        re.search(rf"^def {re.escape(test)}\(", file.read_text(), re.MULTILINE) for file in files
    )


@pytest.mark.parametrize("page", PAGES)
def test_every_row_names_its_test(page: str) -> None:
    lacking = []
    for header, *rows in tables((ROOT / "docs" / page).read_text()):
        assert header[-1] == "test", header
        for row in rows:
            names = re.findall(r"`([\w./]+)`", row[-1])
            if not row[-1].startswith(NONE) and not (names and all(map(exists, names))):
                lacking.append(row)
    assert lacking == []


def test_what_does_not_exist_is_seen() -> None:
    assert exists("pages.test_every_row_names_its_test")
    assert not exists("pages.test_nothing")
    assert not exists("nowhere.test_every_row_names_its_test")


def test_every_part_of_the_scratch_folder_is_in_the_table() -> None:
    page = (ROOT / "docs" / "security.md").read_text()
    parts = {
        name
        for path in (ROOT / "toree").rglob("*.py")
        for name in re.findall(r"""scratch\.part\("(\w+)"\)|stand_in\("(\w+)""", path.read_text())
        for name in name
        if name
    }
    assert parts >= {"jvm", "values", "r", "compile", "cache", "runtime"}
    assert [part for part in parts if f"`{part}-*`" not in page and f"`{part}`" not in page] == []
