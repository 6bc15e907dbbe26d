"""A token of Kubernetes' that is replaced by a new one while a session runs."""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path

from session import Session
from waiting import until

from .apiserver import ApiServer
from .kubelet import PODS, Kubernetes
from .test_apiserver import cluster, jupyters, pytestmark, server
from .test_kubernetes import SETTINGS, ok

__all__ = ["cluster", "pytestmark", "server"]

MAPS = "/api/v1/namespaces/default/configmaps"


def test_a_token_that_is_replaced(
    specs: Path, cluster: Kubernetes, server: ApiServer, tmp_path: Path
) -> None:
    """The user has logged in again: KUBECONFIG has another one, the old is worth nothing."""
    kube = tmp_path / "kube.json"
    env = {**os.environ, "PYSPARK_PYTHON": sys.executable, "KUBECONFIG": str(kube)}
    settings = dict(SETTINGS)
    del settings["spark.kubernetes.authenticate.submission.oauthToken"]
    settings["spark.kubernetes.authenticate.executor.serviceAccountName"] = "executors"

    jupyters(kube, server, "notebooks")
    words = [f"--conf {name}={value}" for name, value in settings.items()]
    env["SPARK_OPTS"] = " ".join([f"--master k8s://{server.url}", *words])
    with Session("toree_scala", env=env) as session:
        ok(session, "val kept = 41")
        assert ok(session, "sc.parallelize(1 to 4).sum").result == "10.0"
        server.revoke("notebooks")
        until(lambda: refused(server, kube), 30)
        server.renew("notebooks")
        jupyters(kube, server, "notebooks")
        for name in cluster.pods():
            cluster.ask(f"{PODS}/{name}", "DELETE")
        assert ok(session, "sc.parallelize(1 to 4).sum + kept").result == "51.0"
        ok(session, "%restart spark")
        assert ok(session, "sc.parallelize(1 to 4).sum + kept").result == "51.0"
        assert len(cluster.pods()) == 1 and len(cluster.all(MAPS)) == 1
    until(lambda: not cluster.pods() and not cluster.all(MAPS), 30)


def refused(server: ApiServer, kube: Path) -> bool:
    """Whether the API server knows that its token is worth nothing."""
    token = json.loads(kube.read_text())["users"][0]["user"]["token"]
    request = urllib.request.Request(
        server.url + PODS, headers={"Authorization": f"Bearer {token}"}
    )
    try:
        urllib.request.urlopen(request, timeout=10, context=server.trusted).close()
    except urllib.error.HTTPError as error:
        return error.code == 401
    return False
