"""Memory over many private sessions, opened, used in all languages and ended, one after the other.

    .venv/bin/python benchmarks/sessions.py --sessions 200 --report 20

Prints, every so many sessions, the resident memory of the kernel's process, of its JVM and of the
JVM's heap and classes after a collection, the threads of both, the REPLs and R processes that are
left, and the seconds a session took. It starts a kernel of its own. `--r N` uses R in every N-th
session: a process of its own is the dearest part.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import time
from pathlib import Path

from toree.client import Client, Session

SCALA = "case class P(n: Int)\nval v = Seq(P({0})).toDS.map(_.n + 1).collect().head"
PYTHON = "v = spark.range({0} % 7 + 1).count(); data = bytearray(1_000_000)"


def used(session: Session, number: int, r: int) -> None:
    session.execute(SCALA.format(number), language="scala", timeout=120).result()
    session.execute(PYTHON.format(number), language="python", timeout=120).result()
    session.sql("select :n n", n=number)
    if r and number % r == 0:
        session.execute("v <- 1:10; sum(v)", language="r", timeout=120).result()


def memory(pid: int) -> tuple[int, int]:
    """Resident MB and threads of a process."""
    facts = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    return int(facts["VmRSS"].split()[0]) // 1024, int(facts["Threads"])


def heap(jvm: int) -> tuple[int, int, int]:
    """MB of the JVM's heap and of its classes after a full collection, and how many classes."""
    subprocess.run(["jcmd", str(jvm), "GC.run"], check=True, capture_output=True)
    done = subprocess.run(
        ["jcmd", str(jvm), "GC.heap_info"], check=True, capture_output=True, text=True
    )
    words = done.stdout.replace(",", " ").split()
    used = int(words[words.index("used") + 1].rstrip("K")) // 1024
    at = words.index("Metaspace")
    classes = int(words[words.index("used", at) + 1].rstrip("K")) // 1024
    counted = subprocess.run(
        ["jcmd", str(jvm), "VM.classloader_stats"], check=True, capture_output=True, text=True
    )
    loaders = sum("ReplClassLoader" in line for line in counted.stdout.splitlines())
    return used, classes, loaders


def r_processes(kernel: int) -> int:
    """Of its private sessions; none of these tests uses R in the main workspace."""
    children = Path(f"/proc/{kernel}/task").glob("*/children")
    commands = (Path(f"/proc/{pid}/cmdline") for c in children for pid in c.read_text().split())
    return sum(b"rhost" in command.read_bytes() for command in commands if command.exists())


def pids_of(client: Client) -> tuple[int, int]:
    """Of the kernel and its JVM."""
    own = client.execute("import os; os.getpid()", language="python", timeout=60).result().text
    shown = client.execute("%info", timeout=60)
    shown.wait()
    found = re.search(r"JVM (\d+)", str(shown.outputs))
    assert found, shown.outputs
    return int(own), int(found[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--report", type=int, default=20)
    parser.add_argument("--r", type=int, default=0, metavar="N")
    parser.add_argument("--kernel", default="toree_scala")
    parser.add_argument("--dump", help="a file for the JVM's heap at the end")
    given = parser.parse_args()
    options = "--master local[2] --conf spark.ui.enabled=false"
    with Client.start(given.kernel, spark_opts=options, timeout=300) as client:
        client.execute("spark.range(3).count()", language="scala", timeout=300).result()
        kernel, jvm = pids_of(client)
        print(
            "sessions   s each   kernel MB / threads   JVM MB / threads   heap MB   classes MB"
            "   REPL loaders   R processes"
        )
        began = time.monotonic()
        for number in range(given.sessions + 1):
            if number % given.report == 0:
                (own, own_threads), (java, java_threads) = memory(kernel), memory(jvm)
                live, classes, loaders = heap(jvm)
                each = (time.monotonic() - began) / given.report
                print(
                    f"{number:8}   {each:6.2f}   {own:9} / {own_threads:7}   {java:6} / "
                    f"{java_threads:7}   {live:7}   {classes:10}   {loaders:12}   "
                    f"{r_processes(kernel):11}",
                    flush=True,
                )
                began = time.monotonic()
            session = client.session(f"of-{number}")
            used(session, number, given.r)
            session.end()
        if given.dump:
            heap(jvm)
            dump = ["jcmd", str(jvm), "GC.heap_dump", given.dump]
            subprocess.run(dump, check=True, capture_output=True)


if __name__ == "__main__":
    main()
