"""Tables between Spark and R, against PySpark's own conversions in the same kernel.

    python benchmarks/r.py [KERNEL] [ROWS] [ROUNDS]

Five columns (int, double, string, timestamp, bool), once with 1,000 different strings and once
with all different. A cell's time is measured by the client; the turns alternate. The memory is
the R process's, at its highest during the transfer, beside the size of the data.frame.
"""

from __future__ import annotations

import statistics
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from session import Session

SETUP = """
import org.apache.spark.sql.functions._
def table(strings: Long) = spark.range({rows}).select(
  col("id").cast("int").as("i"), rand(1).as("d"), concat(lit("text "), col("id") % strings).as("s"),
  (timestamp_seconds(col("id") + 1700000000L)).as("t"), (col("id") % 2 === 0).as("b")).cache()
val repeating = table(1000)
val differing = table(Long.MaxValue)
repeating.count + differing.count"""


def timed(kernel: Session, code: str) -> float:
    start = time.perf_counter()
    ran = kernel.run(code, timeout=600)
    took = time.perf_counter() - start
    assert ran.status == "ok", ran.traceback
    return took


def highest(process: psutil.Process, work: Callable[[], float]) -> tuple[float, int]:
    """The work's time, and the most memory the process held meanwhile, in bytes."""
    most, over = [process.memory_info().rss], threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            most.append(process.memory_info().rss)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        return work(), max(most)
    finally:
        over.set()
        thread.join()


def main() -> None:
    name = sys.argv[1] if len(sys.argv) > 1 else "toree_scala"
    rows = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    with Session(name) as kernel:
        timed(kernel, SETUP.format(rows=rows))
        arrow = "spark.conf.set('spark.sql.execution.arrow.pyspark.enabled', 'true')"
        timed(kernel, f"%%python\n{arrow}\n_ = repeating.limit(9).toPandas()")
        timed(kernel, "%%r\nsuppressMessages(library(dplyr))\nr <- collect(head(repeating)); rm(r)")
        process = psutil.Process(int(kernel.run("%%r\ncat(Sys.getpid())").text("stdout")))
        timed(kernel, "%%r\nq1 <- repeating; q2 <- differing")
        for table, query in (("repeating", "q1"), ("differing", "q2")):
            there: list[tuple[float, float]] = []
            back: list[tuple[float, float]] = []
            before = process.memory_info().rss
            for _ in range(rounds):
                python = timed(kernel, f"%%python\n_p = {table}.toPandas()")
                r, most = highest(
                    process, lambda q=query: timed(kernel, f"%%r\n.d <- collect({q})")
                )
                there.append((python, r))
                python = timed(kernel, "%%python\n_f = spark.createDataFrame(_p)")
                r = timed(kernel, '%%r\n.f <- copy_to(spark, .d, "there", overwrite = TRUE)')
                back.append((python, r))
                timed(kernel, "%%python\ndel _p, _f")
                size = float(kernel.run("%%r\ncat(object.size(.d))").text("stdout"))
                last = (most - before, size)
                timed(kernel, "%%r\nrm(.d, .f); invisible(gc())")
            for label, pairs in (
                ("toPandas / collect", there),
                ("createDataFrame / copy_to", back),
            ):
                p, r = (statistics.median(side) for side in zip(*pairs, strict=True))
                least = min(one[1] for one in pairs) / min(one[0] for one in pairs)
                print(
                    f"{table:9} {label:26} PySpark {p:.2f}  R {r:.2f}  ratio {r / p:.2f}"
                    f"  (of the best {least:.2f})",
                    flush=True,
                )
            print(
                f"{table:9} memory: {last[0] / 1e6:.0f} MB for {last[1] / 1e6:.0f} MB", flush=True
            )


if __name__ == "__main__":
    main()
