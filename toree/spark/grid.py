"""A table as a grid that pages, sorts, filters and sums up in Spark: the door to tablescope.

The grid asks for what it shows and nothing is collected but that. What it asks is answered on a
thread of its own: neither a running cell nor the kernel waits for a page.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from ..foreign import Jupyter, PySparkFrame
from ..interpreters.base import Bundle

#: The job group of what the grids ask between the cells.
GROUP = "toree-explore"
ADVICE = (
    "a grid to page, sort and filter needs Python 3.11 and: "
    "pip install 'spark-polyglot-kernel[explore]'"
)

_WIDGET = "application/vnd.jupyter.widget-view+json"
#: Types that the grid's library knows; others are shown as Spark's text of them.
_KNOWN = re.compile(
    r"(?:(?:tiny|small|big)?int|float|double|decimal\(\d+,\d+\)|boolean|string|(?:var)?char\(\d+\)"
    r"|date|timestamp(?:_ntz)?)$"
)

#: What the grid takes for a dark page, and how JupyterLab and VS Code say that theirs is.
_DARK = ".tscope-shell[data-theme=dark]"
_DARK_PAGE = (
    ":is([data-jp-theme-light=false],.vscode-dark,.vscode-high-contrast:not(.vscode-high-contrast-light))"
    " .tscope-shell"
)

Ask = Callable[[Callable[[], object]], object]


class Grids:
    """Those of a kernel."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="toree-explore")

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def over(self, table: object) -> Bundle:
        """A grid over a DataFrame of PySpark's, or of pandas'; counts its rows.

        Raises:
            ImportError: the library is not there.
        """
        grid = _kind()(readable(table), self._ask(table))
        shown = grid._repr_mimebundle_()  # anywidget's: with metadata
        return {_WIDGET: (shown[0] if isinstance(shown, tuple) else shown)[_WIDGET]}

    def _ask(self, table: object) -> Ask:
        context = getattr(table, "_sc", None)

        def run(work: Callable[[], object]) -> None:
            if context is not None:
                context.setJobGroup(GROUP, "%explore", True)
            work()

        return lambda work: self._threads.submit(run, work)


@functools.cache
def _kind() -> Jupyter:
    from tablescope.widget import TableScopeWidget

    class Grid(TableScopeWidget):  # type: ignore[misc]
        # Its dark theme wherever the page is dark; no server of its own is there to stop.
        _css = TableScopeWidget._css.replace(_DARK, f"{_DARK},{_DARK_PAGE}") + (
            ".tscope-stop-button{display:none}"
        )

        def __init__(self, table: Jupyter, ask: Ask) -> None:
            self._ask = ask
            super().__init__(table)

        def _handle_frontend_message(
            self, widget: Jupyter, content: Jupyter, buffers: Jupyter
        ) -> None:
            answer = super()._handle_frontend_message
            if content.get("type") != "stop_server":
                self._ask(lambda: answer(widget, content, buffers))

    return Grid


def readable(table: PySparkFrame) -> PySparkFrame:
    """The same table with names that differ and types the grid can show."""
    if getattr(table, "_jdf", None) is None:
        return table
    from pyspark.sql import functions

    fields = table.schema.fields
    names: list[str] = []
    for field in fields:
        taken = {name.lower() for name in names}
        name = next(n for n in _names(field.name) if n.lower() not in taken)
        names.append(name)
    places = [f"c{place}" for place in range(len(fields))]
    columns = []
    for place, name, field in zip(places, names, fields, strict=True):
        column = functions.col(place)
        if not _KNOWN.match(field.dataType.simpleString()):
            column = column.cast("string")
        columns.append(column.alias(name))
    return table.toDF(*places).select(*columns)


def _names(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name} ({number})"
        number += 1
