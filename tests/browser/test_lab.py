"""What a user sees in JupyterLab: tables, bars, plots, the grid, variables, completion, stop."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.spark, pytest.mark.browser]

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
CELLS = {
    "table": 'val sea = spark.range(200).selectExpr("id", "id % 7 seven", '
    "\"if(id = 0, repeat('long ', 100), 'short') text\", \"named_struct('a', id) deep\")\nsea",
    "bar": "sc.parallelize(1 to 12, 12).map { x => Thread.sleep(1000); x }.sum",
    "plot": "%%python\n%matplotlib inline\nimport matplotlib.pyplot as plt\n"
    "plt.plot([1, 3, 2]); plt.show()",
    "vega": 'kernel.display.content("application/vnd.vegalite.v5+json", """{"mark": "bar",'
    '"data": {"values": [{"a": "x", "b": 3}]}, "encoding": {"x": {"field": "a"},'
    '"y": {"field": "b", "type": "quantitative"}}}""")',
    "endless": "while (true) Thread.sleep(50)",
    "complete": "spark.createDatas",
    "grid": "%explore sea",
    "sql": "%%sql --limit 3\nselect 'a' as x from sea where id > 1",
    "r": "%%R\nf <- function(x) x + 1",
}


def place(name: str) -> int:
    return list(CELLS).index(name)


@pytest.fixture(scope="module")
def notebook(lab: Any) -> Any:
    return lab.notebook(*CELLS.values())


def test_a_table(notebook: Any) -> None:
    table = notebook.run(place("table")).locator("table.dataframe")
    assert table.locator("tbody tr").count() == 20
    assert table.locator("th[scope=col]").all_inner_texts()[0].split() == ["id", "bigint"]
    edges = "e => getComputedStyle(e).textAlign"
    assert table.locator("tbody td").nth(0).evaluate(edges) == "right"
    assert table.locator("tbody td").nth(2).evaluate(edges) == "left"
    # The head stays where it is while the rows scroll.
    region = notebook.cell(place("table")).locator(".toree-table")
    head = table.locator("th").first
    above = head.bounding_box()["y"]
    region.evaluate("e => e.scrollTop = 200")
    assert abs(head.bounding_box()["y"] - above) < 2
    region.evaluate("e => e.scrollTop = 0")
    # A long value opens without JavaScript of ours.
    fold = table.locator("details").first
    fold.locator("summary").click()
    assert fold.get_attribute("open") is not None


def test_a_bar_that_moves_and_becomes_a_line(notebook: Any) -> None:
    number = place("bar")
    notebook.start(number)
    bar = notebook.cell(number).locator("progress")
    bar.wait_for()
    first = float(bar.get_attribute("value"))
    notebook.page.wait_for_function(
        "([e, v]) => e.isConnected === false || e.value > v", arg=[bar.element_handle(), first]
    )
    notebook.wait(number)
    assert bar.count() == 0
    assert "12 tasks" in notebook.cell(number).inner_text()


def test_plots(notebook: Any) -> None:
    assert notebook.run(place("plot")).locator("img").count() == 1
    drawing = notebook.run(place("vega")).locator(".jp-OutputArea-output canvas, svg.marks")
    drawing.first.wait_for()


def test_the_stop_button(notebook: Any) -> None:
    number = place("endless")
    notebook.start(number)
    notebook.page.locator('jp-button[title*="Interrupt"]').first.click()
    notebook.wait(number, 30)
    assert "Interrupted" in notebook.cell(number).inner_text()


def test_completion_in_a_scala_cell(notebook: Any) -> None:
    code = notebook.cell(place("complete")).locator(".cm-content")
    code.click()
    notebook.page.keyboard.press("End")
    notebook.page.keyboard.press("Tab")
    notebook.page.wait_for_function(
        # A single match is put into the cell at once.
        "text => [document.activeElement, ...document.querySelectorAll('.jp-Completer-item')]"
        ".some(e => e.innerText.includes(text))",
        arg="createDataset",
    )
    notebook.page.keyboard.press("Escape")


def test_a_cell_has_the_colours_of_its_own_language(notebook: Any) -> None:
    """Whatever the kernel's is, also where the first line changes."""
    languages = """() => jupyterapp.shell.currentWidget.content.widgets
        .filter(c => c.model.type === "code").map(c => c.model.mimeType)"""

    def language(name: str, mime: str) -> None:
        notebook.page.wait_for_function(
            f"([place, mime]) => ({languages})()[place] === mime", arg=[place(name), mime]
        )

    for name, mime in {
        "table": "text/x-scala",
        "plot": "text/x-ipython",
        "sql": "application/sql",
        "r": "text/x-rsrc",
    }.items():
        language(name, mime)
    code = notebook.cell(place("sql")).locator(".cm-content")
    keyword = code.locator("span", has_text="select").first
    colour = "e => getComputedStyle(e).color"
    assert keyword.evaluate(colour) != code.evaluate(colour)
    code.click()
    notebook.page.keyboard.press("Control+Home")
    notebook.page.keyboard.type("// ")
    language("sql", "text/x-scala")
    for _ in range(3):
        notebook.page.keyboard.press("Backspace")
    language("sql", "application/sql")


def test_the_grid_sorts_in_spark(notebook: Any) -> None:
    cell = notebook.run(place("grid"))
    cell.locator(".tscope-row").first.wait_for()
    assert "200 rows" in cell.inner_text()
    head = cell.locator("[role=columnheader][data-column=id]")
    for _ in range(2):
        head.locator(".tscope-header-main").click()
    notebook.page.wait_for_function(
        "e => e.querySelector('[role=gridcell][data-column=id]')?.innerText === '199'",
        arg=cell.element_handle(),
    )
    assert head.get_attribute("aria-sort") == "descending"
    assert not cell.locator(".tscope-stop-button").is_visible()


def test_the_grid_is_dark_on_a_dark_page(notebook: Any, lab: Any) -> None:
    grid = notebook.cell(place("grid")).locator(".tscope-shell").first
    ground = "e => getComputedStyle(e).getPropertyValue('--tscope-bg').trim()"
    light = grid.evaluate(ground)
    lab.theme("Dark")
    assert grid.evaluate(ground) == "#0b1220" != light
    lab.theme("Light")
    assert grid.evaluate(ground) == light


def test_the_variables_in_the_side_bar(notebook: Any) -> None:
    page = notebook.page
    page.locator(".jp-DebuggerBugButton").first.click()
    page.locator('[data-id="jp-debugger-sidebar"]').first.click()
    page.wait_for_function(
        "document.querySelector('.jp-DebuggerVariables')?.innerText.includes('sea')"
    )
    assert "DataFrame (Scala)" in page.locator(".jp-DebuggerVariables").inner_text()


@pytest.mark.r
def test_the_example_of_four_languages(lab: Any) -> None:
    shutil.copytree(EXAMPLES, lab.folder, dirs_exist_ok=True)
    notebook = lab.open("mixed.ipynb")
    page = notebook.page
    page.evaluate("window.jupyterapp.commands.execute('editmenu:clear-all')")
    assert page.locator(".jp-CodeCell img").count() == 0
    for number in range(page.locator(".jp-Notebook .jp-CodeCell").count()):
        notebook.run(number)
    assert page.locator(".jp-OutputArea-output[data-mime-type*=error]").count() == 0
    assert page.locator(".jp-CodeCell img").count() == 2
    assert page.locator("table.dataframe").count() == 2
