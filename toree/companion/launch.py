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
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from .. import lifelines, logs, scratch
from ..config import Config
from ..errors import CompanionFailed
from . import build, cache, command, footprint, java, launcher, sparkhome, tuning
from .training import Training

ADDRESS = "address"  # the file in which the JVM says where it listens
UNSEEN = 256  # the status of a JVM that ended where only another process could know
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
        self.mark, self.marked = mark_of(temporary), False
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
        self.marked = self.mark.exists()

    def last_lines(self) -> str:
        """The end of the log, for an error message, and where the rest of it is."""
        lines = logs.tail(self.log, _LOG_TAIL)
        if any(tuning.TOO_SMALL in line for line in lines):
            lines.append("Spark needs more: --driver-memory 512m or above (spark.driver.memory).")
        return "\n".join([*lines, f"(log: {self.log})"])

    def close(self, timeout: float = 5.0) -> None:
        """Ends the JVM: by closing its stdin, and by force when that takes too long."""
        self.let_go()
        # It would wait for the JIT, and 0.3 s for threads that wait for the system.
        deadline = time.monotonic() + timeout
        while self.process.poll() is None:
            now = time.monotonic()
            if now > deadline or (self.marked and not self.mark.exists()):
                self.process.kill()
                deadline = now + timeout
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(0.01)
        self.clean()

    def clean(self) -> None:
        """Removes what a JVM that has ended left behind; its log stays for a while."""
        self.let_go()
        self._rotation.close()
        self.mark.unlink(missing_ok=True)
        for folder in (self.temporary, *self.local_dirs):
            shutil.rmtree(folder, ignore_errors=True)

    def let_go(self) -> None:
        """Tells the JVM to end."""
        stdin = self.process.stdin
        if stdin and not stdin.closed:
            lifelines.release(self.lifeline)
            with contextlib.suppress(OSError):
                stdin.close()


def mark_of(temporary: Path) -> Path:
    """A file beside a JVM's folder that it removes when all of its own has ended (`Main.mark`)."""
    return temporary.with_name(f"{temporary.name}.lives")


@dataclasses.dataclass(frozen=True)
class Started:
    """A running companion and what it runs on. `training` writes the archive it lacks, if any."""

    process: CompanionProcess
    spark: sparkhome.SparkHome
    training: Training | None


#: Finds a companion that runs already.
Take = Callable[
    [Config, sparkhome.SparkHome, java.Java, build.Built, str | None], CompanionProcess | None
]


def start(config: Config, say: Callable[[str], None], take: Take = lambda *_: None) -> Started:
    """Finds Spark and Java, compiles the companion if that has not been done, and starts it.

    Args:
        take: asked for one before it is started.

    Raises:
        ToreeError: Spark or Java is missing, or the companion can't be compiled or started.
    """
    spark = sparkhome.find(config.spark_home)
    use_python_of(spark)
    runtime = java.find(*spark.java_range)
    built = build.companion(spark, runtime, say)
    key = footprint.of(config, spark, runtime, built.jar)
    if waiting := take(config, spark, runtime, built, key):
        return Started(waiting, spark, None)
    say(f"Starting Spark {spark.version} (Scala {spark.scala}, Java {runtime.version}) ...")
    try:
        running = _run(config, spark, runtime, built, key)
    except Crashed:
        if built.archive is None:
            raise
        built = built.without_archive()
        running = _run(config, spark, runtime, built, key)
    training = None if built.archive else Training(spark, runtime, built.jar)
    return Started(running, spark, training)


def _run(
    config: Config,
    spark: sparkhome.SparkHome,
    runtime: java.Java,
    built: build.Built,
    key: str | None,
) -> CompanionProcess:
    """Args: key: under which what Spark's launcher has answered before may stand for it."""
    temporary, local_dirs = scratch.part("jvm"), command.private_local_dirs()
    log = command.new_log()
    logs.prune(log.parent)
    asked = command.of(
        config,
        spark,
        runtime,
        built,
        temporary / ADDRESS,
        temporary=temporary,
        local_dirs=local_dirs,
        front=f"{os.getpid()} {scratch.born(os.getpid())}",
    )
    answer = launcher.Answer.of(key, built.archive, asked)
    answered = answer.read(asked) if answer else None
    begun = answered or asked
    with logs.opened(log) as log_file:
        try:
            process = subprocess.Popen(
                begun.words,
                stdin=subprocess.PIPE,
                stdout=log_file,
                stderr=log_file,
                env=begun.environment,
                # Jupyter's interrupt goes to the kernel's process group: not to the JVM.
                start_new_session=True,
            )
        except OSError as error:
            raise CompanionFailed(f"{begun.words[0]} can't be run: {error}") from error
    running = CompanionProcess(process, temporary, local_dirs, log)
    try:
        running.wait_for_address(config.start_timeout)
    except BaseException as error:
        running.close(timeout=0.5)
        if answer and answered and isinstance(error, CompanionFailed):
            answer.forget()
            return _run(config, spark, runtime, built, None)
        raise
    finally:
        threading.Thread(target=sweep, name="toree-sweep", daemon=True).start()
    if answer and not answered:
        answer.learn(process.pid, asked)
    return running


def crashed(status: int) -> bool:
    """Whether a process ended by a fault of its own; a shell adds 128 to its child's signal."""
    number = -status if status < 0 else status - 128
    try:
        return signal.Signals(number).name not in _FROM_OUTSIDE
    except ValueError:
        return False


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
