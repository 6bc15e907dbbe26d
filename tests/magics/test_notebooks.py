"""Notebooks as other kernels have them run unchanged: Toree's tutorial's, EMR's, sparkmagic's.

They are ours, and use the magics in the order and with the words of those kernels' own tutorials.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from session import Ran, Session

from .maven import Repository, Server

NOTEBOOKS = Path(__file__).parent / "notebooks"

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def python(specs: Path) -> Iterator[Session]:
    with Session("toree_pyspark") as session:
        yield session


def run(name: str, session: Session, **texts: str) -> dict[str, Ran]:
    """What each cell gave, by its source; all have to end well."""
    notebook = json.loads((NOTEBOOKS / f"{name}.ipynb").read_text())
    given = {}
    for cell in notebook["cells"]:
        source = cell["source"]
        code = source
        for key, text in texts.items():
            code = code.replace(f"${key}", text)
        ran = given[source] = session.run(code)
        assert ran.reply["status"] == "ok", f"{source}\n{ran.traceback}"
    return given


def test_toree(kernel: Session, repository: Repository, server: Server) -> None:
    repository.add("note", package="eleven")
    given = run("toree", kernel, REPOSITORY=server.url)
    assert (
        given["// is it on or off?\n%Truncation"].text("stdout") == "Truncation is currently on \n"
    )
    assert "elements in all" in given["// a long value\n(1 to 2000).toList"].result
    assert given["%Truncation off\n(1 to 2000).toList"].result.endswith("2000)")
    assert given['%ShowTypes on\n"Hello types!"'].result.strip() == "String = Hello types!"
    assert given['(1, "Hello types!")'].result.strip() == "(Int, String) = (1,Hello types!)"
    assert "usage: %AddJar URL" in given["%AddJar"].text("stdout")
    assert given['new eleven.Greeter().greet("Toree")'].result == "Hello, Toree, from eleven"
    csv = given["%%dataframe --output=csv\ndf"].result
    assert csv.splitlines()[:2] == ["key,value", "1,1"]
    assert "4950" in given[next(c for c in given if c.startswith("%%PySpark"))].text("stdout")
    assert "3 rows" in given[next(c for c in given if "least + 4" in c)].result
    assert given['%ShowOutput off\nprintln("not seen")'].text("stdout") == (
        "Console output will NOT be shown.\n"
    )
    assert "seen\n" in given['%ShowOutput on\nprintln("seen")'].text("stdout")


def test_emr(python: Session) -> None:
    given = run("emr", python)
    assert given["%%pyspark\nprint(top.count())"].text("stdout") == "9\n"
    assert given[next(c for c in given if c.startswith("print(few"))].text("stdout") == "5 5\n"
    assert given["%%sh\necho from the shell"].text("stdout") == "from the shell\n"


def test_sparkmagic(python: Session) -> None:
    given = run("sparkmagic", python)
    printed = [ran.text("stdout") for cell, ran in given.items() if cell.startswith("%%local")]
    assert printed == ["[1, 2]\n", "2\n", "True\n"]
