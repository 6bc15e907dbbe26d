"""A cold-start storm: many kernels on few cores, at once or over some minutes.

    python benchmarks/storm.py               what 500 kernels do to clusters of several sizes
    python benchmarks/storm.py --real 6      six real ones here at once, and what is predicted

Cores are shared evenly among the kernels that start, none of which can use more than a few: a
kernel alone needs its CPU time divided by that number.
"""

from __future__ import annotations

import argparse
import dataclasses
import heapq
import os
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from session import Session


@dataclasses.dataclass(frozen=True)
class Cost:
    """One kernel until its first job is done, the class archive there, as measured on two cores
    (docs/clusters.md, docs/performance.md).
    """

    cpu: float = 13.7  # seconds of all its processes: six real ones
    alone: float = 7.6  # seconds on a machine that has nothing else to do
    private: float = 630.0  # MB that no other kernel has
    shared: float = 90.0  # MB of archive and libraries, once a machine
    spare_cpu: float = 2.6  # with a companion that has waited: 1.3 s of both cores at the most
    ports: int = 11
    files: int = 410

    @property
    def width(self) -> float:
        """Cores it can use."""
        return self.cpu / self.alone


def storm(
    arrivals: Sequence[float], works: Sequence[float], cores: float, width: float
) -> list[float]:
    """When each is done: `works` are seconds of CPU, in the order of the arrivals."""
    waiting: list[tuple[float, int]] = []  # by the progress at which it is done
    done = [0.0] * len(arrivals)
    now = progress = 0.0
    next_one = 0
    while next_one < len(arrivals) or waiting:
        rate = min(width, cores / len(waiting)) if waiting else 0.0
        ends = now + (waiting[0][0] - progress) / rate if waiting else float("inf")
        comes = arrivals[next_one] if next_one < len(arrivals) else float("inf")
        then = min(ends, comes)
        progress += (then - now) * rate
        now = then
        if comes <= ends:
            heapq.heappush(waiting, (progress + works[next_one], next_one))
            next_one += 1
        else:
            done[heapq.heappop(waiting)[1]] = now
    return done


def waits(kernels: int, cores: int, over: float, spares: float, cost: Cost) -> tuple[float, float]:
    """The middle and the longest wait of users who come evenly `over` seconds."""
    arrivals = [i * over / kernels for i in range(kernels)]
    taken = int(spares * kernels)
    works = [cost.spare_cpu if i < taken else cost.cpu for i in range(kernels)]
    ended = storm(arrivals, works, cores, cost.width)
    each = sorted(end - begin for begin, end in zip(arrivals, ended, strict=True))
    return each[(len(each) - 1) // 2], each[-1]


def table(kernels: int, cost: Cost) -> None:
    print(f"{kernels} kernels: middle and longest wait for the first job, s")
    print("| cores | at once | over 5 min | over 15 min | at once, a spare for every second |")
    print("|---|---|---|---|---|")
    for cores in (16, 64, 128, 256, 512):
        ways = ((0, 0), (300, 0), (900, 0), (0, 0.5))
        cells = (waits(kernels, cores, over, spares, cost) for over, spares in ways)
        print(f"| {cores} |", " | ".join(f"{m:.0f} and {x:.0f}" for m, x in cells), "|")
    for machines in (4, 16, kernels):
        memory = kernels * cost.private + machines * cost.shared
        print(f"memory on {machines} machines: {memory / 1000:.0f} GB")


def real(count: int) -> None:
    """Starts that many at once; the prediction is made of the CPU they have used."""
    busy = psutil.cpu_percent(1.0)
    alone, cpu = started(1)
    print(f"one alone: {alone[0]:.1f} s, {cpu:.1f} s of CPU ({busy:.0f} % of the machine was busy)")
    cost = Cost(cpu=cpu, alone=alone[0])
    cores = (os.cpu_count() or 1) * (1 - busy / 100)
    took, used = started(count)
    told = storm([0.0] * count, [cpu] * count, cores, cost.width)
    print(
        f"{count} at once: {min(took):.1f} to {max(took):.1f} s, {used / count:.1f} s of CPU each"
    )
    print(f"predicted: {told[-1]:.1f} s on {cores:.1f} cores")


def started(count: int) -> tuple[list[float], float]:
    """How long each took until its first job was done; the CPU seconds of all."""
    took: list[float] = []
    used: list[float] = []
    together = threading.Barrier(count)

    def start() -> None:
        env = {**os.environ, "SPARK_OPTS": "--master local[2]"}
        together.wait()
        begun = time.monotonic()
        with Session("toree_scala", env=env) as session:
            assert session.run("spark.range(9).count", timeout=900).status == "ok"
            took.append(time.monotonic() - begun)
            front = psutil.Process(session.pid)
            for process in (front, *front.children(recursive=True)):
                times = process.cpu_times()
                used.append(times.user + times.system)

    threads = [threading.Thread(target=start) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(took), sum(used)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kernels", type=int, default=500)
    parser.add_argument("--real", type=int, default=0)
    given = parser.parse_args()
    if given.real:
        real(given.real)
    else:
        table(given.kernels, Cost())


if __name__ == "__main__":
    main()
