"""Starts the companion JVM as a child process and learns its address.

The child is the user's own `spark-submit`, so spark-defaults.conf, SPARK_CONF_DIR, --packages,
YARN, Kubernetes and vendor builds all work. It lives as long as the pipe to its stdin is open:
when this process dies, for whatever reason, the kernel closes the pipe and the JVM goes.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from .. import folders, lifelines, logs, scratch
from ..config import Config
from ..errors import CompanionFailed
from . import build, cache, cds, java, master, pod, sparkhome, tuning
from .training import Training

ADDRESS = "address"  # the file in which the JVM says where it listens
_LOG_TAIL = 15  # lines of the log that an error shows


#: Signals by which others end a process; by the rest of them a JVM ends itself.
_FROM_OUTSIDE = ("SIGHUP", "SIGINT", "SIGKILL", "SIGTERM")


class Crashed(CompanionFailed):
    """The JVM crashed at its start: a class data archive with damaged bytes does that to it."""

    name = "CompanionFailed"


class CompanionProcess:
    """One running JVM: its process, its address, its log."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        temporary: Path,
        local_dirs: Sequence[Path],
        log: Path,
    ) -> None:
        assert process.stdin
        self.process = process
        self.lifeline = process.stdin.fileno()
        lifelines.hold(self.lifeline)
        self.temporary = temporary
        self.local_dirs = local_dirs
        self.log = log
        self._rotation = logs.Rotation(log)
        self.port = 0
        self.secret = ""

    @property
    def ended(self) -> bool:
        """Whether the JVM is gone. `poll` can't tell while the watcher's thread is in `wait`."""
        if not hasattr(os, "waitid"):
            return self.process.poll() is not None
        try:
            how = os.WEXITED | os.WNOHANG | os.WNOWAIT
            return os.waitid(os.P_PID, self.process.pid, how) is not None
        except ChildProcessError:  # the watcher has taken its status
            return True

    def wait_for_address(self, timeout: float) -> None:
        """Blocks until the JVM has written its address file.

        Raises:
            CompanionFailed: it ended or did not answer within `timeout` seconds.
        """
        address = self.temporary / ADDRESS
        deadline = time.monotonic() + timeout
        while not address.exists():
            if self.process.poll() is not None:
                status = self.process.returncode
                raise (Crashed if crashed(status) else CompanionFailed)(
                    f"The companion JVM ended with status {status} at its start.",
                    advice=self.last_lines(),
                )
            if time.monotonic() > deadline:
                raise CompanionFailed(
                    f"The companion JVM did not start within {timeout:g} s.",
                    advice=self.last_lines(),
                )
            time.sleep(0.02)  # the file appears by rename: there is nothing to wait on portably
        found = json.loads(address.read_text())
        self.port, self.secret = found["port"], found["secret"]
        address.unlink()

    def last_lines(self) -> str:
        """The end of the log, for an error message, and where the rest of it is."""
        return "\n".join([*logs.tail(self.log, _LOG_TAIL), f"(log: {self.log})"])

    def close(self, timeout: float = 5.0) -> None:
        """Ends the JVM: by closing its stdin, and by force when that takes too long."""
        self._let_go()
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.clean()

    def clean(self) -> None:
        """Removes what a JVM that has ended left behind; its log stays for a while."""
        self._let_go()
        self._rotation.close()
        for folder in (self.temporary, *self.local_dirs):
            shutil.rmtree(folder, ignore_errors=True)

    def _let_go(self) -> None:
        lifelines.release(self.lifeline)
        with contextlib.suppress(OSError):
            if self.process.stdin:
                self.process.stdin.close()


@dataclasses.dataclass(frozen=True)
class Started:
    """A running companion and what it runs on. `training` writes the archive it lacks, if any."""

    process: CompanionProcess
    spark: sparkhome.SparkHome
    training: Training | None


def start(config: Config, say: Callable[[str], None]) -> Started:
    """Finds Spark and Java, compiles the companion if that has not been done, and starts it.

    Raises:
        ToreeError: Spark or Java is missing, or the companion can't be compiled or started.
    """
    spark = sparkhome.find(config.spark_home)
    use_python_of(spark)
    runtime = java.find(*spark.java_range)
    built = build.companion(spark, runtime, say)
    say(f"Starting Spark {spark.version} (Scala {spark.scala}, Java {runtime.version}) ...")
    try:
        running = _run(config, spark, runtime, built)
    except Crashed:
        if built.archive is None:
            raise
        built = built.without_archive()
        running = _run(config, spark, runtime, built)
    training = None if built.archive else Training(spark, runtime, built.jar)
    return Started(running, spark, training)


