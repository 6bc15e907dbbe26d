"""The command line and the environment by which a companion is started: the user's spark-submit."""

from __future__ import annotations

import dataclasses
import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from .. import folders, scratch
from ..config import Config
from . import build, cds, java, master, pod, sparkhome, tuning


@dataclasses.dataclass(frozen=True)
class Command:
    words: list[str]
    environment: dict[str, str]


def of(
    config: Config,
    spark: sparkhome.SparkHome,
    runtime: java.Java,
    built: build.Built,
    address: Path,
    *,
    temporary: Path,
    local_dirs: Sequence[Path] = (),
    front: str = "",
    environ: Mapping[str, str] | None = None,
) -> Command:
    """
    Args:
        address: the file in which the JVM is to say where it listens.
        temporary: its folder, which it removes at its end, as it does `local_dirs`.
        front: the process it goes with: its id and when it began.
        environ: what this process's environment was.
    """
    settings, options = cds.settings(spark, config.spark_options)
    where = master.of(spark, config.spark_options)
    words = [str(spark.submit), *options, *pod.options(where), *config.spark_options]
    words += ["--class", "toree.Main", str(built.jar), str(address)]
    words += ["--spark", config.initialization_mode]
    environment = {
        **(os.environ if environ is None else environ),
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
        # By which the JVM sees that the front is gone, and what it then removes.
        "TOREE_FRONT": front,
        "TOREE_TEMPORARY": str(temporary),
        "TOREE_SCRATCH": str(scratch.folder()),
    }
    if local_dirs:
        environment["SPARK_LOCAL_DIRS"] = ",".join(map(str, local_dirs))
    if master.is_local(where):
        # Spark's own sockets, the UI's too, would else listen on every network of this machine.
        environment.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        # For functions whose senders do not say: Spark Connect's clients (builders: PySpark's).
        environment.setdefault("PYSPARK_PYTHON", sys.executable)
    return Command(words, environment)


def new_log() -> Path:
    return folders.runtime() / f"companion-{os.getpid()}-{secrets.token_hex(4)}.log"


def private_local_dirs() -> list[Path]:
    """A folder of the companion's own in each of SPARK_LOCAL_DIRS, where everybody could read it.

    Empty when there is none, or one that can't be had: then Spark says what is wrong.
    """
    named = os.environ.get("SPARK_LOCAL_DIRS", "")
    made = [scratch.draft(Path(place.strip(), "spark")) for place in named.split(",") if place]
    try:
        for folder in made:
            folder.mkdir(mode=0o700)
    except OSError:
        return []
    return made
