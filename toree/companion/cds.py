"""Class data sharing: the JVM maps an archive of loaded classes instead of loading 15,000 anew.

One training run (`train`) starts the companion, lets it do what a first cell does, and on its way
out the JVM writes the archive beside the companion's jar. Measured with Spark 4.3 on 2 cores: a
first query 5.5 s after the start without, 2.9 s with it. An archive that does not fit (another
Java, Spark or class path) is ignored by the JVM, so at worst a start is as slow as without one;
but Java 17 dies of one that was cut short, so its size is in its name.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from . import cache
from .java import Java
from .sparkhome import SparkHome

DYNAMIC = 13  # Java versions from which on a running JVM can write an archive (JEP 350)
AHEAD_OF_TIME = 25  # ... from which on it writes the better AOT cache in one step (JEP 514)
KEPT = 4  # archives that stay beside a jar, for as many environments: one is about 180 MB

_LAUNCHER = ("org.apache.spark.launcher.Main", "org.apache.spark.deploy.SparkSubmit", "x")

#: What a user's first cells make the JVM load.
CELLS = (
    "case class P(x: Int, name: String); val xs = List(1, 2, 3).map(_ + 1)",
    'import spark.implicits._; xs.toDF("x").groupBy($"x").count().collect().length',
    "spark.sql(\"select 1 as a, 'b' as b\")",
)


def found(spark: SparkHome, java: Java, jar: Path) -> Path | None:
    """The archive for this Java and this class path that is whole; it counts as used now."""
    goal = place(spark, java, jar)
    for archive in jar.parent.glob(f"{goal.stem}-*{goal.suffix}") if goal else ():
        with contextlib.suppress(OSError):
            if archive.stem.endswith(f"-{archive.stat().st_size}"):
                with contextlib.suppress(OSError):  # a cache that can only be read
                    os.utime(archive)
                return archive
    return None


def place(spark: SparkHome, java: Java, jar: Path) -> Path | None:
    """The name, but for its size, of the archive for exactly this Java, jars and class path.

    The JVM compares paths, sizes and times of the jars itself; they are in the name so that a
    changed one leads to a new training run instead of an archive that is refused at every start.
    """
    if java.version < DYNAMIC:
        return None
    stats = [path.stat() for path in sorted(spark.jars.glob("*.jar"))]
    facts = [(stat.st_size, stat.st_mtime_ns) for stat in stats]
    first = settings(spark)[0].get("SPARK_CONF_DIR", str(spark.conf))
    name = cache.key(java.build, str(java.home), str(spark.home), first, repr(facts))
    return jar.with_name(f"classes-{name}.{'aot' if java.version >= AHEAD_OF_TIME else 'jsa'}")


def options(java: Java, archive: Path) -> list[str]:
    """JVM options that use an archive, and say nothing when it does not fit."""
    if java.version >= AHEAD_OF_TIME:
        return [quoted(f"-XX:AOTCache={archive}"), "-Xlog:aot=off", "-Xlog:cds=off"]
    return [quoted(f"-XX:SharedArchiveFile={archive}"), "-Xlog:cds=off", "-Xlog:cds+dynamic=off"]


def settings(spark: SparkHome, options: Sequence[str] = ()) -> tuple[dict[str, str], list[str]]:
    """Environment and spark-submit options that keep class data sharing on beside a `conf` folder.

    Spark puts its conf folder first on the class path, and the JVM shares no class data when a
    folder with files in it comes before the jars. As the last entry it does no harm: so Spark is
    told of a folder that does not exist, and the real one goes to the end, where its files
    (hive-site.xml, log4j2.properties ...) are still found; spark-defaults.conf is named outright.
    Left alone where more than the class path depends on the folder: spark-env.sh, and the
    cluster managers that send its files to the cluster.
    """
    conf = spark.conf
    try:
        names = {path.name for path in conf.iterdir()}
        file = conf / "spark-defaults.conf"
        text = file.read_text(encoding="utf-8", errors="replace") if file.name in names else ""
    except OSError:
        return {}, []
    shipped = re.search(r"\b(yarn|k8s|kubernetes)\b", "\n".join([*options, masters(text)]))
    if not names or "spark-env.sh" in names or shipped or "--load-spark-defaults" in options:
        return {}, []
    behind = [os.environ.get("SPARK_DIST_CLASSPATH", ""), str(conf.resolve())]
    environment = {
        "SPARK_CONF_DIR": str(cache.root() / "no-conf"),
        "SPARK_DIST_CLASSPATH": os.pathsep.join(filter(None, behind)),
    }
    named = any(option.split("=")[0] == "--properties-file" for option in options)
    if "spark-defaults.conf" not in names or named:
        return environment, []
    return environment, ["--properties-file", str(conf.resolve() / "spark-defaults.conf")]


def masters(defaults: str) -> str:
    return "\n".join(re.findall(r"^\s*spark\.master\b.*$", defaults, re.MULTILINE))


class Training:
    """One run of the companion that writes the archive. `close()` ends it early."""

    def __init__(self, spark: SparkHome, java: Java, jar: Path) -> None:
        self.spark, self.java, self.jar = spark, java, jar
        self.process: subprocess.Popen[bytes] | None = None
        self.closed = threading.Event()

    def run(self, timeout: float = 180) -> Path | None:
        """Writes the archive and returns it; None when there can be none. Takes about 20 s."""
        goal = place(self.spark, self.java, self.jar)
        if goal is None or (there := found(self.spark, self.java, self.jar)):
            return there if goal else None
        until = time.monotonic() + timeout
        with (
            contextlib.suppress(OSError, subprocess.SubprocessError),
            contextlib.ExitStack() as stack,
        ):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=self.jar.parent)))
            log = stack.enter_context(open(folder / "log", "wb"))
            stack.callback(self.close)
            self.process = self.start(folder, folder / goal.name, log)
            self.exercise(folder / "address", until)
            assert self.process.stdin
            self.process.stdin.close()  # the companion ends with it, and the JVM writes
            failed = self.process.wait(max(1, until - time.monotonic()))
            if not failed and not self.closed.is_set():
                new = folder / goal.name
                archive = goal.with_stem(f"{goal.stem}-{new.stat().st_size}")
                os.replace(new, archive)
                prune(archive)
                return archive
        return None

    def start(self, folder: Path, goal: Path, log: IO[bytes]) -> subprocess.Popen[bytes]:
        environment, _ = settings(self.spark)
        nothing = folder / "empty.conf"  # no defaults of the user's: no cluster, no event log
        nothing.touch()
        write = "AOTCacheOutput" if goal.suffix == ".aot" else "ArchiveClassesAtExit"
        command = [
            *(str(self.spark.submit), "--properties-file", str(nothing), "--master", "local[2]"),
            *("--conf", "spark.ui.enabled=false", "--class", "toree.Main", str(self.jar)),
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
                "TOREE_FOLDER": "",
                "TOREE_TEMPORARY": "",
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
                wire.call("execute", "main", f"training-{number}", code, "{}")

    def close(self) -> None:
        """Ends the run if it goes on; nothing is written then."""
        process = self.process
        if process is not None and process.poll() is None:
            self.closed.set()
            if os.name == "nt":
                process.kill()
            else:
                os.killpg(process.pid, signal.SIGKILL)  # spark-submit's shell and the JVM
            process.wait()
        if process is not None and process.stdin:
            with contextlib.suppress(OSError):
                process.stdin.close()


class Wire:
    """Calls of the companion's entry point with text arguments, as Py4J puts them on the wire.

    Py4J itself stays out: its door is companion.py, which is above this floor.
    """

    def __init__(self, port: int, secret: str, timeout: float) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.answers = self.socket.makefile("r", encoding="utf-8", newline="\n")
        self.send("A", secret)

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.answers.close()
        self.socket.close()

    def call(self, method: str, *arguments: str) -> str:
        texts = [text.replace("\\", "\\\\").replace("\n", "\\n") for text in arguments]
        return self.send("c", "t", method, *("s" + text for text in texts), "e")

    def send(self, *lines: str) -> str:
        self.socket.sendall("".join(line + "\n" for line in lines).encode())
        return self.answers.readline().rstrip("\n")


def prune(newest: Path) -> None:
    """Deletes the archives not used for longest, beyond `KEPT`: their Javas or jars are gone."""
    folder = newest.parent
    archives = [*folder.glob("classes-*.jsa"), *folder.glob("classes-*.aot")]
    for old in sorted(archives, key=lambda path: path.stat().st_mtime)[:-KEPT]:
        with contextlib.suppress(OSError):
            old.unlink()


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


def quoted(option: str) -> str:
    """An option as one word of SPARK_SUBMIT_OPTS, which Spark splits like a shell."""
    escaped = option.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"' if re.search(r"[\s\\\"]", option) else option
