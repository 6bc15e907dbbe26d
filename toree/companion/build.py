"""The companion's jar: compiled once by the very Spark it will run in, then kept in the cache.

Spark carries the Scala compiler (its REPL needs it), so this takes no sbt, no Maven and no
network, and there is no table of supported Spark versions that could go stale. The jar's folder
is named after all it was made from; a new Spark, Java or Toree makes a new one.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import re
import shutil
import subprocess
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from .. import scratch
from ..errors import CompanionFailed
from . import cache, cds
from .java import Java
from .sparkhome import SparkHome

COMPILE_SECONDS = 600  # 4 s of processor time; a loaded machine and a network disk need more
MANIFEST = "Manifest-Version: 1.0\nMain-Class: toree.Main\nCreated-By: Toree\n\n"
NEWS_OF_JVM = "Picked up "  # "Picked up JAVA_TOOL_OPTIONS: ..." is not the compiler's


@dataclasses.dataclass(frozen=True)
class Built:
    """A compiled companion. `archive` is its class data archive, None until there is one."""

    jar: Path
    archive: Path | None = None

    def jvm_options(self, java: Java) -> list[str]:
        """Options (for SPARK_SUBMIT_OPTS) with which `java` starts this companion fast."""
        return cds.options(java, self.archive) if self.archive else []

    def without_archive(self) -> Built:
        """The same companion after a start that failed: its archive is deleted, not trusted."""
        if self.archive:
            self.archive.unlink(missing_ok=True)
        return Built(self.jar)


def companion(spark: SparkHome, java: Java, say: Callable[[str], None]) -> Built:
    """The companion for this Spark and Java, compiled now if it was not yet.

    `say` gets one line when the caller has to wait. Any number of processes may call this at
    once: one compiles, the others wait for it.

    Raises:
        CompanionFailed: the compiler refused the sources or could not be run.
    """
    folder = place(spark, java)
    jar = folder / "companion.jar"
    if not whole(jar):
        # The system drops this lock when its holder dies, so a crash leaves nothing to clean up.
        with cache.alone(folder / "lock"):
            if not whole(jar):
                say(
                    f"Compiling the companion for Spark {spark.version}, "
                    f"Scala {spark.scala} (once) ..."
                )
                cache.write(jar, compiled(spark, java))
    return Built(jar, cds.found(spark, java, jar))


def place(spark: SparkHome, java: Java) -> Path:
    """The folder for what is built from these sources, this Spark and this Java version.

    The jars' sizes are in the key because vendors rebuild Spark under an unchanged version; Java's
    version is, because code compiled on a new Java may call methods that an older one lacks.
    """
    jars = sorted((jar.name, jar.stat().st_size) for jar in spark.jars.glob("*.jar"))
    texts = [part for path in sources(spark) for part in (path.name, path.read_bytes())]
    key = cache.key(repr(jars), str(java.version), MANIFEST, *texts)
    name = f"spark-{spark.version}-scala-{spark.scala}-{key}"
    ready = cache.root() / name
    # A cache that can't be written is as good as any other when what is wanted is in it.
    jar = ready / "companion.jar"
    return ready if cache.trusted(jar) and whole(jar) else cache.folder(name)


def sources(spark: SparkHome) -> list[Path]:
    """The Scala sources for this Spark: the common ones and those of its Scala line."""
    line = ".".join(spark.scala.split(".")[:2])
    folders = [source_root() / "scala", source_root() / f"scala-{line}"]
    return sorted(path for folder in folders for path in folder.rglob("*.scala"))


def source_root() -> Path:
    """`toree/jvm` in an installed package, `jvm/src/main` in a checkout."""
    package = Path(__file__).resolve().parents[1]
    packaged = package / "jvm"
    return packaged if packaged.is_dir() else package.parent / "jvm" / "src" / "main"


def whole(jar: Path) -> bool:
    """Whether a jar can be used: one cut short has lost the directory at its end."""
    try:
        with zipfile.ZipFile(jar) as archive:
            return archive.testzip() is None and "toree/Main.class" in archive.namelist()
    except (OSError, zipfile.BadZipFile, NotImplementedError, EOFError, zlib.error):
        return False


def compiled(spark: SparkHome, java: Java) -> bytes:
    """The jar, made by the Scala compiler among Spark's own jars.

    Raises:
        CompanionFailed: with what the compiler said, and the versions.
    """
    files = sources(spark)
    versions = f"Spark {spark.version}, Scala {spark.scala}, Java {java.version} ({java.home})"
    if not files:
        raise CompanionFailed(
            f"The companion's Scala sources are missing ({source_root()}).",
            advice="This Toree is not a whole installation: install it again.",
        )
    with contextlib.ExitStack() as stack:
        work = scratch.part("compile")
        stack.callback(shutil.rmtree, work, ignore_errors=True)
        classes = work / "classes"
        classes.mkdir()
        arguments = work / "arguments"  # a file: Windows has short command lines
        arguments.write_text("".join(f"{argument(path)}\n" for path in files), encoding="utf-8")
        command = [
            *(str(java.executable), "-Xss8m", "-Xmx768m", "-XX:+UseSerialGC"),
            "-XX:TieredStopAtLevel=1",  # a compiler that runs for 4 s never earns the second JIT
            *("-cp", str(spark.jars / "*"), "scala.tools.nsc.Main", "-usejavacp", "-nowarn"),
            *("-encoding", "UTF-8", "-d", str(classes), f"@{arguments}"),
        ]
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=COMPILE_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise CompanionFailed(
                f"The Scala compiler could not be run: {error}", advice=f"Tried with {versions}."
            ) from error
        if done.returncode:
            raise CompanionFailed(
                f"The companion did not compile with {versions}:\n{said(done.stdout)}",
                advice="Please report this with the lines above; other versions may work.",
            )
        return packed(classes)


def argument(path: Path) -> str:
    """A path as the compiler's argument files want it: quoted when it has blanks."""
    text = path.as_posix()
    return f'"{text}"' if re.search(r"\s", text) else text


def said(output: bytes) -> str:
    lines = output.decode(errors="replace").splitlines()
    return "\n".join(line for line in lines if not line.startswith(NEWS_OF_JVM)) or "(nothing)"


def packed(classes: Path) -> bytes:
    """The classes as a jar, byte for byte the same for the same classes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as jar:
        jar.writestr(entry("META-INF/MANIFEST.MF"), MANIFEST)
        for path, name in members(classes):
            jar.writestr(entry(name), path.read_bytes())
        for path, name in members(source_root() / "resources"):
            jar.writestr(entry(name), path.read_bytes())
    return buffer.getvalue()


def members(folder: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path, path.relative_to(folder).as_posix()


def entry(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)  # dated 1980
    info.compress_type = zipfile.ZIP_DEFLATED
    return info
