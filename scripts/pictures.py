"""Takes the pictures of docs/img in JupyterLab: .venv/bin/python scripts/pictures.py [NAME ...].

Needs what the tests in tests/browser need (Chromium, the extras `test` and `explore`), R with
ggplot2, and the kernels (`jupyter toree install --sys-prefix`).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
import lab as labs  # noqa: E402

IMAGES = ROOT / "docs" / "img"
WINDOW = {"x": 0, "y": 0, "width": 1100, "height": 600}
LARGEST = 150_000  # bytes

CELLS = {
    "rides": "val rides = (0 until 240).map { i =>\n"
    '  (i, i % 24, 12 + 9 * math.sin(i % 24 / 4.0) + i % 7, s"tram ${i % 5}")\n'
    '}.toDF("id", "hour", "minutes", "line")\nrides',
    "bar": "val rush = sc.parallelize(0 until 240, 24)\n"
    "  .map { i => Thread.sleep(80); (i % 24, i) }.reduceByKey(_ + _)\nrush.count",
    "completion": 'val late = rides.filter($"minutes" > 20)\n  .gro',
    "ggplot2": "%%r\nsuppressPackageStartupMessages(library(ggplot2))\n"
    "ggplot(dplyr::collect(rides), aes(hour, minutes, colour = line)) + geom_point()",
    "vegalite": "%%python\nhours = rides.groupBy('hour').avg('minutes').toPandas()\n"
    "hours.columns = ['hour', 'minutes']\n"
    "display({'application/vnd.vegalite.v5+json': {\n"
    "    'data': {'values': hours.to_dict('records')}, 'mark': 'bar', 'encoding': {\n"
    "        'x': {'field': 'hour', 'type': 'ordinal'},\n"
    "        'y': {'field': 'minutes', 'type': 'quantitative'}}}}, raw=True)",
    "error": "%%python\nfrom pyspark.sql.functions import udf\n\n@udf('double')\n"
    "def speed(minutes):\n    return 60 / (minutes - minutes)\n\n"
    "rides.select(speed('minutes')).show()",
    "stream": 'spark.readStream.format("rate").option("rowsPerSecond", 40).load()\n'
    '  .selectExpr("value as id", "value % 24 as hour", "timestamp")',
    "explore": "%explore rides",
    "variables": "%%python\nlimits = {'tram 1': [12, 20], 'tram 2': {'peak': 18, 'night': 31}}",
    "of R": "%%r\nstops <- data.frame(stop = c('Harbour', 'Mill'), wait = c(2.5, 4))\nfare <- 3.2",
    "of SQL": "%%sql -o busiest\nselect line, count(*) as rides from rides group by line",
}


class Camera:
    def __init__(self, notebook: Any, lab: labs.Lab, wanted: list[str]) -> None:
        self.notebook, self._lab, self._wanted = notebook, lab, wanted
        self.page = notebook.page

    def number(self, name: str) -> int:
        return list(CELLS).index(name)

    def wants(self, *names: str) -> bool:
        return not self._wanted or any(name in self._wanted for name in names)

    def take(self, name: str, of: Any, **options: Any) -> None:
        if not self.wants(name):
            return
        file = IMAGES / f"{name}.png"
        of.screenshot(path=file, animations="disabled", **options)
        size = file.stat().st_size
        print(f"{file.relative_to(ROOT)}: {size:,} bytes", flush=True)
        if size > LARGEST:
            raise SystemExit("that is too large")

    def cell(self, name: str) -> Any:
        return self.notebook.cell(self.number(name))

    def run(self, name: str) -> Any:
        return self.notebook.run(self.number(name))


def main(wanted: list[str]) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        labs.running(Path(folder), (1100, 1000)) as lab,
    ):
        notebook = lab.notebook(*CELLS.values())
        camera = Camera(notebook, lab, wanted)
        camera.page.evaluate("jupyterapp.commands.execute('application:toggle-left-area')")
        camera.run("rides")
        for taking in (moving, completing, drawing, failing, streaming, exploring, debugging):
            taking(camera)
        lab.theme("Dark")
        camera.take("dark", camera.cell("rides"))
        for name in ("error", "explore"):
            if camera.wants(f"dark-{name}"):
                cell = camera.cell(name) if camera.wants(name) else camera.run(name)
                cell.evaluate("e => e.scrollIntoView({block: 'start'})")
                camera.take(f"dark-{name}", camera.page, clip=top(cell, 420))
        if camera.wants("dark-variables"):
            camera.take("dark-variables", camera.page, clip=WINDOW)


def moving(camera: Camera) -> None:
    """A bar on its way."""
    if camera.wants("bar"):
        camera.notebook.start(camera.number("bar"))
        wait(camera, "bar", "e => e.querySelector('progress')?.value > 0.3")
        camera.take("bar", camera.cell("bar"))
        camera.notebook.wait(camera.number("bar"))


def completing(camera: Camera) -> None:
    if camera.wants("completion"):
        cell = camera.cell("completion")
        cell.evaluate("e => e.scrollIntoView({block: 'start'})")
        cell.locator(".cm-content").click()
        camera.page.keyboard.press("Control+End")
        camera.page.keyboard.press("Tab")
        camera.page.locator(".jp-Completer-item").nth(1).wait_for()
        camera.take("completion", camera.page, clip=top(cell, 150))
        camera.page.keyboard.press("Escape")


def drawing(camera: Camera) -> None:
    if camera.wants("ggplot2"):
        camera.run("ggplot2").locator("img").first.wait_for()
        camera.take("ggplot2", camera.cell("ggplot2"))
    if camera.wants("vegalite"):
        camera.run("vegalite").locator("canvas, svg.marks").first.wait_for()
        camera.take("vegalite", camera.cell("vegalite"))


def failing(camera: Camera) -> None:
    if camera.wants("error"):
        camera.take("error", camera.run("error"))


def streaming(camera: Camera) -> None:
    """A live table, in both themes."""
    if camera.wants("stream"):
        camera.notebook.start(camera.number("stream"))
        wait(camera, "stream", "e => /[1-9][0-9]* rows.s processed/.test(e.innerText)")
        camera.take("stream", camera.cell("stream"))
        camera.page.evaluate("jupyterapp.commands.execute('notebook:interrupt-kernel')")
        camera.notebook.wait(camera.number("stream"))


def exploring(camera: Camera) -> None:
    if camera.wants("explore"):
        cell = camera.run("explore")
        cell.locator(".tscope-row").first.wait_for()
        cell.evaluate("e => e.scrollIntoView({block: 'start'})")
        camera.take("explore", camera.page, clip=top(cell, 560))


def debugging(camera: Camera) -> None:
    """The side bar with the variables of all languages, while nothing is stopped."""
    if camera.wants("variables", "dark-variables"):
        for name in ("variables", "of R", "of SQL"):
            camera.run(name)
        camera.cell("rides").evaluate("e => e.scrollIntoView({block: 'start'})")
        camera.page.locator(".jp-DebuggerBugButton").first.click()
        camera.page.locator('[data-id="jp-debugger-sidebar"]').first.click()
        names = camera.page.locator(".jp-DebuggerVariables-name")
        for name in ("limits", "tram 2"):
            names.filter(has_text=name).first.click()
        camera.take("variables", camera.page, clip=WINDOW)


def top(cell: Any, height: int) -> dict[str, float]:
    """The upper part of a cell, as a piece of the page."""
    return {**cell.bounding_box(), "height": height}


def wait(camera: Camera, name: str, condition: str) -> None:
    handle = camera.cell(name).element_handle()
    camera.page.wait_for_function(condition, arg=handle, timeout=180_000)


if __name__ == "__main__":
    main(sys.argv[1:])
