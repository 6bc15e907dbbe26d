"""The archive of classes for the next start, and who writes it when."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import NamedTuple

import pytest

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
