"""papermill's parameters in the four kernels, and in a notebook of four languages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

papermill = pytest.importorskip("papermill")

pytestmark = pytest.mark.spark

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "report.ipynb"
GIVEN: dict[str, Any] = {
    "some_text": "ü😀 \"$x\" 'y' \\ \n",
    "number": 2**40,
    "half": 0.5,
    "flag": True,
    "many": [1, 2],
}


@pytest.mark.parametrize("first", ["toree.papermill", "papermill", "papermill.engines"])
def test_whoever_is_imported_first(first: str) -> None:
    code = (
        f"import {first}\nfrom papermill.engines import papermill_engines as engines\n"
        "from papermill.translators import papermill_translators as translators\n"
        "print(engines.get_engine('toree').__name__,"
        " translators.find_translator('toree_sql', 'sql').__module__)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert said.stdout.split() == ["NBClientEngine", "toree.papermill"], said.stderr


def text_of(notebook: Any) -> str:
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert [output for output in outputs if output.output_type == "error"] == []
    shown = [o.get("text", "") + o.get("data", {}).get("text/plain", "") for o in outputs]
    return "\n".join(shown)


def run(notebook: Any, folder: Path, parameters: dict[str, Any], **options: Any) -> Any:
    nbformat.write(notebook, folder / "in.ipynb")
    return papermill.execute_notebook(
        str(folder / "in.ipynb"),
        str(folder / "out.ipynb"),
        parameters=parameters,
        progress_bar=False,
        **options,
    )


@pytest.mark.parametrize(
    ("kernel", "language", "defaults", "code"),
    [
        (
            "toree_scala",
            "scala",
            "val number = 1",
            "println(Seq(number + 1, half, flag, many.sum))",
        ),
        ("toree_pyspark", "python", "number = 1", "print(number + 1, half, flag, sum(many))"),
        (
            "toree_sql",
            "sql",
            "%%python\nnumber = 1",
            "select :number + 1, :half, :flag, aggregate(:many, 0, (a, b) -> a + b)",
        ),
        pytest.param(
            "toree_sparkr",
            "R",
            "number <- 1",
            "cat(sprintf('%.0f', number + 1), half, flag, sum(unlist(many)), '\\n')",
            marks=pytest.mark.r,
        ),
    ],
)
def test_every_kernel(
    specs: Path, tmp_path: Path, kernel: str, language: str, defaults: str, code: str
) -> None:
    v4 = nbformat.v4
    cells = [
        v4.new_code_cell(defaults, metadata={"tags": ["parameters"]}),
        v4.new_code_cell(code),
        v4.new_code_cell("%%python\nprint(repr(some_text))"),
    ]
    spec = {"name": kernel, "language": language, "display_name": kernel}
    made = v4.new_notebook(cells=cells, metadata={"kernelspec": spec})
    said = text_of(run(made, tmp_path, GIVEN))
    assert repr(GIVEN["some_text"]) in said
    for value in (str(2**40 + 1), "0.5", "3"):
        assert value in said
    assert "true" in said.lower()


@pytest.mark.r
def test_a_notebook_of_four_languages(specs: Path, tmp_path: Path) -> None:
    parameters = {"region": "America", "least": 5}
    notebook = nbformat.read(EXAMPLE, as_version=4)
    said = text_of(run(notebook, tmp_path, parameters, cwd=str(EXAMPLE.parent)))
    assert "countries of America have 5 time zones or more" in said
    assert "America has most in US" in said


def test_a_cell_that_fails_ends_the_run(specs: Path, tmp_path: Path) -> None:
    v4 = nbformat.v4
    cells = [v4.new_code_cell("%%sql\nselect nope"), v4.new_code_cell("1")]
    spec = {"name": "toree_scala", "language": "scala", "display_name": "x"}
    made = v4.new_notebook(cells=cells, metadata={"kernelspec": spec})
    with pytest.raises(papermill.PapermillExecutionError, match="UNRESOLVED_COLUMN"):
        run(made, tmp_path, {})
