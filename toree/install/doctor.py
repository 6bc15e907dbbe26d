"""`jupyter toree doctor`: what was found, what is missing and how to get it."""

from __future__ import annotations

import dataclasses
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from .. import __version__
from ..companion import build, cache, cds, java, sparkhome
from ..errors import ToreeError
from . import kernelspec

#: rpy2-rinterface from 3.6.6 on does not load in an R older than 4.5.
R_OF_NEW_RPY2 = (4, 5)
FIRST_NEW_RPY2 = (3, 6, 6)
RPY2 = '"rpy2>=3.6,<3.7" "rpy2-rinterface<3.6.6" pyarrow'
DEBIAN_R = (
    "apt-get install r-base-core r-base-dev python3-dev r-cran-dbi r-cran-dplyr r-cran-dbplyr"
)


@dataclasses.dataclass(frozen=True)
class Finding:
    """One line of the report. `advice` is what to do; `fatal` means Spark cells can't run."""

    subject: str
    state: str
    detail: str = ""
    advice: str = ""
    fatal: bool = False


def examine(spark_home: str | None = None) -> list[Finding]:
    return [
        Finding("Toree", __version__, str(Path(__file__).parents[1])),
        Finding("Python", ".".join(map(str, sys.version_info[:3])), sys.executable),
        *packages(),
        *engines(spark_home),
        *r_findings(),
        *kernels(),
        cache_finding(),
    ]


def report(findings: list[Finding]) -> str:
    wide = max(len(finding.subject) for finding in findings)
    state = max(len(finding.state) for finding in findings)
    lines = []
    for finding in findings:
        start = f"{'!' if finding.advice else ' '} {finding.subject:{wide}}  "
        lines.append(f"{start}{finding.state:{state}}  {finding.detail}".rstrip())
        lines += [" " * (wide + 4) + line for line in finding.advice.splitlines()]
    fatal = any(finding.fatal for finding in findings)
    lines.append("Spark cells can't run yet: see above." if fatal else "Spark cells can run.")
    return "\n".join(lines)


#: What only some cells need, and for what.
PARTS = {
    "pandas": ("toPandas() and local tables", '"pandas>=2,<3"'),
    "pyarrow": ("tables that cross between languages", '"pyarrow>=14"'),
}


def packages() -> Iterator[Finding]:
    for name in ("ipykernel", "jupyter_client", "jpype1"):
        found = packaged(name)
        yield Finding(name, found or "missing", advice="" if found else get(name))
    for name, (purpose, wanted) in PARTS.items():
        if found := packaged(name):
            yield Finding(name, found)
        else:
            yield Finding(name, "missing", f"for {purpose}", get(wanted))


def get(packages: str) -> str:
    """The one command that installs packages into this Python, by the tool that made it."""
    prefix = Path(sys.prefix)
    if (prefix / "conda-meta").is_dir():
        return f"conda install -c conda-forge {packages}"
    if prefix.parent.name == "venvs" and "pipx" in prefix.parts:
        return f"pipx inject {prefix.name} {packages}"
    if importlib.util.find_spec("pip") is None:  # uv's environments have none
        return f"uv pip install --python {sys.executable} {packages}"
    return f"{sys.executable} -m pip install {packages}"


