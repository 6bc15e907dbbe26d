"""The example notebooks run as they stand in the repository, and give the outputs they show."""

from __future__ import annotations

import functools
import re
import subprocess
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from toree.progress import MIME

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

pytestmark = [pytest.mark.spark, pytest.mark.r]


@functools.cache
def other_dbplyr() -> bool:
    """Whether dbplyr is not the one the notebooks were made with: each writes its own SQL and its
    own lines around a table. What the SQL gives is compared in tests/r.
    """
    code = 'cat(format(packageVersion("dbplyr")))'
    found = subprocess.run(["Rscript", "-e", code], capture_output=True, text=True, check=True)
    return found.stdout != "2.3.0"


def seen(output: Any, sampled: bool) -> Any:
    """What of an output must be the same: pictures and widgets differ from run to run."""
    if output["output_type"] == "stream":
        # Spark 3.5 ends show() with two line feeds.
        text = output["text"].rstrip()
        if text.startswith("<SQL>") and other_dbplyr():
            text = text.partition("\n")[0]
        return (output["name"], text)
    if output["output_type"] == "error":
        return ("error", output["ename"])
    data = output["data"]
    # Samples differ in their numbers, and so in the width of their columns.
    text = re.sub(r"0x[0-9a-f]+", "0x", data.get("text/plain", ""))
    if sampled:
        if other_dbplyr():
            text = re.sub(r"(?m)^#.*$", "", text)
        text = re.sub(r"[-\s\d.]+", " ", text)
    return (output["output_type"], sorted(data), text)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.ipynb")), ids=lambda path: path.stem)
def test_example(path: Path, specs: Path) -> None:
    expected = nbformat.read(path, as_version=4)
    run = nbformat.read(path, as_version=4)
    client = NotebookClient(run, timeout=300, resources={"metadata": {"path": str(EXAMPLES)}})
    client.execute()
    for before, after in zip(expected.cells, run.cells, strict=True):
        if before.cell_type == "code":
            assert before.outputs and before.execution_count  # kept in the repository
            sampled = "dplyr" in path.stem
            outputs = [o for o in after.outputs if MIME not in o.get("data", {})]
            assert [seen(o, sampled) for o in outputs] == [seen(o, sampled) for o in before.outputs]
