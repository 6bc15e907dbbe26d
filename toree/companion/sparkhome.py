"""SparkHome: which Spark the companion runs in, and what that Spark needs."""

from __future__ import annotations

import dataclasses
import importlib.util
import os
import re
from pathlib import Path

from ..errors import SparkMissing

OLDEST = (3, 5)


@dataclasses.dataclass(frozen=True)
class SparkHome:
    home: Path
    version: str
    scala: str
    source: str

    @property
    def jars(self) -> Path:
        return jars_of(self.home)

    @property
    def submit(self) -> Path:
        return self.home / "bin" / ("spark-submit.cmd" if os.name == "nt" else "spark-submit")

    @property
    def conf(self) -> Path:
        named = os.environ.get("SPARK_CONF_DIR")
        return Path(named) if named else self.home / "conf"

    @property
    def java_range(self) -> tuple[int, int | None, int | None]:
        """Oldest and newest Java, and the newest in which all works.

        Spark 3.5 fails from Java 23 on (Subject.getSubject is gone), its Arrow from Java 21 on.
        """
        return (11, 21, 17) if numbers(self.version) < (4,) else (17, None, None)

    @property
    def python_path(self) -> list[str]:
        """What goes in front of sys.path so that `import pyspark` is this Spark's own.

        Empty for the installed pyspark package. An installed package of another version must not
        win: PySpark and its JVM have to be of one release.
        """
        if self.home == installed():
            return []
        python = self.home / "python"
        # A pyspark package of another environment carries itself as a zip; adding the folder
        # around it would bring everything else of that environment along.
        packaged = (self.home / "__init__.py").exists()
        own = python / "lib" / "pyspark.zip" if packaged else python
        if not (own / "pyspark").is_dir() and not own.is_file():
            return []  # a Spark without its Python part: the installed package has to do
        return [str(own), *map(str, sorted((python / "lib").glob("py4j-*.zip")))]


def find(explicit: str | None = None) -> SparkHome:
    """`explicit`, else SPARK_HOME, else the installed pyspark package (which is not imported).

    Raises:
        SparkMissing: none of them, or the one that was named is no Spark. A wrong SPARK_HOME is
            not passed over: to run quietly in another Spark would be worse.
    """
    named = explicit or os.environ.get("SPARK_HOME")
    if named:
        source = "SPARK_HOME" if named == os.environ.get("SPARK_HOME") else "--spark_home"
        return at(Path(named).expanduser().resolve(), source)
    package = installed()
    if package is None:
        raise SparkMissing(
            "No Spark was found: SPARK_HOME is not set and pyspark is not installed.",
            advice='Run `pip install "pyspark[sql]"`, or set SPARK_HOME to an unpacked Spark.',
        )
    return at(package, "the pyspark package")


def installed() -> Path | None:
    """The folder of the installed pyspark package."""
    try:
        spec = importlib.util.find_spec("pyspark")
    except (ImportError, ValueError):  # ValueError: something put a bare `pyspark` in sys.modules
        return None
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations))).resolve()


def at(home: Path, source: str) -> SparkHome:
    """The Spark in a folder; its jars' names tell the versions, so nothing is started.

    Raises:
        SparkMissing: it is no Spark, not a whole one, or too old.
    """
    names = [jar.name for jar in jars_of(home).glob("*.jar")]
    spark = first(r"spark-core_\d+\.\d+-(.+)\.jar", names)
    scala = first(r"scala-compiler-(\d[\w.-]*)\.jar", names)
    if not spark or not scala or not (home / "bin").is_dir():
        lacks = "spark-core" if not spark else "scala-compiler" if not scala else "bin"
        raise SparkMissing(
            f"{source} ({home}) is not a whole Spark: it has no {lacks}.",
            advice="Name a folder that holds bin/spark-submit and jars/ (pyspark-client has none).",
        )
    if numbers(spark) < OLDEST:
        raise SparkMissing(
            f"Spark {spark} ({home}) is too old.",
            advice=f"Toree runs in Spark {OLDEST[0]}.{OLDEST[1]} and newer.",
        )
    return SparkHome(home, spark, scala, source)


def jars_of(home: Path) -> Path:
    """`jars`, or where a Spark that was built from source keeps them."""
    built = sorted(home.glob("assembly/target/scala-*/jars"))
    return built[-1] if built and not (home / "jars").is_dir() else home / "jars"


def first(pattern: str, names: list[str]) -> str | None:
    found = (re.fullmatch(pattern, name) for name in names)
    return next((match[1] for match in found if match), None)


def numbers(version: str) -> tuple[int, ...]:
    """(4, 0, 0) of "4.0.0-preview2": enough to compare with a release line."""
    leading = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(map(int, leading[0].split("."))) if leading else ()
