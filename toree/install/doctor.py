"""`jupyter toree doctor`: what was found, what is missing and how to get it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from .. import __version__, registry
from ..companion import build, cache, cds, java, spare, sparkhome
from ..errors import ToreeError
from ..needs import Finding, get, packaged
from . import kernelspec


def examine(spark_home: str | None = None) -> list[Finding]:
    return [
        Finding("Toree", __version__, str(Path(__file__).parents[1])),
        Finding("Python", ".".join(map(str, sys.version_info[:3])), sys.executable),
        *packages(),
        *engines(spark_home),
        *(found for row in registry.languages().values() for found in row.needs()),
        *kernels(),
        *spares(),
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
    whole = spark.java_range[2]
    lacking, advice = "", ""
    if whole is not None and runtime.version > whole:
        lacking = f"; this Spark's Arrow does not know Java {runtime.version}: no toPandas(), no R"
        advice = java.advice(17, whole)
    lacks = "" if runtime.has(java.VECTOR) else f", started without {java.VECTOR}"
    detail = f"{runtime.home} ({runtime.source}{lacks}){lacking}"
    yield Finding("Java", str(runtime.version), detail, advice)
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


def spares() -> Iterator[Finding]:
    """What waits, its memory and how to end it; else how to have one."""
    found = list(spare.waiting())
    for address, facts in found:
        size = spare.memory(facts["pid"]) >> 20
        yield Finding("spare", f"{size} MB", f"process {facts['pid']} waits; rm {address} ends it")
    if not found:
        on = any(spec.spare for spec in kernelspec.installed(kernelspec.searched()))
        line = "jupyter toree install --user --spare: the next kernel starts in a second (600 MB)"
        yield Finding("spare", "none", "one waits while a kernel runs" if on else f"off; {line}")


def cache_finding() -> Finding:
    folder = cache.root()
    files = [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
    size = sum(path.stat().st_size for path in files) >> 20
    if not os.access(folder if folder.is_dir() else folder.parent, os.W_OK) and folder.exists():
        advice = "it can't be written: every kernel compiles for itself; set XDG_CACHE_HOME"
        return Finding("cache", f"{size} MB", str(folder), advice)
    return Finding("cache", f"{size} MB", str(folder))
