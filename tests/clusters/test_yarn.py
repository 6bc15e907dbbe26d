"""The mixed notebook on Hadoop's own YARN and HDFS: driver near, and driver in the cluster."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from magics.maven import Repository
from session import Ran, Session
from waiting import until

from toree.errors import LaunchFailed

from .hadoop import Hadoop

pytestmark = [
    pytest.mark.spark,
    pytest.mark.network,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not os.environ.get("TOREE_YARN"), reason="long: TOREE_YARN=1 runs it"),
    pytest.mark.skipif(not shutil.which("mvn"), reason="needs Maven"),
]


@pytest.fixture(scope="module")
def hadoop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hadoop]:
    cluster = Hadoop(tmp_path_factory.mktemp("hadoop"))
    yield cluster
    cluster.close()


@pytest.fixture(scope="module")
def near(specs: Path, hadoop: Hadoop) -> Iterator[Session]:
    """A kernel whose driver is here: client mode."""
    options = shlex.join(["--master", "yarn", *hadoop.options()])
    env = {**hadoop.environment(), "SPARK_OPTS": options, "PYSPARK_PYTHON": sys.executable}
    with Session("toree_scala", env=env) as session:
        yield session


def spec(specs: Path, folder: Path, hadoop: Hadoop, *options: str) -> str:
    """A spec whose kernels are in the cluster; the Jupyter folder that has it."""
    content = json.loads((specs / "share/jupyter/kernels/toree_scala/kernel.json").read_text())
    content["interrupt_mode"] = "message"
    content["metadata"]["kernel_provisioner"] = {
        "provisioner_name": "toree-provisioner",
        "config": {
            "place": "yarn",
            "python": sys.executable,
            "response_address": "127.0.0.1",
            "launch_timeout": 200.0,
            "options": hadoop.options("--driver-memory", "700m", *options),
        },
    }
    place = folder / "kernels" / "toree_yarn"
    place.mkdir(parents=True)
    (place / "kernel.json").write_text(json.dumps(content))
    return str(folder)


@pytest.fixture
def far(
    specs: Path, hadoop: Hadoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Session]:
    """A kernel whose driver is in the cluster, and it with it."""
    monkeypatch.setenv("JUPYTER_PATH", spec(specs, tmp_path, hadoop))
    monkeypatch.setenv("HADOOP_CONF_DIR", str(hadoop.conf))
    with Session("toree_yarn") as session:
        yield session


def ok(session: Session, code: str) -> Ran:
    ran = session.run(code, timeout=300)
    assert ran.status == "ok", ran.traceback
    return ran


def value(session: Session, code: str) -> object:
    return ok(session, code).result


def notebook(session: Session) -> None:
    """All languages, on executors in containers."""
    ok(session, "case class Trip(city: String, minutes: Int); val shift = 3")
    code = 'sc.parallelize((1 to 4).map(Trip("Bern", _)), 2).map(_.minutes + shift).sum'
    assert value(session, code) == "22.0"
    code = "%%python\nsc.parallelize(range(4), 2).map(lambda x: x + shift).sum()"
    assert value(session, code) == "18"
    ok(session, "%%sql -o ids\nselect id from range(5)")
    if shutil.which("R"):
        assert ok(session, "%%r\nnrow(dplyr::collect(ids))").result == "[1] 5"


def application(hadoop: Hadoop, session: Session) -> dict[str, Any]:
    ours = value(session, "sc.applicationId")
    [found] = [a for a in hadoop.applications() if a["id"] == ours and a["state"] == "RUNNING"]
    return found


def test_a_driver_near(near: Session, hadoop: Hadoop, kit: Path, tmp_path: Path) -> None:
    assert value(near, "sc.master") == "yarn"
    notebook(near)
    assert application(hadoop, near)["queue"].endswith("team")
    assert "Queue        team" in ok(near, "%info").text("stdout")


def test_files_and_jars_on_hdfs(near: Session, hadoop: Hadoop, kit: Path, tmp_path: Path) -> None:
    root = hadoop.setting("fs.defaultFS")
    jar = Repository(tmp_path, kit).add("kit", package="kit")
    ok(
        near,
        "import org.apache.hadoop.fs.{FileSystem, Path}\n"
        f'FileSystem.get(sc.hadoopConfiguration).copyFromLocalFile(new Path("{jar}"), '
        'new Path("/kit.jar"))\n'
        'spark.range(5).write.parquet("/numbers")',
    )
    assert value(near, "%%python\nspark.read.parquet('/numbers').count()") == "5"
    greet = "sc.parallelize(1 to 2).map(i => kit.Greeter.greet(i.toString)).collect().last"
    assert ok(near, f"%AddJar {root}/kit.jar\n{greet}").result == "Hello, 2"


def test_a_container_that_is_lost(near: Session) -> None:
    """Costs a retry: the executor's JVM goes in the middle of a task."""
    code = """
sc.parallelize(1 to 2, 2).map { i =>
  if (org.apache.spark.TaskContext.get.attemptNumber() == 0) Runtime.getRuntime.halt(1)
  i
}.sum
"""
    assert value(near, code) == "3.0"
    assert value(near, "%%python\nsc.parallelize(range(4), 2).sum()") == "6"