def packaged(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def engines(spark_home: str | None) -> Iterator[Finding]:
    try:
        spark = sparkhome.find(spark_home)
    except ToreeError as error:
        yield Finding("Spark", "missing", error.message, error.advice, fatal=True)
        try:
            runtime = java.find(17)
            yield Finding("Java", str(runtime.version), f"{runtime.home} ({runtime.source})")
        except ToreeError as none:
            yield Finding("Java", "missing", none.message, none.advice, fatal=True)
        return
    yield Finding("Spark", spark.version, f"{spark.home} ({spark.source})")
    yield Finding("Scala", spark.scala, "part of that Spark")
    yield pyspark(spark)
    try:
        runtime = java.find(*spark.java_range)
    except ToreeError as error:
        yield Finding("Java", "missing", error.message, error.advice, fatal=True)
        return
    lacks = "" if runtime.has(java.VECTOR) else f", started without {java.VECTOR}"
    yield Finding("Java", str(runtime.version), f"{runtime.home} ({runtime.source}{lacks})")
    yield from companion(spark, runtime)


def pyspark(spark: sparkhome.SparkHome) -> Finding:
    found = packaged("pyspark")
    if spark.python_path:
        other = f" (not the installed {found})" if found and found != spark.version else ""
        return Finding("PySpark", spark.version, f"{spark.python_path[0]}{other}")
    if found is None:
        advice = get(f'"pyspark=={spark.version}"')
        return Finding("PySpark", "missing", "this Spark has no Python part", advice)
    return Finding("PySpark", found)


def companion(spark: sparkhome.SparkHome, runtime: java.Java) -> Iterator[Finding]:
    jar = build.place(spark, runtime) / "companion.jar"
    if build.whole(jar):
        yield Finding("companion", "compiled", str(jar))
    else:
        yield Finding("companion", "not yet", "compiled at the first start (about 10 s, once)")
    if cds.place(spark, runtime, jar) is None:
        yield Finding("class data", "none", f"Java {runtime.version} can't share it; 17 can")
    elif archive := cds.found(spark, runtime, jar):
        size = archive.stat().st_size >> 20
        yield Finding("class data", "shared", f"{archive} ({size} MB)")
    else:
        yield Finding("class data", "not yet", "the start takes about 3 s longer without")


def r_findings() -> Iterator[Finding]:
    program = shutil.which("R")
    found = r_version() if program else None
    if program is None or found is None:
        yield Finding("R", "missing", "only R cells need it", f"Debian: {DEBIAN_R}")
    else:
        yield Finding("R", ".".join(map(str, found)), program)
    rpy2 = packaged("rpy2-rinterface")
    if rpy2 is None:
        yield Finding("rpy2", "missing", "only R cells need it", get(RPY2))
    elif found and found < R_OF_NEW_RPY2 and sparkhome.numbers(rpy2) >= FIRST_NEW_RPY2:
        yield Finding("rpy2", rpy2, "does not load in an R older than 4.5", get(RPY2))
    else:
        yield Finding("rpy2", rpy2, "rpy2-rinterface")


def r_version() -> tuple[int, ...] | None:
    try:
        said = subprocess.run(
            ["R", "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20
        )
    except (OSError, subprocess.SubprocessError):
        return None
    number = re.search(r"R version (\d+\.\d+\.\d+)", said.stdout)
    return sparkhome.numbers(number[1]) if number else None


def lack_of_r() -> str:
    """What R cells still need, in one sentence; empty when nothing."""
    return " ".join(
        f"{finding.subject} {finding.state} ({finding.detail}): {finding.advice}."
        for finding in r_findings()
        if finding.advice
    )


def kernels() -> Iterator[Finding]:
    found = list(kernelspec.installed(kernelspec.searched()))
    if not found:
        yield Finding("kernels", "none", "", "jupyter toree install --user (or --sys-prefix)")
    for spec in found:
        if spec.packaged or Path(spec.python).exists():
            yield Finding("kernel", spec.display_name, str(spec.folder))
        else:
            advice = f"its Python is gone: {spec.python}; install it again, or delete the folder"
            yield Finding("kernel", spec.display_name, str(spec.folder), advice)


def cache_finding() -> Finding:
    folder = cache.root()
    files = [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
    size = sum(path.stat().st_size for path in files) >> 20
    if not os.access(folder if folder.is_dir() else folder.parent, os.W_OK) and folder.exists():
        advice = "it can't be written: every kernel compiles for itself; set XDG_CACHE_HOME"
        return Finding("cache", f"{size} MB", str(folder), advice)
    return Finding("cache", f"{size} MB", str(folder))
