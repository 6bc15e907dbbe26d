"""A warm Scala cell, step by step, and what the 2,000th costs.

    python benchmarks/cells.py [KERNEL] [--cells 2000] [--every 200] [--kind KIND] [--json FILE]

Steps are thread CPU in the JVM (`cells.scala`, run in the kernel), calls of the JVM are counted in
the kernel's process, and cells one after the other are timed from outside: the JVM's CPU and the
clock, the median of 20 cells each, with the memory at that point.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from pathlib import Path
from typing import Any

from jupyter_client.manager import start_new_kernel
from start import children, command, memory, seconds

CALLS = """%%python
_made = []
def _counted(companion, name):
    call = getattr(companion, name)
    def counted(*arguments, **options):
        _made.append(f"{name} {arguments[0] if name != 'run' else 'execute'}")
        return call(*arguments, **options)
    setattr(companion, name, counted)
for _name in ("ask", "tell", "run"):
    _counted(get_ipython().kernel.host.companion, _name)
"""
#: Cells as a user writes them; `{i}` numbers what is new each time.
KINDS = {
    "a value": "val v{i} = {i} + 1",
    "the same value again": "val again = {i}",
    "a result": "again + {i}",
    "a count": "spark.range({i}).count()",
}
#: MB of heap after a collection, classes there are, MB of metaspace; said without a name.
SIZES = """{
  import java.lang.management.ManagementFactory._
  for (_ <- 1 to 3) { System.gc(); Thread.sleep(100) }
  var metaspace = 0L
  getMemoryPoolMXBeans.forEach(p => if (p.getName == "Metaspace") metaspace = p.getUsage.getUsed)
  val (heap, classes) = (getMemoryMXBean.getHeapMemoryUsage.getUsed, getClassLoadingMXBean)
  print(s"${heap >> 20} ${classes.getLoadedClassCount} ${metaspace >> 20}")
}"""


class Notebook:
    def __init__(self, kernel: str) -> None:
        self.manager, self.client = start_new_kernel(kernel_name=kernel, startup_timeout=120)

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=False)

    def run(self, code: str) -> str:
        printed: list[str] = []

        def hook(message: dict[str, Any]) -> None:
            content = message["content"]
            if message["msg_type"] == "stream" and content["name"] == "stdout":
                printed.append(content["text"])
            elif message["msg_type"] == "execute_result":
                printed.append(content["data"]["text/plain"])
            elif message["msg_type"] == "error":
                raise SystemExit("\n".join(content["traceback"]))

        self.client.execute_interactive(code, output_hook=hook, timeout=600)
        return "".join(printed)

    @property
    def jvm(self) -> int:
        kernel = self.manager.provisioner.pid
        return next(p for p in children(kernel) if "toree.Main" in command(p))


def steps(notebook: Notebook, warm: int, measured: int) -> None:
    code = Path(__file__).with_suffix(".scala").read_text(encoding="utf-8")
    code = code.replace("WARM", str(warm)).replace("MEASURED", str(measured))
    print(f"{'':34} {'CPU, us a cell':>14} {'KB a cell':>10}")
    for line in notebook.run(code).splitlines():
        kind, name, micros, size = line.split("\t")
        print(
            f"{'  ' * (kind == 'phase')}{name:{34 - 2 * (kind == 'phase')}} {micros:>14} {size:>10}"
        )


def calls(notebook: Notebook) -> None:
    notebook.run(CALLS)
    for name, code in {**KINDS, "a value of Python": "given + {i}"}.items():
        notebook.run("%%python\ngiven = 3\n_made.clear()")
        notebook.run(code.format(i=1))
        made = notebook.run("%%python\nprint(', '.join(_made))").strip()
        print(f"calls for {name}: {made}")


def growth(notebook: Notebook, code: str, cells: int, every: int) -> list[dict[str, float]]:
    """A row for every so many cells: the median of the last 20, and the memory after them."""
    rows, walls, number = [], [], 0
    front, jvm = notebook.manager.provisioner.pid, notebook.jvm
    stat = Path(f"/proc/{jvm}/stat")
    before, used = 0.0, []
    notebook.run("val again = 1")
    print("cell, ms, CPU ms, heap MB, metaspace MB, classes, JVM MB, kernel MB, load")
    while number < cells:
        number += 1
        before, begun = seconds(stat)[1], time.perf_counter()
        notebook.run(code.format(i=number))
        walls.append(time.perf_counter() - begun)
        used.append(seconds(stat)[1] - before)
        if number % every and number != 20:
            continue
        heap, classes, metaspace = map(float, notebook.run(SIZES).split())
        rows.append(
            {
                "cell": number,
                "ms": statistics.median(walls[-20:]) * 1000,
                "CPU ms": statistics.mean(used[-20:]) * 1000,
                "heap MB": heap,
                "metaspace MB": metaspace,
                "classes": classes,
                "JVM MB": memory(jvm)["Rss"],
                "kernel MB": memory(front)["Rss"],
                "load": os.getloadavg()[0],
            }
        )
        print("| " + " | ".join(f"{value:.0f}" for value in rows[-1].values()) + " |", flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kernel", nargs="?", default="toree_scala")
    parser.add_argument("--cells", type=int, default=2000)
    parser.add_argument("--every", type=int, default=200)
    parser.add_argument("--kind", choices=KINDS, default="a value")
    parser.add_argument("--only-growth", action="store_true")
    parser.add_argument("--warm", type=int, default=60)
    parser.add_argument("--measured", type=int, default=30)
    parser.add_argument("--json")
    arguments = parser.parse_args()
    print("load", *os.getloadavg())
    notebook = Notebook(arguments.kernel)
    try:
        if not arguments.only_growth:
            steps(notebook, arguments.warm, arguments.measured)
            calls(notebook)
        rows = growth(notebook, KINDS[arguments.kind], arguments.cells, arguments.every)
    finally:
        notebook.close()
    print("load", *os.getloadavg())
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
