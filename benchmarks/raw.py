"""A Scala cell, from outside, beside the raw call: `IMain.interpret` of the same line in its JVM.

    python benchmarks/raw.py [KERNEL] [--warm 60] [--measured 40]

They take turns, so the machine's other work meets both. The raw REPL is Scala's own, with its usual
settings and Spark's class path; what a cell has beside it (output by line, the stop button, shared
names, a result as MIME, the way through ZeroMQ and Py4J) is what the difference is. For Scala 2.13.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time

from cells import Notebook

RAW = """
import scala.tools.nsc.Settings
import scala.tools.nsc.interpreter.{IMain, Results}
import scala.tools.nsc.interpreter.shell.ReplReporterImpl
val rawSettings = new Settings
rawSettings.classpath.value = System.getProperty("java.class.path")
rawSettings.Yreplclassbased.value = true
val rawText = new java.io.StringWriter
val raw = new IMain(rawSettings,
  new ReplReporterImpl(rawSettings, new java.io.PrintWriter(rawText)))
val rawClock = java.lang.management.ManagementFactory.getThreadMXBean
def rawTimed(line: String): String = {
  val (cpu, wall) = (rawClock.getCurrentThreadCpuTime, System.nanoTime)
  val ended = raw.interpret(line)
  require(ended == Results.Success, rawText.toString)
  s"${System.nanoTime - wall} ${rawClock.getCurrentThreadCpuTime - cpu}"
}
"""
LINES = (
    "val x{i} = {i} + 1",
    "def square{i}(n: Int) = n * n",
    "case class Point{i}(x: Int, y: Int)",
    "List(1, 2, {i}).map(n => n * 2).sum",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kernel", nargs="?", default="toree_scala")
    parser.add_argument("--warm", type=int, default=60)
    parser.add_argument("--measured", type=int, default=40)
    arguments = parser.parse_args()
    notebook = Notebook(arguments.kernel)
    cells: dict[str, list[float]] = {line: [] for line in LINES}
    raws: dict[str, list[float]] = {line: [] for line in LINES}
    try:
        notebook.run(RAW)
        for number in range(arguments.warm + arguments.measured):
            line = LINES[number % len(LINES)]
            begun = time.perf_counter()
            notebook.run(line.format(i=number))
            outside = time.perf_counter() - begun
            said = notebook.run(f'print(rawTimed("{line.format(i=number)}"))')
            if number >= arguments.warm:
                cells[line].append(outside * 1000)
                raws[line].append(int(said.split()[0]) / 1e6)
    finally:
        notebook.close()
    print(f"load {os.getloadavg()[0]:.1f}, medians, ms\n| line | a cell | raw | ratio |")
    for line in LINES:
        cell, raw = statistics.median(cells[line]), statistics.median(raws[line])
        print(f"| `{line}` | {cell:.0f} | {raw:.0f} | {cell / raw:.2f} |")


if __name__ == "__main__":
    main()
