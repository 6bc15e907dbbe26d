"""The tables of docs/sharing.md say what happens."""

from __future__ import annotations

from pathlib import Path

import pytest
from kinds import TABLES, documented
from session import Session

pytestmark = pytest.mark.spark

DOCS = dict(documented(Path(__file__).parents[2].joinpath("docs/sharing.md").read_text("utf-8")))


def test_every_table_is_documented() -> None:
    assert set(DOCS) == set(TABLES)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.r if name in ("python-r", "r") else ())
        for name in TABLES
    ],
)
@pytest.mark.timeout(900)
def test_the_table(kernel: Session, name: str) -> None:
    if name in ("python-r", "r"):
        pytest.importorskip("rpy2")
    if str(kernel.run("scala.util.Properties.versionNumberString").result).startswith("2.12"):
        pytest.skip("the tables are of Scala 2.13")
    assert TABLES[name](kernel).splitlines() == DOCS[name].splitlines()
