"""How cost grows: names, printed bytes, columns, rows and workspaces of one kernel, a table each.

    python benchmarks/growth.py [KERNEL] [--only names,bytes,columns,rows,workspaces] [--quick]

Cells one after the other are `cells.py`'s. Each line is one cell at that size: the clock, and the
CPU that the kernel's process and the JVM have used for it, with their memory after it. Take the CPU
and its growth from line to line; the clock is that of a machine that may do other work.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from cells import Notebook
from start import memory, seconds

Line = tuple[str, str]  # what it is, the cell


def names(quick: bool) -> Iterator[Line]:
    """Shared names: made in Python, one read in Scala, all listed."""
    made = 0
    for many in (10, 100, 1000, 10_000):
        if quick and many > 1000:
            return
        yield (
            f"{many:,}: the rest made",
            "%%python\n" + "\n".join(f"shared{number} = {number}" for number in range(made, many)),
        )
        made = many
        yield f"{many:,}: one read in Scala", f"shared{many - 1} + 1"
        yield f"{many:,}: another Python cell", "%%python\nother = 1"
        yield f"{many:,}: %shared", "%shared"


def printed(quick: bool) -> Iterator[Line]:
    """Bytes printed by one cell; beyond 32 MB they are cut and counted."""
    line = "x" * 99
    for kind, code in (
        ("Scala", f'val line = "{line}"\nfor (_ <- 1 to {{}}) println(line)'),
        ("Python", f"%%python\nline = '{line}'\nfor _ in range({{}}): print(line)"),
    ):
        for megabytes in (1, 10, 100, 1000):
            if quick and megabytes > 10:
                break
            yield f"{kind}, {megabytes:,} MB", code.format(megabytes * 10_000)


def columns(quick: bool) -> Iterator[Line]:
    """A DataFrame of 10 rows, shown and brought to pandas."""
    for many in (10, 100, 1000, 3000):
        if quick and many > 100:
            return
        exprs = f'(1 to {many}).map(i => s"id + $i as c$i")'
        yield f"{many:,}: made in Scala", f"val wide = spark.range(10).selectExpr({exprs}: _*)"
        yield f"{many:,}: shown", "wide"
        yield f"{many:,}: to pandas", "%%python\ntable = wide.toPandas(); table.shape"
        yield f"{many:,}: pandas to Scala", "table.columns.length"


def rows(quick: bool) -> Iterator[Line]:
    """A long and a double, from Spark to pandas and back."""
    for many in (10_000, 100_000, 1_000_000, 10_000_000):
        if quick and many > 100_000:
            return
        yield (
            f"{many:,}: to pandas",
            f"%%python\nlong = spark.range({many}).selectExpr('id', 'id * 0.5D as x').toPandas()\n"
            "len(long)",
        )
        yield f"{many:,}: pandas to Scala", "long.count()"
        yield f"{many:,}: summed in SQL", "%%sql\nselect sum(x) from long"


def workspaces(quick: bool) -> Iterator[Line]:
    """Private sessions, each with a Scala and a Python cell; a cell in the main one beside them."""
    made = 0
    for many in (1, 5, 10, 20, 40):
        if quick and many > 5:
            return
        while made < many:
            made += 1
            yield "", f"%session w{made}"
            yield f"{made}: its first Scala cell", f"val mine = {made}"
            yield "", "%%python\nmine = 1"
            yield "", "%session main"
        yield f"{many}: a cell beside them", "1 + 1"


TABLES: dict[str, Callable[[bool], Iterator[Line]]] = {
    "names": names,
    "bytes": printed,
    "columns": columns,
    "rows": rows,
    "workspaces": workspaces,
}


def table(notebook: Notebook, lines: Iterator[Line]) -> None:
    kernel = notebook.manager.provisioner.pid
    stats = [Path(f"/proc/{pid}/stat") for pid in (kernel, notebook.jvm)]
    print("| what | s | CPU of the kernel, s | CPU of the JVM, s | kernel, MB | JVM, MB |")
    print("|---|---|---|---|---|---|")
    for what, code in lines:
        before, begun = [seconds(stat)[1] for stat in stats], time.perf_counter()
        notebook.run(code)
        wall = time.perf_counter() - begun
        used = [seconds(stat)[1] - was for stat, was in zip(stats, before, strict=True)]
        resident = [memory(pid)["Rss"] for pid in (kernel, notebook.jvm)]
        if what:
            print(
                f"| {what} | {wall:.2f} | {used[0]:.2f} | {used[1]:.2f} "
                f"| {resident[0]:.0f} | {resident[1]:.0f} |",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kernel", nargs="?", default="toree_scala")
    parser.add_argument("--only", default=",".join(TABLES))
    parser.add_argument("--quick", action="store_true", help="small sizes: does it run?")
    arguments = parser.parse_args()
    for name in arguments.only.split(","):
        print(f"\n{name}: {TABLES[name].__doc__}\nload", *os.getloadavg())
        notebook = Notebook(arguments.kernel)
        try:
            notebook.run("spark.range(10).count()")
            notebook.run("%%python\nspark.range(10).toPandas().size")
            table(notebook, TABLES[name](arguments.quick))
        finally:
            notebook.close()


if __name__ == "__main__":
    main()
