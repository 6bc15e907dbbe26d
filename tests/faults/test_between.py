"""A stop between any two lines of Toree's own: it ends the cell or comes too late, and that is all.

Names are in every language what they are in the one that assigned them, nothing is left as running,
and the next cells run.
"""

from __future__ import annotations

import random

import pytest
from session import Session, has_r

pytestmark = pytest.mark.spark

SAMPLES = 7  # lines of each cell; 30 of each were tried by hand

#: Sends SIGINT at a line of what the next cell does in Toree, contextlib and ipykernel.
ARMED = """%%python
import signal as _signal, sys as _sys, toree as _toree
class _Stop:
    def __init__(self, at):
        self.at, self.lines, self.root, self.over = at, 0, None, False
        self.ours = _toree.__file__.rpartition("/")[0]
        _sys.settrace(self.call)
    def call(self, frame, event, argument):
        file = frame.f_code.co_filename
        if not file.startswith(self.ours) and not file.endswith(("contextlib.py", "kernelbase.py")):
            return None
        if self.root is None and frame.f_code.co_name == "do_execute" and not self.over:
            self.root = frame
        return self.line
    def line(self, frame, event, argument):
        if event == "return" and frame is self.root:
            self.root, self.over = None, True
            _sys.settrace(None)
        if event == "line" and self.root is not None:
            self.lines += 1
            if self.lines == self.at:
                self.where = f"{frame.f_code.co_filename}:{frame.f_lineno}"
                _signal.raise_signal(_signal.SIGINT)
        return self.line
"""
LEFT = """%%python
import sys as _sys; _sys.settrace(None)
_kernel = get_ipython().kernel
_cells = [cell.id for cell in _kernel.host.workspace.cells]
print(len(set(_cells)), len(_kernel.companion.events.calls), getattr(_stop, "where", ""))
"""
CELLS = {
    "scala": "val between = {}",
    "a magic": "%showtypes off\nval between = {}",
    "a cell magic": "%%time\nval between = {}",
    "python": "%%python\nbetween = {}",
    "a name that comes": "%%python\nbetween = came + {}",
    "sql": "%%sql -o between_sql\nselect {} as one",
    **({"r": "%%r\nbetween <- {}L"} if has_r else {}),
}
SEEN = ["print(between)", "%%python\nprint(between, end='')", *(["%%r\ncat(between)"] * has_r)]
SEEN_SQL = ["print(between_sql.head.getInt(0))", "%%python\nprint(between_sql.head()[0], end='')"]


@pytest.mark.parametrize("which", CELLS)
def test_a_stop_at_any_line(kernel: Session, which: str) -> None:
    chance, cell = random.Random(which), CELLS[which]
    seen_by = SEEN_SQL if which == "sql" else SEEN
    assert kernel.run(ARMED, timeout=300).status == "ok"
    kernel.run("%%python\n_stop = _Stop(0)")
    assert kernel.run(cell.format(0).replace("came", "1")).status == "ok"
    lines = int(kernel.run("%%python\n_stop.lines").result)
    assert lines > 200
    for number, at in enumerate([5, *sorted(chance.sample(range(6, lines), SAMPLES))], start=1):
        assert kernel.run(f"val came = {number}").status == "ok"
        assert kernel.run(f"%%python\n_stop = _Stop({at})").status == "ok"
        ran = kernel.run(cell.format(number))
        cells, calls, *where = kernel.run(LEFT).text("stdout").split()
        assert (cells, calls) == ("1", "0"), where
        if ran.status == "error":
            assert ran.reply["ename"] in ("Interrupted", "KeyboardInterrupt"), (where, ran)
        assert ran.status == "error" or at > 5, where
        values = [kernel.run(code).text("stdout") for code in seen_by]
        assert len(set(values)) == 1, (where, values)
        assert ran.status == "error" or values[0] == str(2 * number if "came" in cell else number)
