from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest
from pace import Pace

from toree.companion import build, cds, java, launch, sparkhome
from toree.companion.training import Training, Wire
from toree.config import Config
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


class Started(NamedTuple):
    """What a start of the companion showed."""

    shared: int  # classes that came out of the archive
    setting: str  # what Spark says of spark.toree.test


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> sparkhome.SparkHome:
    """The installed Spark laid out as a downloaded one: with files in its conf folder."""
    home = tmp_path_factory.mktemp("an unpacked") / "spark"
    (home / "conf").mkdir(parents=True)
    (home / "conf" / "log4j2.properties.template").touch()
    (home / "conf" / "spark-defaults.conf").write_text("spark.toree.test from-the-defaults\n")
    for name in ("bin", "jars", "python"):
        (home / name).symlink_to(spark().home / name)
    return sparkhome.find(str(home))


@pytest.fixture(scope="module")
def trained(unpacked: sparkhome.SparkHome, tmp_path_factory: pytest.TempPathFactory) -> build.Built:
    """The companion itself, compiled and trained in a cache of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("a cache")))
        sources = tmp_path_factory.mktemp("sources") / "main"  # edited while this runs: no matter
        shutil.copytree(build.source_root(), sources)
        patch.setattr(build, "source_root", lambda: sources)
        jar = build.companion(unpacked, runtime(), lambda text: None).jar
        training = Training(unpacked, runtime(), jar)
        assert training.run() is not None
        assert training.refused == []
        return build.companion(unpacked, runtime(), pytest.fail)


def start_companion(home: sparkhome.SparkHome, built: build.Built, tmp_path: Path) -> Started:
    """Starts the companion as the kernel does, waits until it is ready, and ends it."""
    log, address = tmp_path / "classes.log", tmp_path / "address"
    options = [*built.jvm_options(runtime()), cds.quoted(f"-Xlog:class+load:file={log}")]
    environment, arguments = cds.settings(home)
    command = [str(home.submit), *arguments, "--conf", "spark.ui.enabled=false"]
    command += ["--master", "local[1]", "--class", "toree.Main", str(built.jar), str(address)]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={
            **os.environ,
            **environment,
            "JAVA_HOME": str(runtime().launch_home()),
            "SPARK_HOME": str(home.home),
            "SPARK_SUBMIT_OPTS": " ".join(options),
        },
        start_new_session=True,
    )
    try:
        until = time.monotonic() + 60
        while not address.exists():
            assert process.poll() is None and time.monotonic() < until
            time.sleep(0.05)
        found = json.loads(address.read_text())
        with Wire(found["port"], found["secret"], 60) as wire:
            assert wire.call("awaitRepl") == "!yv"
            assert wire.call("awaitSpark") == "!yv"
            code = 'spark.conf.get("spark.toree.test")'
            outcome = json.loads(wire.call("execute", "main", "1", code, "{}")[3:])
        assert process.stdin
        process.stdin.close()
        assert process.wait(30) == 0
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    lines = log.read_text(errors="replace")
    return Started(lines.count("shared objects file"), outcome["result"]["text/plain"])


def test_classes_come_from_the_archive_beside_a_conf_folder(
    unpacked: sparkhome.SparkHome, trained: build.Built, tmp_path: Path
) -> None:
    assert trained.archive is not None
    started = start_companion(unpacked, trained, tmp_path)
    assert started.shared > 8000
    assert started.setting == "from-the-defaults"


def test_an_archive_cut_short_is_not_used(
    unpacked: sparkhome.SparkHome,
    trained: build.Built,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert trained.archive is not None
    monkeypatch.setenv("XDG_CACHE_HOME", str(trained.jar.parents[2]))
    jar = tmp_path / trained.jar.name
    copy = tmp_path / trained.archive.name
    copy.write_bytes(trained.archive.read_bytes()[:100_000])
    assert cds.found(unpacked, runtime(), jar) is None
    shutil.copyfile(trained.archive, copy)
    assert cds.found(unpacked, runtime(), jar) == copy
    assert build.Built(jar, copy).without_archive() == build.Built(jar)
    assert not copy.exists()


@pytest.mark.parametrize("archive", ["not one", "gone"])
def test_a_useless_archive_stops_no_start(
    unpacked: sparkhome.SparkHome, trained: build.Built, tmp_path: Path, archive: str
) -> None:
    assert trained.archive is not None
    broken = tmp_path / f"broken{trained.archive.suffix}"
    if archive == "not one":
        broken.write_bytes(b"x" * 100_000)
    started = start_companion(unpacked, build.Built(trained.jar, broken), tmp_path)
    assert started.shared < 3000  # the JDK's own archive
    assert started.setting == "from-the-defaults"


def test_a_training_that_is_ended_leaves_nothing(
    unpacked: sparkhome.SparkHome, trained: build.Built, own_cache: Path
) -> None:
    jar = own_cache / "companion.jar"
    own_cache.mkdir(parents=True)
    jar.write_bytes(trained.jar.read_bytes())
    training = Training(unpacked, runtime(), jar)
    timer = threading.Timer(1.5, training.close)
    timer.start()
    assert training.run() is None
    timer.join()
    assert training.process is not None
    assert training.process.poll() is not None
    assert [path.suffix for path in sorted(own_cache.iterdir())] == [".lock", ".jar"]


def test_a_training_that_is_ended_before_it_began(
    unpacked: sparkhome.SparkHome, trained: build.Built, own_cache: Path
) -> None:
    jar = own_cache / "companion.jar"
    own_cache.mkdir(parents=True)
    jar.write_bytes(trained.jar.read_bytes())
    training = Training(unpacked, runtime(), jar)
    training.close()
    assert training.run() is None
    assert training.process is None


def test_of_several_first_kernels_one_trains(
    unpacked: sparkhome.SparkHome, trained: build.Built, own_cache: Path
) -> None:
    jar = own_cache / "companion.jar"
    own_cache.mkdir(parents=True)
    jar.write_bytes(trained.jar.read_bytes())
    one, other = (Training(unpacked, runtime(), jar) for _ in range(2))
    thread = threading.Thread(target=one.run)
    thread.start()
    while one.process is None:
        time.sleep(0.01)
    assert other.run() is None
    assert other.process is None
    one.close()
    thread.join()


def test_a_start_that_fails_keeps_the_archive(
    unpacked: sparkhome.SparkHome, trained: build.Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not the archive's fault when spark-submit refuses an option: no second start."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(trained.jar.parents[2]))
    config = Config(spark_home=str(unpacked.home), spark_options=("--no-such-option",))
    said: list[str] = []
    with pytest.raises(CompanionFailed, match="ended with status 1"):
        launch.start(config, said.append)
    assert len(said) == 1
    assert trained.archive is not None and trained.archive.exists()


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")
@pytest.mark.parametrize(
    ("status", "crash"),
    [(-6, True), (-11, True), (134, True), (-9, False), (-15, False), (143, False), (1, False)],
)
def test_what_is_a_crash(status: int, crash: bool) -> None:
    assert launch.crashed(status) is crash
