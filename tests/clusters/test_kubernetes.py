"""Client mode on Kubernetes' API: executors are pods, which a kubelet of the test's own runs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from jupyter_client.manager import KernelManager
from session import Ran, Session
from waiting import until

from toree.errors import LaunchFailed
from toree.provision.places import Place

from .kubelet import JOBS, SECRETS, Kubernetes, owners

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
def kernel(
    specs: Path, cluster: Kubernetes, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Session]:
    template = tmp_path_factory.mktemp("pod") / "template.json"  # JSON is YAML
    pod = {"metadata": {"labels": {"team": "ours"}}, "spec": {"containers": [{"name": "one"}]}}
    template.write_text(json.dumps({"apiVersion": "v1", "kind": "Pod", **pod}))
    more = {
        "spark.kubernetes.executor.podTemplateFile": str(template),
        "spark.kubernetes.authenticate.executor.serviceAccountName": "executors",
    }
    words = [f"--conf {name}={value}" for name, value in {**SETTINGS, **more}.items()]
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
    assert pod["metadata"]["labels"]["team"] == "ours"
    assert pod["spec"]["serviceAccountName"] == "executors"
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


@pytest.fixture
def in_a_pod(
    specs: Path, cluster: Kubernetes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Session]:
    """A kernel whose driver is in a pod, and it with it."""
    monkeypatch.setenv("JUPYTER_PATH", spec(specs, tmp_path))
    monkeypatch.setenv("KUBECONFIG", str(configured(tmp_path / "kube.json", cluster.url)))
    options = [f"--conf {n}={v}" for n, v in SETTINGS.items() if not n.startswith("spark.driver")]
    monkeypatch.setenv("KERNEL_TEST_OPTIONS", " ".join([f"--master k8s://{cluster.url}", *options]))
    with Session("toree_pod") as session:
        yield session


def configured(path: Path, url: str) -> Path:
    """kubectl's configuration."""
    path.write_text(
        json.dumps(
            {
                "current-context": "test",
                "contexts": [{"name": "test", "context": {"cluster": "test", "user": "me"}}],
                "clusters": [{"name": "test", "cluster": {"server": url}}],
                "users": [{"name": "me", "user": {"token": "of-the-test"}}],
            }
        )
    )
    return path


def spec(specs: Path, folder: Path, **settings: object) -> str:
    content = json.loads((specs / "share/jupyter/kernels/toree_scala/kernel.json").read_text())
    content["interrupt_mode"] = "message"
    content["env"]["SPARK_OPTS"] = "${KERNEL_TEST_OPTIONS}"
    content["metadata"]["kernel_provisioner"] = {
        "provisioner_name": "toree-provisioner",
        "config": {
            "place": "kubernetes",
            "image": "toree-of-the-test",
            "python": sys.executable,
            "response_address": "127.0.0.1",
            "pod": {"spec": {"serviceAccountName": "notebooks"}},
            **settings,
        },
    }
    place = folder / "kernels" / "toree_pod"
    place.mkdir(parents=True)
    (place / "kernel.json").write_text(json.dumps(content))
    return str(folder)


def test_a_kernel_in_a_pod(in_a_pod: Session, cluster: Kubernetes) -> None:
    """Its executors are the driver's pod's own, its stop works, and all of it goes at its end."""
    ok(in_a_pod, "case class Stop(name: String); val shift = 3")
    code = 'sc.parallelize((1 to 4).map(_ => Stop("Bern")), 2).map(_.name.length + shift).sum'
    assert ok(in_a_pod, code).result == "28.0"
    code = "%%python\nsc.parallelize(range(4), 2).map(lambda x: x + shift).sum()"
    assert ok(in_a_pod, code).result == "18"
    [job] = cluster.all(JOBS)
    pods = {
        pod["metadata"]["labels"].get("spark-role", "kernel"): pod
        for pod in cluster.pods().values()
    }
    assert pods["kernel"]["spec"]["serviceAccountName"] == "notebooks"
    assert pods["kernel"]["metadata"]["uid"] in owners(pods["executor"])
    assert "curve_secretkey" in in_a_pod.manager.get_connection_info()

    def stop(message: dict[str, object]) -> None:
        if message["msg_type"] == "stream":
            in_a_pod.manager.interrupt_kernel()

    ran = in_a_pod.run('println("go"); while (true) {}', during=stop, timeout=60)
    assert ran.reply["ename"] == "Interrupted"
    in_a_pod.client.stop_channels()
    in_a_pod.manager.restart_kernel()
    in_a_pod.client = in_a_pod.manager.client()
    in_a_pod.client.start_channels()
    in_a_pod.client.wait_for_ready(timeout=60)
    assert ok(in_a_pod, "1 + 1").result == "2"
    until(lambda: len(cluster.all(JOBS)) == 1 and job not in cluster.all(JOBS), 60)


def test_nothing_outlives_a_server_that_is_killed(in_a_pod: Session, cluster: Kubernetes) -> None:
    """The line is all that the far side has of it."""
    ok(in_a_pod, "sc.parallelize(1 to 4, 2).sum")
    assert len(cluster.pods()) == 2
    kernel = in_a_pod.manager.provisioner._kernel  # type: ignore[attr-defined]
    kernel.place = Nothing(kernel.place.wanted)
    kernel.line.close()
    until(lambda: not (cluster.pods() or cluster.all(JOBS)), 90)
    until(lambda: cluster.all(SECRETS) == {}, 10)


class Nothing(Place):
    """Of a server that is gone."""

    def log(self) -> str:
        return ""


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"image": ""}, "names no image"), ({"python": "/no/such/python"}, "/no/such/python")],
)
def test_a_pod_that_comes_to_nothing(
    settings: dict[str, str],
    said: str,
    specs: Path,
    cluster: Kubernetes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("JUPYTER_PATH", spec(specs, tmp_path, **settings))
    monkeypatch.setenv("KUBECONFIG", str(configured(tmp_path / "kube.json", cluster.url)))
    with pytest.raises(LaunchFailed) as found:
        KernelManager(kernel_name="toree_pod").start_kernel()
    assert said in str(found.value), found.value
    until(lambda: cluster.all(JOBS) == {}, 30)
