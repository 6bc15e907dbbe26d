"""Spark to pandas in a Toree kernel beside the same in PySpark alone.

    python benchmarks/exchange.py [KERNEL] [--rows 1000000] [--rounds 5] [--large 10000000]

`toPandas()` of a cached table of five columns, by Arrow, in turn in a kernel and in a Python with
PySpark alone, on the same machine with the same options; then, in the kernel, a large one of two
columns: what its process has in memory before, at most and after, beside what the table takes.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys

from cells import Notebook
from start import memory

MADE = """
spark.conf.set("spark.sql.execution.arrow.pyspark.enabled", "true")
frame = spark.range({rows}).selectExpr(
    "cast(id as int) i", "rand(1) d", "concat('text ', id % 1000) s",
    "timestamp_seconds(1704067200 + id) t", "id % 2 = 0 b").cache()
frame.count()
"""
TIMED = """
import time
begun = time.perf_counter(); table = frame.toPandas(); took = time.perf_counter() - begun
assert table.shape == ({rows}, 5)
print(took)
"""
ALONE = """
import sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.master("local[*]").config("spark.ui.enabled", "false").getOrCreate()
spark.sparkContext.setLogLevel("ERROR")
scope = {"spark": spark}
for line in sys.stdin:
    exec(eval(line), scope)
    print("done", flush=True)
"""
LARGE = """%%python
import pyarrow
spark.conf.set("spark.sql.execution.arrow.pyspark.selfDestruct.enabled", "{freed}")
large = None
open("/proc/self/clear_refs", "w").write("5")
large = spark.range({rows}).selectExpr("id", "id * 0.5D as x").toPandas()
peak = next(int(line.split()[1]) for line in open("/proc/self/status") if "VmHWM" in line) >> 10
print(int(large.memory_usage().sum()) >> 20, pyarrow.total_allocated_bytes() >> 20, peak)
"""


class Alone:
    """PySpark in a Python of its own, told code by its standard input."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", ALONE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def run(self, code: str) -> str:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(repr(code) + "\n")
        self.process.stdin.flush()
        said = []
        while (line := self.process.stdout.readline().strip()) != "done":
            if self.process.poll() is not None:
                raise SystemExit("PySpark has ended")
            said.append(line)
        return "\n".join(said)

    def close(self) -> None:
        self.process.communicate()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kernel", nargs="?", default="toree_scala")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large", type=int, default=10_000_000)
    arguments = parser.parse_args()
    notebook, alone = Notebook(arguments.kernel), Alone()
    found: dict[str, list[float]] = {"Toree": [], "PySpark alone": []}
    try:
        sides = {
            "Toree": lambda code: notebook.run("%%python" + code),
            "PySpark alone": alone.run,
        }
        for run in sides.values():
            run(MADE.format(rows=arguments.rows))
            run(TIMED.format(rows=arguments.rows))
        for _ in range(arguments.rounds):
            for side, run in sides.items():
                found[side].append(float(run(TIMED.format(rows=arguments.rows))))
        print(f"load {os.getloadavg()[0]:.1f}, toPandas() of {arguments.rows:,} rows, seconds")
        for side, took in found.items():
            print(f"| {side} | best {min(took):.2f} | median {statistics.median(took):.2f} |")
        best, median = (
            f(found["Toree"]) / f(found["PySpark alone"]) for f in (min, statistics.median)
        )
        print(f"| ratio | {best:.2f} | {median:.2f} |")
        pid = notebook.manager.provisioner.pid
        for freed in ("false", "true"):
            before = memory(pid)["Rss"]
            said = notebook.run(LARGE.format(rows=arguments.large, freed=freed)).split()
            print(f"{arguments.large:,} rows, selfDestruct {freed}: table {said[0]} MB, left in")
            print(f"Arrow {said[1]}; kernel {before:.0f} MB before, {said[2]} at most,", end=" ")
            print(f"{memory(pid)['Rss']:.0f} after")
    finally:
        alone.close()
        notebook.close()


if __name__ == "__main__":
    main()
