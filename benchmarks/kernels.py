"""Times Jupyter kernels from outside, side by side, through jupyter_client alone.

    python benchmarks/kernels.py toree_scala python3 --rounds 3

Any kernel of the languages below can be a peer: bare ipykernel (`python3`), Almond, spylon-kernel.
The kernels take turns, so a machine that slows down slows all of them. Figures are medians over
the rounds; seconds unless named:

    start     spawn to the first kernel_info reply
    first     spawn to the end of `1 + 1`
    spark     spawn to the end of the first Spark count
    cell      a trivial cell, warm
    count     a Spark count, warm
    lines     100,000 printed lines, until all have arrived
    complete  a completion, warm
    rss_mb    resident memory of the kernel and its children, MB
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import time
from collections.abc import Callable
from typing import Any

import psutil
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

LINES = 100_000
COUNT = "spark.range(1000).count()"
CODE = {
    "scala": {
        "define": "val x{i} = {i} + 1",
        "lines": f'for (i <- 1 to {LINES}) println("line " + i)',
        "complete": "List(1).ma",
    },
    "python": {
        "define": "x{i} = {i} + 1",
        "lines": f"for i in range({LINES}): print('line', i)",
        "complete": "str().spl",
    },
}


class Kernel:
    """One start of one kernel."""

    def __init__(self, name: str) -> None:
        self.name = name
        language = KernelSpecManager().get_kernel_spec(name).language.lower()
        self.code = CODE["scala" if language == "scala" else "python"]
        self.has_spark = "toree" in name or language == "scala"

    def __enter__(self) -> Kernel:
        self.born = time.perf_counter()
        self.manager = KernelManager(kernel_name=self.name)
        self.manager.start_kernel(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=120)
        return self

    def __exit__(self, *_: Any) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=False)

    def run(self, code: str, lines: int = 0) -> float:
        """Seconds until the cell is idle and all its lines are there."""
        begin, seen = time.perf_counter(), 0
        sent = self.client.execute(code)
        while True:
            message = self.client.get_iopub_msg(timeout=180)
            content = message["content"]
            if message["parent_header"].get("msg_id") != sent:
                continue
            if message["msg_type"] == "error":
                raise SystemExit(f"{self.name}: {code[:40]}: {content['evalue']}")
            if message["msg_type"] == "stream":
                seen += content["text"].count("\n")
            if content.get("execution_state") == "idle":
                break
        self.client.get_shell_msg(timeout=60)
        if seen < lines:
            raise SystemExit(f"{self.name}: {seen} of {lines} lines arrived")
        return time.perf_counter() - begin

    def complete(self) -> float:
        begin = time.perf_counter()
        self.client.complete(self.code["complete"], reply=True, timeout=60)
        return time.perf_counter() - begin


def median(measure: Callable[[int], float], warm: int, rounds: int) -> float:
    return statistics.median([measure(i) for i in range(warm + rounds)][warm:])


def figures(name: str) -> dict[str, float]:
    with Kernel(name) as kernel:
        found = {"start": time.perf_counter() - kernel.born}
        kernel.run("1 + 1")
        found["first"] = time.perf_counter() - kernel.born
        if kernel.has_spark:
            kernel.run(COUNT)
            found["spark"] = time.perf_counter() - kernel.born
        found["cell"] = median(lambda i: kernel.run(kernel.code["define"].format(i=i)), 10, 20)
        if kernel.has_spark:
            found["count"] = median(lambda _: kernel.run(COUNT), 4, 8)
        found["lines"] = kernel.run(kernel.code["lines"], LINES)
        found["complete"] = median(lambda _: kernel.complete(), 2, 6)
        process = psutil.Process(kernel.manager.provisioner.pid)
        family = [process, *process.children(recursive=True)]
        found["rss_mb"] = sum(p.memory_info().rss for p in family) / 1e6
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kernels", nargs="+")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json")
    arguments = parser.parse_args()
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in arguments.kernels}
    for _ in range(arguments.rounds):
        for name, measured in rounds.items():
            measured.append(figures(name))
    medians = {
        name: {key: statistics.median(one[key] for one in measured) for key in measured[0]}
        for name, measured in rounds.items()
    }
    keys = list(dict.fromkeys(key for found in medians.values() for key in found))
    print(f"{'':10}" + "".join(f"{name:>16}" for name in medians))
    for key in keys:
        cells = (
            f"{found[key]:16.3f}" if key in found else f"{'-':>16}" for found in medians.values()
        )
        print(f"{key:10}" + "".join(cells))
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump(medians, file, indent=1)


if __name__ == "__main__":
    main()
