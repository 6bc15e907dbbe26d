"""Against Kubernetes' own API server: rights, a full quota, a token that has ended."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import KernelManager
from session import Session
from waiting import until

from toree.errors import LaunchFailed

from .apiserver import ETCD, SERVER, ApiServer
from .kubelet import JOBS, SECRETS, Kubernetes
from .test_kubernetes import SETTINGS, ok, spec

CELLS = ["%%python\nsc.parallelize(range(4)).sum()", "%%sql\nselect sum(id) from range(4)"]

pytestmark = [
    pytest.mark.spark,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not os.environ.get("TOREE_K8S"), reason="long: TOREE_K8S=1 runs it"),
    pytest.mark.skipif(
        not (SERVER and ETCD and shutil.which("openssl")),
        reason="needs TOREE_KUBE_APISERVER and TOREE_ETCD",
    ),
]


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    made = ApiServer(tmp_path_factory.mktemp("apiserver"))
    yield made
    made.close()


@pytest.fixture
def cluster(server: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubernetes]:
    made = Kubernetes(tmp_path_factory.mktemp("kubelet"), server)
    yield made
    made.close()


def options(server: ApiServer, account: str) -> str:
    """Spark's, with the rights of an account."""
    settings = {
        **SETTINGS,
        "spark.kubernetes.authenticate.oauthToken": server.token(account),
        "spark.kubernetes.authenticate.caCertFile": str(server.certificate),
        "spark.kubernetes.authenticate.executor.serviceAccountName": "executors",
    }
    del settings["spark.kubernetes.authenticate.submission.oauthToken"]
    words = [f"--conf {name}={value}" for name, value in settings.items()]
    return " ".join([f"--master k8s://{server.url}", *words])


def jupyters(path: Path, server: ApiServer, account: str) -> Path:
    """kubectl's configuration, with the rights of an account."""
    cluster = {"server": server.url, "certificate-authority": str(server.certificate)}
    content = {
        "current-context": "test",
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "me"}}],
        "clusters": [{"name": "test", "cluster": cluster}],
        "users": [{"name": "me", "user": {"token": server.token(account)}}],
    }
    path.write_text(json.dumps(content))
    return path


def test_a_kernel_in_a_pod_with_the_rights_that_are_written_down(
    specs: Path,
    cluster: Kubernetes,
    server: ApiServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Then without them, and with a quota that is full."""
    monkeypatch.setenv("JUPYTER_PATH", spec(specs, tmp_path, launch_timeout=60.0))
    kube = tmp_path / "kube.json"
    monkeypatch.setenv("KUBECONFIG", str(jupyters(kube, server, "jupyter")))
    monkeypatch.setenv("KERNEL_TEST_OPTIONS", options(server, "notebooks"))
    with Session("toree_pod") as session:
        ok(session, "val shift = 3")
        code = "%%python\nsc.parallelize(range(4), 2).map(lambda x: x + shift).sum()"
        assert ok(session, code).result == "18"
        assert len(cluster.pods()) == 2 and len(cluster.all(SECRETS)) == 1
    until(lambda: not (cluster.pods() or cluster.all(JOBS) or cluster.all(SECRETS)), 60)

    jupyters(kube, server, "executors")
    with pytest.raises(LaunchFailed) as found:
        KernelManager(kernel_name="toree_pod").start_kernel()
    assert "Kubernetes refuses: jobs.batch is forbidden" in str(found.value), found.value
    jupyters(kube, server, "jupyter")
    server.limit(pods=0)
    with pytest.raises(LaunchFailed) as found:
        KernelManager(kernel_name="toree_pod").start_kernel()
    assert "within 60 s" in str(found.value) and "exceeded quota: team" in str(found.value)
    assert "requested: pods=1, used: pods=0, limited: pods=0" in str(found.value), found.value
    until(lambda: not (cluster.all(JOBS) or cluster.all(SECRETS)), 60)
    server.revoke("jupyter")
    with pytest.raises(LaunchFailed) as found:
        KernelManager(kernel_name="toree_pod").start_kernel()
    assert "Unauthorized" in str(found.value) and "log in" in str(found.value), found.value


def test_a_driver_outside_with_a_full_quota(
    specs: Path, cluster: Kubernetes, server: ApiServer
) -> None:
    """In each language the quota is named; the session and all names stay, and a cell that waits
    goes on when there is room.
    """
    server.limit(pods=0)
    times = "--conf spark.toree.clusterTimeout=2s --conf spark.toree.queueTimeout=30s"
    given = f"{options(server, 'notebooks')} {times}"
    env = {**os.environ, "SPARK_OPTS": given, "PYSPARK_PYTHON": sys.executable}
    with Session("toree_scala", env=env) as session:
        before = ok(session, "val kept = 41; sc.applicationId").result
        for code in (*CELLS, "sc.parallelize(1 to 4).sum"):
            ran = session.run(code, timeout=200)
            assert ran.status == "error", ran.result
            assert "Kubernetes' quota 'team' is full" in ran.traceback, ran.traceback
            assert "spark.toree.queueTimeout" in ran.traceback, ran.traceback
        assert ok(session, "%%python\nkept + 1").result == "42"
        assert ok(session, "sc.applicationId").result == before

        def make_room(message: dict[str, Any]) -> None:
            if "is full" in str(message["content"]) and not said:
                said.append("full")
                server.limit(pods=2)

        said: list[str] = []
        ran = session.run("sc.parallelize(1 to 4).sum + kept", timeout=200, during=make_room)
        assert said and ran.result == "51.0", ran.traceback
