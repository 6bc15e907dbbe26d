"""Times of names crossing between languages, against PySpark's own conversions in the same kernel.

    python benchmarks/sharing.py [KERNEL] [ROWS] [ROUNDS]

A cell's time is measured by the client, so it holds the whole of a cell; what a cell of the same
text costs when the name is there already is taken off.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from session import Session

SETUP = """%%python
import numpy as np, pandas as pd
_rows = {rows}
_random = np.random.default_rng(1)
pandas_frame = pd.DataFrame({{
    "i": np.arange(_rows, dtype="int32"),
    "d": _random.random(_rows),
    "s": [f"text {{n % 1000}}" for n in range(_rows)],
    "t": pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(np.arange(_rows), "s"),
    "b": np.arange(_rows) % 2 == 0,
}})
"""

SCALA = """case class Reading(i: Int, d: Double, s: String, t: java.time.Instant, b: Boolean)
val start = java.time.Instant.parse("2024-01-01T00:00:00Z")
val random = new scala.util.Random(1)
val readings = (0 until {rows}).map(n =>
  Reading(n, random.nextDouble, s"text ${{n % 1000}}", start.plusSeconds(n), n % 2 == 0))
val sparkFrame = readings.toDF.cache
sparkFrame.count"""

HANDLES = "val handle = spark.range({n}).toDF"


class Bench:
    def __init__(self, kernel: Session, rounds: int) -> None:
        self.kernel = kernel
        self.rounds = rounds

    def cell(self, code: str) -> float:
        start = time.perf_counter()
        ran = self.kernel.run(code, timeout=300)
        took = time.perf_counter() - start
        assert ran.status == "ok", ran.traceback
        for line in ran.text("stderr").splitlines():
            print("   ", line)
        return took

    def crossing(self, assign: str, use: str) -> list[float]:
        """Times of `use` right after a new version was made, less its time without a crossing."""
        times = []
        for _ in range(self.rounds):
            self.cell(assign)
            first = self.cell(use)
            again = min(self.cell(use) for _ in range(2))
            times.append(max(first - again, 0.0))
        return times

    def plain(self, code: str) -> list[float]:
        return [self.cell(code) for _ in range(self.rounds)]


def main() -> None:
    name = sys.argv[1] if len(sys.argv) > 1 else "toree_scala"
    rows = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    with Session(name) as kernel:
        bench = Bench(kernel, rounds)
        bench.cell(SETUP.format(rows=rows))
        bench.cell(SCALA.format(rows=rows))
        lines: list[tuple[str, list[float]]] = []

        def show(label: str, times: list[float]) -> None:
            lines.append((label, times))
            print(
                f"{label:55} best {min(times):.3f}  median {statistics.median(times):.3f}",
                flush=True,
            )

        bench.cell("%%python\nspark.conf.set('spark.sql.execution.arrow.pyspark.enabled', 'true')")
        bench.plain("%%python\n_ = spark.createDataFrame(pandas_frame)")
        show(
            "PySpark: createDataFrame(pandas)",
            bench.plain("%%python\n_ = spark.createDataFrame(pandas_frame)"),
        )
        show("PySpark: toPandas()", bench.plain("%%python\n_ = sparkFrame.toPandas()"))
        show(
            "handle: Scala to Python", bench.crossing(HANDLES.format(n=3), "%%python\ntype(handle)")
        )
        show(
            "handle: Python to Scala",
            bench.crossing("%%python\nback = spark.range(3)", "back.columns"),
        )
        show(
            "pandas to Scala", bench.crossing("%%python\nframe = pandas_frame[:]", "frame.columns")
        )
        show(
            "Seq of case classes to Python",
            bench.crossing("val local = readings.drop(0).map(identity)", "%%python\nlocal.shape"),
        )
        if "r" in sys.argv[4:]:
            show("handle: Scala to R", bench.crossing(HANDLES.format(n=3), "%%r\nclass(handle)[1]"))
            show(
                "pandas to R",
                bench.crossing("%%python\nframe = pandas_frame[:]", "%%r\ndim(frame)"),
            )
            bench.cell("%%r\ntable <- frame")
            show(
                "data.frame to Python",
                bench.crossing("%%r\ntable <- frame[, 1:5]", "%%python\ntable.shape"),
            )
            show(
                "data.frame to Scala", bench.crossing("%%r\ntable <- frame[, 1:5]", "table.columns")
            )
            show(
                "Seq of case classes to R",
                bench.crossing("val local = readings.drop(0).map(identity)", "%%r\ndim(local)"),
            )


if __name__ == "__main__":
    main()
