"""Client mode on Kubernetes' API: executors are pods, which a kubelet of the test's own runs."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from session import Ran, Session
from waiting import until

from .kubelet import Kubernetes

pytestmark = [
    pytest.mark.spark,
    pytest.mark.network,
    pytest.mark.timeout(400),
    pytest.mark.skipif(not os.environ.get("TOREE_K8S"), reason="long: TOREE_K8S=1 runs it"),
    pytest.mark.skipif(not shutil.which("mvn"), reason="needs Maven"),
]

SETTINGS = {
    "spark.kubernetes.container.image": "toree-of-the-test",
    "spark.kubernetes.authenticate.submission.oauthToken": "of-the-test",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.executor.instances": "1",
    "spark.executor.cores": "1",
    "spark.executor.memory": "512m",
    "spark.kubernetes.allocation.batch.delay": "200ms",
}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubernetes]:
    made = Kubernetes(tmp_path_factory.mktemp("kubernetes"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def kernel(specs: Path, cluster: Kubernetes) -> Iterator[Session]:
    words = [f"--conf {name}={value}" for name, value in SETTINGS.items()]
    options = " ".join([f"--master k8s://{cluster.url}", *words])
    env = {**os.environ, "SPARK_OPTS": options, "PYSPARK_PYTHON": sys.executable}
    with Session("toree_scala", env=env) as session:
        yield session


def ok(session: Session, code: str) -> Ran:
    ran = session.run(code, timeout=200)
    assert ran.status == "ok", ran.traceback
    return ran


def test_the_notebook_runs_in_pods(kernel: Session, cluster: Kubernetes) -> None:
    ok(kernel, "case class Trip(city: String, minutes: Int); val shift = 3")
    code = 'sc.parallelize((1 to 4).map(Trip("Bern", _)), 2).map(_.minutes + shift).sum'
    assert ok(kernel, code).result == "22.0"
    code = "%%python\nsc.parallelize(range(4), 2).map(lambda x: x + shift).sum()"
    assert ok(kernel, code).result == "18"
    ok(kernel, "%%sql -o ids\nselect id from range(5)")
    if shutil.which("R"):
        assert ok(kernel, "%%r\nnrow(dplyr::collect(ids))").result == "[1] 5"
    [pod] = cluster.pods().values()
    assert pod["metadata"]["labels"]["spark-role"] == "executor"
    assert "Executors    1, with 1 core and 512m each" in ok(kernel, "%info").text("stdout")


def test_a_pod_that_is_deleted_is_followed_by_another(kernel: Session, cluster: Kubernetes) -> None:
    [before] = cluster.pods()
    cluster.ask(f"/api/v1/namespaces/default/pods/{before}", "DELETE")
    assert ok(kernel, "sc.parallelize(1 to 4, 2).sum").result == "10.0"
    until(lambda: len(cluster.pods()) == 1 and before not in cluster.pods(), 60)


def test_no_pod_outlives_its_session(kernel: Session, cluster: Kubernetes) -> None:
    [before] = cluster.pods()
    ok(kernel, "spark.stop()")
    until(lambda: cluster.pods() == {}, 30)
    assert ok(kernel, "sc.parallelize(1 to 4, 2).map(_ + shift).sum").result == "22.0"
    assert before not in cluster.pods() and len(cluster.pods()) == 1


def test_no_pod_outlives_a_killed_kernel(kernel: Session, cluster: Kubernetes) -> None:
    assert cluster.pods()
    os.kill(kernel.pid, signal.SIGKILL)
    until(lambda: cluster.pods() == {}, 60)
