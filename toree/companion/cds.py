"""Class data sharing: the JVM maps an archive of loaded classes instead of loading 15,000 anew.

One training run (`train`) starts the companion, lets it do what a first cell does, and on its way
out the JVM writes the archive beside the companion's jar. Measured with Spark 4.3 on 2 cores: a
first query 5.5 s after the start without, 2.9 s with it. An archive that does not fit (another
Java, Spark or class path) is ignored by the JVM, so at worst a start is as slow as without one;
but Java 17 dies of one that was cut short, so its size is in its name.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Sequence
from pathlib import Path

from . import cache, master
from .java import Java
from .sparkhome import SparkHome

DYNAMIC = 13  # Java versions from which on a running JVM can write an archive (JEP 350)
AHEAD_OF_TIME = 25  # ... from which on it writes the better AOT cache in one step (JEP 514)
KEPT = 4  # archives that stay beside a jar, for as many environments: one is about 180 MB


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
    except OSError:
        return {}, []
    shipped = re.match(r"yarn|k8s", master.of(spark, options))
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


def prune(newest: Path) -> None:
    """Deletes the archives not used for longest, beyond `KEPT`: their Javas or jars are gone."""
    folder = newest.parent
    archives = [*folder.glob("classes-*.jsa"), *folder.glob("classes-*.aot")]
    for old in sorted(archives, key=lambda path: path.stat().st_mtime)[:-KEPT]:
        with contextlib.suppress(OSError):
            old.unlink()


def quoted(option: str) -> str:
    """An option as one word of SPARK_SUBMIT_OPTS, which Spark splits like a shell."""
    escaped = option.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"' if re.search(r"[\s\\\"]", option) else option
