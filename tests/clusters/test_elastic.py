"""Executors that come and go, and a history that stays, on Spark's own cluster."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from session import Ran, Session
from waiting import until

from .conftest import kernel_on
from .hosts import Hosts
from .standalone import Standalone

pytestmark = [
    pytest.mark.spark,
    pytest.mark.timeout(400),
    pytest.mark.skipif(
        not os.environ.get("TOREE_CLUSTERS"), reason="long: TOREE_CLUSTERS=1 runs it"
    ),
]

PORT = 18080
SETTINGS = {
    "spark.dynamicAllocation.enabled": "true",
    "spark.dynamicAllocation.shuffleTracking.enabled": "true",
    "spark.dynamicAllocation.shuffleTracking.timeout": "3s",
    "spark.dynamicAllocation.executorIdleTimeout": "3s",
    "spark.dynamicAllocation.cachedExecutorIdleTimeout": "100s",
    "spark.toree.clusterTimeout": "2s",
    "spark.decommission.enabled": "true",
    "spark.storage.decommission.enabled": "true",
}


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standalone]:
    hosts = Hosts("master", "one", "two", "notebook", reachable=True)
    try:
        cluster = Standalone(hosts, tmp_path_factory.mktemp("standalone"))
        with (cluster.conf / "spark-defaults.conf").open("a") as defaults:
            defaults.write("".join(f"{name} {text}\n" for name, text in SETTINGS.items()))
            history = f"{hosts.address('master')}:{PORT}"
            defaults.write(f"spark.yarn.historyServer.address {history}\n")
        cluster.start_worker("one")
        cluster.start_worker("two")
        yield cluster
    finally:
        hosts.close()


@pytest.fixture(scope="module")
def kernel(
    specs: Path, spark: Standalone, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Session]:
    with kernel_on(specs, spark, tmp_path_factory.mktemp("specs")) as session:
        yield session


def ok(session: Session, code: str) -> Ran:
    ran = session.run(code, timeout=200)
    assert ran.status == "ok", ran.traceback
    return ran


def executors(session: Session) -> int:
    said = ok(session, "%info").text("stdout")
    found = re.search(r"Executors +(\d+)", said)
    return int(found[1]) if found else 0


def test_executors_come_and_go(kernel: Session) -> None:
    """New ones know the classes of cells and the values of other languages."""
    ok(kernel, "case class Trip(city: String, minutes: Int); val shift = 3")
    code = 'sc.parallelize((1 to 4).map(Trip("Bern", _)), 2).map(_.minutes + shift).sum'
    assert ok(kernel, code).result == "22.0"
    until(lambda: executors(kernel) == 0, 90)
    assert ok(kernel, code).result == "22.0"
    until(lambda: executors(kernel) == 0, 90)
    code = "%%python\nsc.parallelize(range(4), 2).map(lambda x: x + shift).sum()"
    assert ok(kernel, code).result == "18"


def test_a_worker_that_is_decommissioned(kernel: Session, spark: Standalone) -> None:
    """What it had cached goes to the other; the notebook goes on there."""
    ok(
        kernel,
        "val kept = sc.parallelize(1 to 1000, 4).map { i => Thread.sleep(1); i }"
        ".persist(org.apache.spark.storage.StorageLevel.MEMORY_AND_DISK); kept.sum",
    )
    before = executors(kernel)
    assert before >= 1
    worker = psutil.Process(spark.started["two"].pid)
    for process in [worker, *worker.children(recursive=True)]:
        with contextlib.suppress(psutil.ZombieProcess):
            if "deploy.worker.Worker" in " ".join(process.cmdline()):
                process.send_signal(signal.SIGPWR)
    address = spark.hosts.address("two")
    hosts = 'sc.statusTracker.getExecutorInfos.map(_.host).distinct.mkString(" ")'
    until(lambda: address not in str(ok(kernel, hosts).result), 90)
    assert ok(kernel, "kept.sum").result == "500500.0"


def test_a_cluster_that_gives_nothing(kernel: Session, spark: Standalone) -> None:
    """The bar says so; the job goes on as soon as there is an executor."""
    spark.kill("one")
    until(lambda: executors(kernel) == 0, 60)
    said = []

    def see(message: dict[str, Any]) -> None:
        text = message["content"].get("data", {}).get("text/plain", "")
        if "no executor for" in text and not said:
            said.append(text)
            spark.start_worker("one")

    ran = kernel.run("sc.parallelize(1 to 4, 2).map(_ + shift).sum", timeout=200, during=see)
    assert ran.result == "22.0", ran.traceback
    assert f"{spark.url} is full, or executors can't start there" in said[0]
    assert f"the driver at {spark.hosts.address('notebook')}:" in said[0]


def test_the_history_stays(kernel: Session, spark: Standalone) -> None:
    """The link that `%info` shows leads to the application when its kernel has gone."""
    link = re.search(r"http://\S+/history/(\S+)", ok(kernel, "%info").text("stdout"))
    assert link
    kernel.client.stop_channels()
    kernel.manager.shutdown_kernel(restart=True)
    env = spark.environment("master") | {
        "SPARK_HISTORY_OPTS": f"-Dspark.history.fs.logDirectory={spark.folder / 'state'} "
        f"-Dspark.history.ui.port={PORT} -Dspark.history.fs.update.interval=2s"
    }
    env |= {"SPARK_DAEMON_MEMORY": "256m", "SPARK_HOME": str(spark._spark.home)}
    env["JAVA_HOME"] = str(spark._java.launch_home())
    log = spark.folder / "history.log"
    command = [str(spark._spark.home / "bin" / "spark-class")]
    command.append("org.apache.spark.deploy.history.HistoryServer")
    spark.hosts.start("master", command, log, env)

    def ended() -> bool:
        root = link[0].partition("/history/")[0]
        try:
            url = f"{root}/api/v1/applications/{link[1]}"
            with urllib.request.urlopen(url, timeout=10) as answer:
                return bool(json.load(answer)["attempts"][0]["completed"])
        except OSError:
            return False

    until(ended, 90)
    kernel.manager.start_kernel()  # for the fixture to end
    kernel.client = kernel.manager.client()
    kernel.client.start_channels()
    kernel.client.wait_for_ready(timeout=60)
