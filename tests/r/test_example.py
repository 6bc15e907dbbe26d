"""The dplyr notebook runs, from a fresh R to its last cell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from toree.interpreters.r import RInterpreter

from .conftest import do

pytestmark = [pytest.mark.r, pytest.mark.spark]

NOTEBOOK = Path(__file__).parents[2] / "examples" / "dplyr.ipynb"


def test_notebook(rs: RInterpreter) -> None:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    shown = [do(rs, "".join(c["source"])).events for c in cells if c["cell_type"] == "code"]
    bundles = [event[1] for events in shown for event in events if event[0] != "stream"]
    assert sum("image/png" in bundle for bundle in bundles) == 2
    assert sum("text/html" in bundle for bundle in bundles) == 4