def test_an_application_killed_from_outside(near: Session, hadoop: Hadoop) -> None:
    """The session is gone and nothing else: the next use makes a fresh one."""
    ok(near, "val kept = 41")
    before = str(value(near, "sc.applicationId"))
    hadoop.kill(before)
    until(lambda: near.run("sc.applicationId").result != before, 120)
    assert value(near, "sc.parallelize(1 to 2).sum.toInt + kept") == "44"


def test_a_driver_in_the_cluster(far: Session, hadoop: Hadoop) -> None:
    assert value(far, 'sc.getConf.get("spark.submit.deployMode")') == "cluster"
    notebook(far)
    assert application(hadoop, far)["queue"].endswith("team")
    assert "curve_secretkey" in far.manager.get_connection_info()

    def stop(message: dict[str, object]) -> None:
        if message["msg_type"] == "stream":
            far.manager.interrupt_kernel()

    ran = far.run('println("go"); while (true) {}', during=stop, timeout=60)
    assert ran.reply["ename"] == "Interrupted"
    ended = str(value(far, "sc.applicationId"))
    far.client.stop_channels()
    far.manager.shutdown_kernel(restart=True)  # what it needs for the next one stays
    until(lambda: state(hadoop, ended) == "FINISHED SUCCEEDED", 60)
    far.manager.start_kernel()
    far.client = far.manager.client()
    far.client.start_channels()
    far.client.wait_for_ready(timeout=60)
    assert value(far, "sc.applicationId") != ended


def state(hadoop: Hadoop, application: str) -> str:
    [found] = [a for a in hadoop.applications() if a["id"] == application]
    return f"{found['state']} {found['finalStatus']}"


def test_a_driver_killed_in_the_cluster(far: Session, hadoop: Hadoop) -> None:
    hadoop.kill(str(value(far, "sc.applicationId")))
    until(lambda: not far.manager.is_alive(), 60)


def test_a_queue_that_is_not_there(
    specs: Path, hadoop: Hadoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_PATH", spec(specs, tmp_path, hadoop, "--queue", "nobodys"))
    monkeypatch.setenv("HADOOP_CONF_DIR", str(hadoop.conf))
    with pytest.raises(LaunchFailed) as found:
        Session("toree_yarn").manager.start_kernel()
    assert "nobodys" in str(found.value), found.value


def test_a_queue_that_is_full(specs: Path, hadoop: Hadoop) -> None:
    """Said soon, given up in a settable time, and nothing else is lost."""
    times = ("--conf", "spark.toree.clusterTimeout=2s", "--conf", "spark.toree.queueTimeout=30s")
    options = shlex.join(["--master", "yarn", *hadoop.options("--queue", "full", *times)])
    env = {**hadoop.environment(), "SPARK_OPTS": options, "PYSPARK_PYTHON": sys.executable}
    with Session("toree_scala", env=env) as session:
        ok(session, "val kept = 41")
        ran = session.run("spark.range(3).count", timeout=200)
        assert ran.status == "error", ran.result
        assert "YARN did not begin application_" in ran.traceback
        assert "full'" in ran.traceback and "spark.toree.queueTimeout" in ran.traceback
        assert value(session, "%%python\nkept + 1") == "42"
        waiting = [a for a in hadoop.applications() if a["state"] == "ACCEPTED"]
        assert not [a for a in waiting if a["queue"].endswith("full")]


def test_a_queue_that_is_full_for_a_driver_in_the_cluster(
    specs: Path, hadoop: Hadoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = spec(specs, tmp_path, hadoop, "--queue", "full")
    written = Path(path, "kernels/toree_yarn/kernel.json")
    written.write_text(written.read_text().replace("200.0", "60.0"))
    monkeypatch.setenv("JUPYTER_PATH", path)
    monkeypatch.setenv("HADOOP_CONF_DIR", str(hadoop.conf))
    with pytest.raises(LaunchFailed) as found:
        Session("toree_yarn").manager.start_kernel()
    assert "ACCEPTED in the queue" in str(found.value), found.value
    assert "take another (--queue)" in str(found.value), found.value
