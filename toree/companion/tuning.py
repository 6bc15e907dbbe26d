"""JVM options and environment that suit a notebook; whatever the user sets comes after and wins.

None of them chooses a garbage collector: two choices on one command line end the JVM.
"""

from __future__ import annotations

import os

from .java import Java
from .sparkhome import SparkHome

#: What a JVM says whose user has given it less than it is to begin with.
TOO_SMALL = "larger value than the maximum heap size"


def options(java: Java) -> list[str]:
    """For the companion: a heap that fits the first cells and is given back while nothing runs.

    A smaller one collects more often, just while the first cells run: with 96 MB, 51 times and not
    23 times in a start and a hundred cells, for 76 MB less. The classes of a start outgrow
    metaspace's first marks: each cost a whole collection, which cut the heap again.
    """
    found = ["-Xms192m", "-XX:MinHeapFreeRatio=20", "-XX:MaxHeapFreeRatio=40"]
    found.append("-XX:MetaspaceSize=160m")
    if java.version >= 12:  # JEP 346
        found.append("-XX:G1PeriodicGCInterval=60000")
    if java.version >= 17:
        # At the address it was written for the archive's pages are the file's, shared by all
        # kernels; moved, each kernel has a copy of its own, 138 MB, and writes it at its start.
        found += ["-XX:+UnlockDiagnosticVMOptions", "-XX:ArchiveRelocationMode=0"]
    return found


def environment(spark: SparkHome) -> dict[str, str]:
    """What spark-submit is started with, where the user has not set it."""
    return {
        # glibc keeps a heap for each thread else, and the JVM has hundreds.
        "MALLOC_ARENA_MAX": os.environ.get("MALLOC_ARENA_MAX", "2"),
        "SPARK_LAUNCHER_OPTS": " ".join(
            [*launcher(spark), os.environ.get("SPARK_LAUNCHER_OPTS", "")]
        ).strip(),
    }


def launcher(spark: SparkHome) -> list[str]:
    """For the JVM that only works out the command line of the real one: half of its time."""
    own = sorted(spark.jars.glob("spark-launcher_*.jar"))
    # Unquoted in Spark's script: words are split at blanks.
    first = [f"-Xbootclasspath/a:{own[0]}"] if own and " " not in str(own[0]) else []
    return ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", *first]
