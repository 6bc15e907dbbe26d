"""A start with and without the kept answer of Spark's launcher (`toree/companion/launcher.py`).

    python benchmarks/launcher.py [KERNEL] [--rounds 5]

They take turns: "without" forgets all answers before. From the spawn: until the companion's JVM
runs, until the first Scala result; CPU of all processes that this took. Linux only.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import time
from pathlib import Path

import platformdirs
from jupyter_client.manager import KernelManager
from start import TICK, Watch, children, run

ANSWERS = Path(platformdirs.user_cache_dir("toree"), "launcher")


def used(pid: int) -> float:
    """CPU of a process, of those below it, and of those of them that have ended."""
    total = 0.0
    for one in (pid, *children(pid)):
        words = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        total += sum(map(int, words[11:15])) / TICK
    return total


def start(kernel: str) -> tuple[float, float, float]:
    watch = Watch()
    manager = KernelManager(kernel_name=kernel)
    manager.start_kernel(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    watch.kernel = manager.provisioner.pid
    watch.start()
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=300)
        run(client, "1 + 1")
        at = time.perf_counter() - watch.begun
        return watch.seen["companion JVM"], at, used(watch.kernel)
    finally:
        watch.over.set()
        client.stop_channels()
        manager.shutdown_kernel(now=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kernel", nargs="?", default="toree_scala")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    found: dict[str, list[tuple[float, ...]]] = {"without": [], "with": []}
    start(arguments.kernel)
    for _ in range(arguments.rounds):
        for which, rows in found.items():
            if which == "without":
                shutil.rmtree(ANSWERS, ignore_errors=True)
            rows.append(start(arguments.kernel))
    print(f"load {os.getloadavg()[0]:.1f}, medians of {arguments.rounds}")
    print("| answer | JVM runs, s | first Scala result, s | CPU, s |\n|---|---|---|---|")
    for which, rows in found.items():
        medians = [f"{statistics.median(column):.2f}" for column in zip(*rows, strict=True)]
        print(f"| {which} |", " | ".join(medians), "|")


if __name__ == "__main__":
    main()
