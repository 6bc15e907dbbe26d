"""The training run, after which the JVM writes the class data archive (`cds`)."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from .. import lifelines, scratch
from . import MAIN, cache
from .cds import found, place, prune, quoted, settings
from .java import Java
from .sparkhome import SparkHome

_LAUNCHER = ("org.apache.spark.launcher.Main", "org.apache.spark.deploy.SparkSubmit", "x")

#: What a user's first cells make the JVM load.
CELLS = (
    "case class P(x: Int, name: String); val xs = List(1, 2, 3).map(_ + 1)",
    'import spark.implicits._; xs.toDF("x").groupBy($"x").count().collect().length',
    "spark.sql(\"select 1 as a, 'b' as b\")",
    "println(spark.range(1000).count())",
    'val ds = Seq(P(1, "a"), P(2, "b")).toDS(); ds.map(_.x).filter(_ > 1).collect()',
    'ds.write.parquet("t.parquet"); spark.read.parquet("t.parquet").join(ds, "x").show()',
    'ds.write.option("header", true).csv("t.csv")',
    'spark.read.option("header", true).option("inferSchema", true).csv("t.csv").printSchema()',
    "sc.parallelize(1 to 10).map(n => (n % 2, n)).reduceByKey(_ + _).collect()",
    "import org.apache.spark.sql.functions._; val plus = udf((n: Int) => n + 1)",
    'ds.select(plus($"x")).orderBy(desc("x")).first()',
    "missing",
    "1 / 0",
)
STATEMENTS = ("select 1 as a", "create or replace temp view v as select 1 as a", "show tables")


class Training:
    """One run of the companion that writes the archive. `close()` ends it early."""

    def __init__(self, spark: SparkHome, java: Java, jar: Path) -> None:
        self.spark, self.java, self.jar = spark, java, jar
        self.process: subprocess.Popen[bytes] | None = None
        self.closed = threading.Event()
        self._beginning = threading.Lock()
        self.refused: list[str] = []  # methods the companion would not have called so

    def run(self, timeout: float = 600) -> Path | None:
        """Writes the archive and returns it; None when there can be none. Takes about 20 s.

        Of several that want the same archive one makes it, the others return at once.
        """
        goal = place(self.spark, self.java, self.jar)
        if goal is None or (there := found(self.spark, self.java, self.jar)):
            return there if goal else None
        until = time.monotonic() + timeout
        with (
            cache.alone(goal.with_suffix(".lock"), wait=False) as chosen,
            contextlib.suppress(OSError, subprocess.SubprocessError),
        ):
            if chosen:
                return found(self.spark, self.java, self.jar) or self.made(goal, until)
        return None

    def made(self, goal: Path, until: float) -> Path | None:
        folder = scratch.draft(self.jar)  # beside it, so that one rename puts it in place
        folder.mkdir(mode=0o700)
        with contextlib.ExitStack() as stack:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            log = stack.enter_context(open(folder / "log", "wb"))
            stack.callback(self.close)
            with self._beginning:
                if self.closed.is_set():
                    return None
                self.process = self.start(folder, folder / goal.name, log)
            assert self.process.stdin
            lifelines.hold(self.process.stdin.fileno())
            self.exercise(folder / "address", until)
            self.hang_up()  # the companion ends with it, and the JVM writes
            failed = self.process.wait(max(1, until - time.monotonic()))
            if failed or self.closed.is_set():
                return None
            new = folder / goal.name
            new.chmod(0o600)
            archive = goal.with_stem(f"{goal.stem}-{new.stat().st_size}")
            os.replace(new, archive)
            prune(archive)
            return archive

    def hang_up(self) -> None:
        """Closes the JVM's standard input, of which no fork may have a copy."""
        if self.process and self.process.stdin and not self.process.stdin.closed:
            lifelines.release(self.process.stdin.fileno())
            with contextlib.suppress(OSError):
                self.process.stdin.close()

    def start(self, folder: Path, goal: Path, log: IO[bytes]) -> subprocess.Popen[bytes]:
        environment, _ = settings(self.spark)
        nothing = folder / "empty.conf"  # no defaults of the user's: no cluster, no event log
        nothing.touch()
        write = "AOTCacheOutput" if goal.suffix == ".aot" else "ArchiveClassesAtExit"
        command = [
            *(str(self.spark.submit), "--properties-file", str(nothing), "--master", "local[2]"),
            *("--conf", "spark.ui.port=0", "--class", "toree.Main", str(self.jar)),
            *(str(folder / "address"), "--spark", "eager"),
        ]
        return subprocess.Popen(
            ["nice", *command] if os.name != "nt" else command,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd=folder,
            env={
                **os.environ,
                **environment,
                "JAVA_HOME": str(self.java.launch_home()),
                "SPARK_HOME": str(self.spark.home),
                "SPARK_LOCAL_DIRS": str(folder),
                "SPARK_SUBMIT_OPTS": " ".join(
                    [
                        quoted(f"-XX:{write}={goal}"),
                        quoted(f"-Djava.io.tmpdir={folder}"),
                        *class_path(self.spark, self.java, environment),
                    ]
                ),
                "SPARK_LOCAL_IP": "127.0.0.1",
                # The companion removes what these name at its end: the archive is written after it.
                "TOREE_FRONT": f"{os.getpid()} {scratch.born(os.getpid())}",
                "TOREE_TEMPORARY": "",
                "TOREE_SCRATCH": "",
            },
            start_new_session=True,
        )

    def exercise(self, address: Path, until: float) -> None:
        while not address.exists():
            if not self.process or self.process.poll() is not None or time.monotonic() > until:
                raise subprocess.SubprocessError("the companion did not start")
            self.closed.wait(0.05)
        found = json.loads(address.read_text())
        with Wire(found["port"], found["secret"], max(1.0, until - time.monotonic())) as wire:
            wire.call("awaitRepl")
            wire.call("awaitSpark")
            for number, code in enumerate(CELLS):
                wire.call("execute", MAIN, f"training-{number}", code, "{}")
            for number, text in enumerate(STATEMENTS):
                wire.call("executeSql", MAIN, f"training-sql-{number}", text, "{}")
            wire.call("complete", MAIN, "spark.ra", 8)
            wire.call("isComplete", MAIN, "val x =")
            wire.call("inspect", MAIN, "spark", 3, 0)
            wire.call("completeSql", MAIN, "select * from ", 14, "{}")
            wire.call("sqlNames", MAIN, "select * from v")
            wire.call("javaContext")
            wire.call("session")
            self.refused = wire.refused

    def close(self) -> None:
        """Ends the run if it goes on, or keeps it from beginning; nothing is written then."""
        with self._beginning:
            self.closed.set()
            process = self.process
        if process is not None and process.poll() is None:
            if os.name == "nt":
                process.kill()
            else:
                os.killpg(process.pid, signal.SIGKILL)  # spark-submit's shell and the JVM
            process.wait()
        self.hang_up()


