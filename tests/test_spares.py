"""Which spare is whose, without a JVM: what makes a configuration, who gets the one there is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from toree import scratch
from toree.companion import footprint, java, spare, sparkhome, waiting
from toree.config import Config

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The name of the folder of spares for a kernel with some options and variables."""
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    (tmp_path / "conf").mkdir()
    monkeypatch.setenv("SPARK_CONF_DIR", str(tmp_path / "conf"))
    spark = sparkhome.find()
    runtime = java.find(*spark.java_range)
    jar = tmp_path / "companion.jar"
    jar.touch()

    def named(*options: str, mode: str = "eager", **variables: str) -> str:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        config = Config(spark_options=options, initialization_mode=mode, spare=600)
        found = spare.place(footprint.of(config, spark, runtime, jar))
        for name in variables:
            monkeypatch.delenv(name)
        return "" if found is None else found.name

    return named


def test_what_says_nothing_of_a_companion(place: Any) -> None:
    usual = place()
    assert usual != ""
    assert place(JPY_SESSION_NAME="a.ipynb", JPY_PARENT_PID="1", PWD="/") == usual
    assert place(DEFAULT_INTERPRETER="SQL", TOREE_OPTS="--rows 3", TERM="xterm-color") == usual


def test_what_makes_another_companion(place: Any, tmp_path: Path) -> None:
    found = [place(), place("--conf", "spark.x=1"), place("--master", "local[1]")]
    found += [place(mode="lazy"), place(HADOOP_USER_NAME="x"), place(SPARK_SUBMIT_OPTS="-Da=b")]
    defaults = tmp_path / "conf" / "spark-defaults.conf"
    defaults.write_text("spark.ui.enabled false\n")
    found.append(place())
    (tmp_path / "conf" / "log4j2.properties").write_text("rootLogger.level = warn\n")
    found.append(place())
    jar = tmp_path / "own.jar"
    jar.write_bytes(b"1")
    found.append(place("--jars", str(jar)))
    jar.write_bytes(b"22")
    found.append(place("--jars", str(jar)))
    defaults.write_text(f"spark.jars {jar}\n")
    found.append(place())
    jar.write_bytes(b"333")
    found.append(place())
    classes = tmp_path / "classes"
    classes.mkdir()
    found.append(place("--driver-class-path", str(classes)))
    (classes / "A.class").write_bytes(b"1")
    found.append(place("--driver-class-path", str(classes)))
    assert len(set(found)) == len(found) and "" not in found


def test_where_there_can_be_none(place: Any, tmp_path: Path) -> None:
    assert place("--master", "spark://a:7077") == ""
    assert place("--master", "yarn") == ""
    (tmp_path / "conf" / "spark-env.sh").touch()  # it may ask the clock
    assert place() == ""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """The folder of a spare that is a process without a JVM, which reads its lifeline."""
    pipe = tmp_path / "lifeline"
    os.mkfifo(pipe)
    reads = "import sys; open(sys.argv[1], 'rb').read()"
    process = subprocess.Popen([sys.executable, "-c", reads, str(pipe)])
    published(tmp_path, process.pid, scratch.born(process.pid))
    yield tmp_path
    process.kill()
    process.wait()


def published(folder: Path, pid: int, born: int) -> None:
    (folder / "scratch").mkdir()
    facts = {
        "born": born,
        "folder": str(folder),
        "lifeline": str(folder / "lifeline"),
        "local_dirs": [],
        "log": str(folder / "log"),
        "scratch": str(folder / "scratch"),
    }
    text = json.dumps({"port": 1, "secret": "s", "pid": pid, "spark": "4", "spare": facts})
    (folder / "address").write_text(text)
    (folder / "address").chmod(0o600)


def test_of_several_kernels_one_gets_it(folder: Path) -> None:
    found: list[spare.Taken | None] = []
    start = threading.Barrier(8)

    def run() -> None:
        start.wait()
        found.append(spare.taken(folder))

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [one] = [taken for taken in found if taken is not None]
    assert (one.port, one.secret) == (1, "s")
    assert not one.ended
    one.close()  # it reads to the end of its lifeline, and ends
    assert one.ended
    assert not (folder / "scratch").exists()
    assert sorted(path.name for path in folder.iterdir()) == ["lifeline"]


def test_a_dead_one_is_stepped_over(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    born = scratch.born(dead.pid)
    dead.wait()
    published(tmp_path, dead.pid, born)
    assert spare.taken(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_an_address_that_others_could_read_is_not_believed(folder: Path) -> None:
    (folder / "address").chmod(0o644)
    assert spare.taken(folder) is None


def test_one_at_a_time_is_on_its_way(tmp_path: Path) -> None:
    making = tmp_path / "making"
    assert waiting.alone(making)
    assert not waiting.alone(making)
    making.write_text("1 1")  # whoever that was is gone
    assert waiting.alone(making)
    making.write_text("")  # it died in the middle
    assert waiting.alone(making)
