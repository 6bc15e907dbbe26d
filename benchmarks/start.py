"""Where a cold start goes: one table from the spawn to the first results, step by step.

    python benchmarks/start.py [KERNEL] [--rounds 3] [--spark-opts ...] [--json FILE]

Everything is seen from outside: the processes by /proc, the JVM's steps by the classes it loads
(`-Xlog:class+load`, given in SPARK_SUBMIT_OPTS). Medians over the rounds. Wall seconds are those of
this machine at this moment; the CPU seconds and the counts are what to compare.
Linux only, since it reads /proc.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import re
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client.manager import KernelManager

TICK = os.sysconf("SC_CLK_TCK")
#: A step of the JVM is over when this class is loaded.
STEPS = {
    "JVM: SparkSubmit": "org.apache.spark.deploy.SparkSubmit",
    "JVM: toree.Main": "toree.Main",
    "JVM: REPL begins": "scala.tools.nsc.interpreter.CellMain",
    "JVM: Spark begins": "org.apache.spark.SparkContext",
    "JVM: session": "org.apache.spark.sql.internal.SessionState",
    "JVM: REPL and Spark are ready": "toree.companion.Warmup",
}
#: Classes that no archive gave, by what they are.
KINDS = {
    "lambdas": r"\$\$Lambda|LambdaForm|\$\$Lambda\$",
    "of cells": r"^\$line|^toree\.Gate",
    "Janino": r"^org\.codehaus\.",
    "Spark's UI": r"^org\.apache\.spark\.(ui|status)|jetty",
    "code generation": r"GeneratedClass",
}
#: Threads of the JVM by their names, as /proc cuts them.
THREADS = {
    "JIT": r"^C[12] Comp|^Sweeper",
    "GC": r"^G1 |^GC |^VM Thread|^VM Periodic",
    "REPL": r"^repl-|^cell",
    "Spark's start": r"^spark-start",
}


class Watch(threading.Thread):
    """Notes when the processes of a start appear."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.seen: dict[str, float] = {}
        self.pids: dict[str, int] = {}
        self.kernel = 0
        self.begun = time.perf_counter()
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.01):
            if not self.kernel:
                continue
            for pid in children(self.kernel):
                words = command(pid)
                name = (
                    "launcher JVM"
                    if "org.apache.spark.launcher.Main" in words and "java" in words[0]
                    else "companion JVM"
                    if "toree.Main" in words and "java" in words[0]
                    else "spark-submit"
                    if any(word.endswith("spark-submit") for word in words[:3])
                    else ""
                )
                if name and name not in self.seen:
                    self.seen[name] = time.perf_counter() - self.begun
                    self.pids[name] = pid