class Wire:
    """Calls of the companion's entry point with text arguments, as Py4J puts them on the wire.

    Py4J itself stays out: its door is companion.py, which is above this floor.
    """

    def __init__(self, port: int, secret: str, timeout: float) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.answers = self.socket.makefile("r", encoding="utf-8", newline="\n")
        self.refused: list[str] = []
        self.send("A", secret)

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.answers.close()
        self.socket.close()

    def call(self, method: str, *arguments: str | int) -> str:
        answer = self.send("c", "t", method, *map(self.word, arguments), "e")
        if answer.startswith("!x"):
            self.refused.append(method)
        return answer

    @staticmethod
    def word(argument: str | int) -> str:
        if isinstance(argument, int):
            return f"i{argument}"
        return "s" + argument.replace("\\", "\\\\").replace("\n", "\\n")

    def send(self, *lines: str) -> str:
        self.socket.sendall("".join(line + "\n" for line in lines).encode())
        while (answer := self.answers.readline()) and not answer.startswith("!"):
            # What the cell prints comes first, as a call of ours: it gets no value back.
            while self.answers.readline() not in ("e\n", ""):
                pass
            self.socket.sendall(b"!yv\n")
        return answer.rstrip("\n")


def class_path(spark: SparkHome, java: Java, environment: Mapping[str, str]) -> list[str]:
    """Options for a training in which no file stands twice on the class path under one name.

    Spark 4 names slf4j-api first and then all jars, that one among them. Java 21 leaves out the
    second one when it writes an archive, and refuses that archive for the difference when it
    starts. It compares files, so another spelling of the same place hides the double.
    """
    answer = subprocess.run(
        [java.executable, "-cp", str(spark.jars / "*"), *_LAUNCHER],
        env={
            **os.environ,
            **environment,
            "SPARK_HOME": str(spark.home),
            "SPARK_SCALA_VERSION": spark.scala.rpartition(".")[0],
        },
        capture_output=True,
        timeout=30,
    ).stdout.decode(errors="replace")
    words = answer.split("\0")
    if "-cp" not in words[:-1]:
        return []
    entries = words[words.index("-cp") + 1].split(os.pathsep)
    named = str(spark.jars) + os.sep
    spelled = [
        f"{named}.{os.sep}{entry.removeprefix(named)}"
        if entry.startswith(named) and not entry.endswith("*")
        else entry
        for entry in entries
    ]
    return ["-cp", quoted(os.pathsep.join(spelled))] if spelled != entries else []
