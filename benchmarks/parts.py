"""Where a warm Scala cell's milliseconds are: client, kernel, the call of the JVM, reply.

    python benchmarks/parts.py [KERNEL] [--warm 60] [--measured 40]

The functions of the first walk in docs/architecture.md are timed in the kernel's process, each
without those it calls; what the call of the JVM is made of tells `cells.py`. What a client waits
beyond the kernel's own time is Jupyter's messages, both ways.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time

from cells import Notebook

TIMED = """%%python
import functools, json, time
from toree.interpreters.jvm import scala as _scala
_spent, _open = {}, []
def _enter(): _open.append([time.perf_counter(), 0.0])
def _leave(part):
    begun, inner = _open.pop()
    took = time.perf_counter() - begun
    _spent[part] = _spent.get(part, 0.0) + took - inner
    if _open: _open[-1][1] += took
def _timed(owner, name, part):
    call = getattr(owner, name)
    @functools.wraps(call)
    def timed(*arguments, **options):
        if part == "messages sent" and not _open: return call(*arguments, **options)
        _enter()
        try: return call(*arguments, **options)
        finally: _leave(part)
    setattr(owner, name, timed)
_kernel = get_ipython().kernel
_host = _kernel.host
_timed(_host.analysis, "parse", "parse")
_timed(_host.sharing, "before", "names before")
_timed(_host.sharing, "after", "names after")
_timed(_host.companion, "run", "the call of the JVM")
_timed(_scala, "result_of", "render")
_timed(_kernel, "_reply", "reply")
_timed(_kernel.session, "send", "messages sent")
_whole = _kernel.do_execute
@functools.wraps(_whole)
async def _execute(*arguments, **options):
    _enter()
    try: return await _whole(*arguments, **options)
    finally: _leave("the rest of the kernel")
_kernel.do_execute = _execute
"""
TOLD = "%%python\nprint(json.dumps(_spent)); _spent.clear()"
LINES = {
    "a value": "val x{i} = {i} + 1",
    "a result": "List(1, 2, {i}).map(n => n * 2).sum",
    "a count": "spark.range({i}).count()",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kernel", nargs="?", default="toree_scala")
    parser.add_argument("--warm", type=int, default=60)
    parser.add_argument("--measured", type=int, default=40)
    arguments = parser.parse_args()
    notebook = Notebook(arguments.kernel)
    rows: dict[str, dict[str, list[float]]] = {}
    try:
        notebook.run(TIMED)
        for number in range(arguments.warm + arguments.measured):
            for kind, line in LINES.items():
                notebook.run(TOLD)
                begun = time.perf_counter()
                notebook.run(line.format(i=number))
                outside = time.perf_counter() - begun
                spent = json.loads(notebook.run(TOLD))
                if number < arguments.warm:
                    continue
                spent["Jupyter's messages and the client"] = outside - sum(spent.values())
                for part, took in {**spent, "all": outside}.items():
                    rows.setdefault(part, {}).setdefault(kind, []).append(took * 1000)
    finally:
        notebook.close()
    print(f"load {os.getloadavg()[0]:.1f}, medians, ms\n| part |", *(f"{kind} |" for kind in LINES))
    for part, kinds in rows.items():
        print(f"| {part} |", *(f"{statistics.median(kinds[kind]):.2f} |" for kind in LINES))


if __name__ == "__main__":
    main()