def _run(
    config: Config, spark: sparkhome.SparkHome, runtime: java.Java, built: build.Built
) -> CompanionProcess:
    temporary = scratch.part("jvm")
    log = folders.runtime() / f"companion-{os.getpid()}-{secrets.token_hex(4)}.log"
    logs.prune(log.parent)
    settings, options = cds.settings(spark, config.spark_options)
    where = master.of(spark, config.spark_options)
    arguments = [
        *options,
        *pod.options(where),
        *config.spark_options,
        "--class",
        "toree.Main",
        str(built.jar),
        str(temporary / ADDRESS),
        "--spark",
        config.initialization_mode,
    ]
    environment = {
        **os.environ,
        **settings,
        **tuning.environment(spark),
        "JAVA_HOME": str(runtime.launch_home()),
        "SPARK_HOME": str(spark.home),
        "SPARK_SUBMIT_OPTS": " ".join(
            [
                *tuning.options(runtime),
                *built.jvm_options(runtime),
                cds.quoted(f"-Djava.io.tmpdir={temporary}"),
                os.environ.get("SPARK_SUBMIT_OPTS", ""),
            ]
        ).strip(),
        # By which the JVM sees that this process is gone, and what it then removes.
        "TOREE_FRONT": f"{os.getpid()} {scratch.born(os.getpid())}",
        "TOREE_TEMPORARY": str(temporary),
        "TOREE_SCRATCH": str(scratch.folder()),
    }
    if local_dirs := private_local_dirs():
        environment["SPARK_LOCAL_DIRS"] = ",".join(map(str, local_dirs))
    if master.is_local(where):
        # Spark's own sockets, the UI's too, would else listen on every network of this machine.
        environment.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        # For functions whose senders do not say: Spark Connect's clients (builders: PySpark's).
        environment.setdefault("PYSPARK_PYTHON", sys.executable)
    with logs.opened(log) as log_file:
        try:
            process = subprocess.Popen(
                [str(spark.submit), *arguments],
                stdin=subprocess.PIPE,
                stdout=log_file,
                stderr=log_file,
                env=environment,
                # Jupyter's interrupt goes to the kernel's process group: not to the JVM.
                start_new_session=True,
            )
        except OSError as error:
            raise CompanionFailed(f"{spark.submit} can't be run: {error}") from error
    running = CompanionProcess(process, temporary, local_dirs, log)
    try:
        running.wait_for_address(config.start_timeout)
    except BaseException:
        running.close(timeout=0.5)
        raise
    finally:
        threading.Thread(target=sweep, name="toree-sweep", daemon=True).start()
    return running


def crashed(status: int) -> bool:
    """Whether a process ended by a fault of its own; a shell adds 128 to its child's signal."""
    number = -status if status < 0 else status - 128
    try:
        return signal.Signals(number).name not in _FROM_OUTSIDE
    except ValueError:
        return False


def private_local_dirs() -> list[Path]:
    """A folder of the companion's own in each of SPARK_LOCAL_DIRS, where everybody could read it.

    Empty when there is none, or one that can't be had: then Spark says what is wrong.
    """
    named = os.environ.get("SPARK_LOCAL_DIRS", "")
    folders = [scratch.draft(Path(place.strip(), "spark")) for place in named.split(",") if place]
    try:
        for folder in folders:
            folder.mkdir(mode=0o700)
    except OSError:
        return []
    return folders


def sweep() -> None:
    """Removes what kernels, and those who train, have left when they were killed."""
    named = os.environ.get("SPARK_LOCAL_DIRS", "").split(",")
    for place in (scratch.root(), *(Path(name.strip()) for name in named if name)):
        scratch.sweep(place)
    cache.sweep()


def use_python_of(spark: sparkhome.SparkHome) -> None:
    """Puts the pyspark and py4j that belong to this Spark first on the path."""
    for entry in reversed(spark.python_path):
        if str(entry) not in sys.path:
            sys.path.insert(0, str(entry))


def watch(process: subprocess.Popen[bytes], died: Callable[[int], None]) -> threading.Thread:
    """Calls `died(status)` on a thread of its own when the process has ended."""
    thread = threading.Thread(
        target=lambda: died(process.wait()), name="toree-companion-watch", daemon=True
    )
    thread.start()
    return thread


__all__: Sequence[str] = ("CompanionProcess", "start", "watch")