def children(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            below = [int(word) for word in task.read_text().split()]
        except OSError:
            continue
        for child in below:
            yield child
            yield from children(child)


def command(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0") or [""]
    except OSError:
        return [""]


def seconds(stat: Path) -> tuple[str, float]:
    """A process's or a thread's name and the CPU it has used, user and system."""
    name, _, facts = stat.read_text().partition("(")[2].rpartition(")")
    words = facts.split()
    return name, (int(words[11]) + int(words[12])) / TICK


def by_thread(pid: int) -> dict[str, float]:
    found: dict[str, float] = collections.Counter()
    for stat in Path(f"/proc/{pid}/task").glob("*/stat"):
        try:
            name, used = seconds(stat)
        except OSError:
            continue
        kind = next((k for k, names in THREADS.items() if re.search(names, name)), "other")
        found[kind] += used
    return found


def memory(pid: int) -> dict[str, float]:
    """MB: resident, and of that what it has written: the rest is the files' and can be shared."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    facts = {k: int(v) / 1024 for k, v in re.findall(r"^(\w+): +(\d+) kB", text, re.M)}
    return {"Rss": facts["Rss"], "written": facts["Private_Dirty"]}


def classes(log: Path) -> tuple[dict[str, float], dict[str, int]]:
    """Seconds after the JVM's birth at which its steps came, and its classes by where from."""
    steps: dict[str, float] = {}
    counts: dict[str, int] = collections.Counter()
    marks = {name: step for step, name in STEPS.items()}
    for line in log.read_text(errors="replace").splitlines():
        match = re.match(r"\[(\d+)ms\] (\S+) source: (.*)", line)
        if not match:
            continue
        at, name, source = int(match[1]) / 1000, match[2], match[3]
        if name in marks:
            steps.setdefault(marks[name], at)
        if source.startswith("shared objects file"):
            counts["classes from the archive"] += 1
        else:
            kind = next((k for k, pattern in KINDS.items() if re.search(pattern, name)), "other")
            counts[f"classes outside it: {kind}"] += 1
    return steps, counts


def run(client: Any, code: str) -> None:
    sent = client.execute(code)
    while True:
        reply = client.get_shell_msg(timeout=180)
        if reply["parent_header"].get("msg_id") == sent:
            break
    if reply["content"]["status"] != "ok":
        raise SystemExit(f"{code}: {reply['content']}")


def start(kernel: str, options: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "classes.log")
        environment = dict(os.environ)
        logged = f"-Xlog:class+load:file={log}:uptimemillis:filecount=0"
        users = environment.get("SPARK_SUBMIT_OPTS", "")
        environment["SPARK_SUBMIT_OPTS"] = f"{logged} {users}".strip()
        if options:
            environment["SPARK_OPTS"] = options
        watch = Watch()
        watch.start()
        manager = KernelManager(kernel_name=kernel)
        manager.start_kernel(env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        watch.kernel = manager.provisioner.pid
        client = manager.client()
        client.start_channels()
        found: dict[str, float] = {}
        now = lambda: time.perf_counter() - watch.begun  # noqa: E731
        try:
            answered = False
            while not answered:
                client.kernel_info()
                try:
                    client.get_shell_msg(timeout=0.5)
                    answered = True
                except Empty:
                    continue
            found["kernel answers"] = now()
            run(client, "1 + 1")
            found["first Scala result"] = now()
            jvm = watch.pids["companion JVM"]
            found |= {f"CPU {kind}, at the first result": s for kind, s in by_thread(jvm).items()}
            run(client, "spark.range(1000).count()")
            found["first Spark count"] = now()
            found["CPU JVM, at the first count"] = seconds(Path(f"/proc/{jvm}/stat"))[1]
            front = Path(f"/proc/{watch.kernel}/stat")
            found["CPU kernel process, at the first count"] = seconds(front)[1]
            for name, pid in (("kernel process", watch.kernel), ("JVM", jvm)):
                found |= {f"{kind} MB, {name}": mb for kind, mb in memory(pid).items()}
            time.sleep(1.0)  # the log is written behind
            steps, counts = classes(log)
            born = watch.seen["companion JVM"]
            found |= {step: born + at for step, at in steps.items()}
            found |= watch.seen
            found |= {name: float(count) for name, count in counts.items()}
        finally:
            watch.over.set()
            client.stop_channels()
            begun = time.perf_counter()
            manager.shutdown_kernel(now=False)
            found["shutdown"] = time.perf_counter() - begun
    return found


def table(found: dict[str, float]) -> str:
    timed = [*STEPS, "spark-submit", "launcher JVM", "companion JVM", "kernel answers"]
    timed += ["first Scala result", "first Spark count"]
    lines, before = ["seconds after the spawn      at    step"], 0.0
    for at, name in sorted((found[n], n) for n in timed if n in found):
        lines.append(f"  {name:24} {at:8.2f} {at - before:7.2f}")
        before = at
    lines.append("other figures")
    for key in sorted(set(found) - set(timed)):
        digits = 0 if "classes" in key or "MB" in key else 2
        lines.append(f"  {key:44} {found[key]:8.{digits}f}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kernel", nargs="?", default="toree_scala")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--spark-opts", default="")
    parser.add_argument("--json")
    arguments = parser.parse_args()
    print("load", *os.getloadavg())
    rounds = [start(arguments.kernel, arguments.spark_opts) for _ in range(arguments.rounds)]
    keys = {key for one in rounds for key in one}
    found = {key: statistics.median(one.get(key, 0.0) for one in rounds) for key in keys}
    print(table(found))
    print("load", *os.getloadavg())
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
