from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from pace import Pace

from toree.companion import build, java, sparkhome
from toree.errors import CompanionFailed

pytestmark = pytest.mark.spark

MAIN = 'package toree\nobject Main { def main(a: Array[String]): Unit = println("hello") }\n'


def spark() -> sparkhome.SparkHome:
    return sparkhome.find()


def runtime() -> java.Java:
    return java.find(*spark().java_range)


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_cache: Path) -> Path:
    """Sources of one file in place of the companion's, and an empty cache."""
    sources = tmp_path / "sources"
    (sources / "scala").mkdir(parents=True)
    (sources / "scala" / "Main.scala").write_text(MAIN)
    monkeypatch.setattr(build, "source_root", lambda: sources)
    return sources


def test_compiled_once(small: Path) -> None:
    said: list[str] = []
    first = build.companion(spark(), runtime(), said.append)
    again = build.companion(spark(), runtime(), said.append)
    versions = f"Spark {spark().version}, Scala {spark().scala}"
    assert said == [f"Compiling the companion for {versions} (once) ..."]
    assert first == again == build.Built(first.jar)
    command = [str(runtime().executable), "-cp", f"{first.jar}{os.pathsep}{spark().jars}/*"]
    ran = subprocess.run([*command, "toree.Main"], capture_output=True, text=True, check=True)
    assert ran.stdout == "hello\n"


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
def test_the_cache_is_private(small: Path, own_cache: Path) -> None:
    jar = build.companion(spark(), runtime(), lambda text: None).jar
    modes = [path.stat().st_mode & 0o777 for path in (own_cache, jar.parent, jar)]
    assert modes == [0o700, 0o700, 0o600]


def test_other_sources_make_another_jar(small: Path) -> None:
    first = build.place(spark(), runtime())
    (small / "scala-2.12").mkdir()
    (small / "scala-2.12" / "Old.scala").write_text("package toree\nclass Old\n")
    (small / "scala-2.13").mkdir()
    (small / "scala-2.13" / "New.scala").write_text("package toree\nclass New\n")
    assert build.place(spark(), runtime()) != first
    jar = build.companion(spark(), runtime(), lambda text: None).jar
    of_this_line = {"toree/Old.class", "toree/New.class"} & set(zipfile.ZipFile(jar).namelist())
    assert of_this_line == {f"toree/{'Old' if spark().scala < '2.13' else 'New'}.class"}


@pytest.mark.parametrize("damage", ["cut", "empty", "changed", "no Main"])
def test_a_damaged_jar_is_made_again(small: Path, damage: str) -> None:
    jar = build.companion(spark(), runtime(), lambda text: None).jar
    good = jar.read_bytes()
    middle = len(good) // 3
    if damage == "no Main":
        with zipfile.ZipFile(jar, "w") as archive:
            archive.writestr("other", "")
    else:
        changed = good[:middle] + bytes([good[middle] ^ 0xFF]) + good[middle + 1 :]
        jar.write_bytes({"cut": good[:middle], "empty": b"", "changed": changed}[damage])
    said: list[str] = []
    assert build.companion(spark(), runtime(), said.append).jar == jar
    assert len(said) == 1
    assert jar.read_bytes() == good


CHILD = """
import sys, pathlib
from toree.companion import build, java, sparkhome
build.source_root = lambda: pathlib.Path(sys.argv[1])
spark = sparkhome.find()
built = build.companion(spark, java.find(*spark.java_range), lambda text: print(text, flush=True))
print(built.jar)
"""


def start(sources: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(sources)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_processes_that_start_at_once_compile_once(small: Path) -> None:
    children = [start(small) for _ in range(3)]
    said = [line for child in children for line in child.communicate(timeout=120)[0].splitlines()]
    assert [child.returncode for child in children] == [0, 0, 0]
    assert sum(line.startswith("Compiling") for line in said) == 1
    assert len({line for line in said if line.endswith(".jar")}) == 1


@pytest.mark.skipif(os.name == "nt", reason="kills by signal")
def test_a_killed_compilation_holds_up_nobody(small: Path) -> None:
    child = start(small)
    assert child.stdout
    assert child.stdout.readline().startswith("Compiling")
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    said: list[str] = []
    pace, started = Pace(), time.monotonic()
    assert build.whole(build.companion(spark(), runtime(), said.append).jar)
    assert len(said) == 1
    assert pace.alone(time.monotonic() - started) < 60


def test_a_compile_error_shows_the_compiler_s_words(small: Path) -> None:
    (small / "scala" / "Main.scala").write_text("package toree\nobject Main { val x: Int = no }\n")
    with pytest.raises(CompanionFailed) as caught:
        build.companion(spark(), runtime(), lambda text: None)
    lines = caught.value.message.splitlines()
    versions = f"Spark {spark().version}, Scala {spark().scala}, Java {runtime().version}"
    assert lines[0].startswith(f"The companion did not compile with {versions} ")
    assert lines[1].endswith("Main.scala:2: error: not found: value no")
    assert not (build.place(spark(), runtime()) / "companion.jar").exists()


def test_missing_sources(small: Path) -> None:
    (small / "scala" / "Main.scala").unlink()
    with pytest.raises(CompanionFailed, match="sources are missing"):
        build.companion(spark(), runtime(), lambda text: None)


def test_a_cache_that_cannot_be_written(small: Path, own_cache: Path) -> None:
    own_cache.parent.mkdir()
    own_cache.touch()  # a file where the folder should be: root may write to any folder
    jar = build.companion(spark(), runtime(), lambda text: None).jar
    assert build.whole(jar)
    assert not jar.is_relative_to(own_cache)
    assert jar.parent.parent.stat().st_mode & 0o777 == 0o700
    assert build.companion(spark(), runtime(), pytest.fail).jar == jar


def test_a_source_folder_with_blanks(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moved = small.rename(small.with_name("my sources"))
    monkeypatch.setattr(build, "source_root", lambda: moved)
    assert build.whole(build.companion(spark(), runtime(), lambda text: None).jar)
