"""The kernel specs in `etc`, to be copied: each says what the provisioner knows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from toree.errors import LaunchFailed
from toree.provision.invitation import Invitation
from toree.provision.places import Wanted
from toree.provision.places.kubernetes import Kubernetes
from toree.provision.places.ssh import free_ports
from toree.provision.provisioner import PLACES, ToreeProvisioner

ETC = Path(__file__).parents[2] / "etc"


@pytest.mark.parametrize("place", ["kubernetes", "ssh", "yarn"])
def test_a_spec_says_what_the_provisioner_knows(place: str, specs: Path) -> None:
    spec = json.loads((ETC / place / "kernel.json").read_text())
    made = json.loads((specs / "share/jupyter/kernels/toree_scala/kernel.json").read_text())
    assert spec["argv"][1:] == made["argv"][1:]
    asked = spec["metadata"]["kernel_provisioner"]
    assert asked["provisioner_name"] == "toree-provisioner"
    traits = ToreeProvisioner(**asked["config"])
    assert traits.place == place and place in PLACES


def test_a_pod_is_made_of_its_template() -> None:
    config = json.loads((ETC / "kubernetes" / "kernel.json").read_text())["metadata"]
    asked = config["kernel_provisioner"]["config"]
    wanted = Wanted(kernel="0123", python="python3", image=asked["image"], pod=asked["pod"])
    spec = Kubernetes(wanted).job()["spec"]["template"]["spec"]
    [container] = spec["containers"]
    assert container["resources"]["requests"] == {"cpu": "1", "memory": "2Gi"}
    assert spec["serviceAccountName"] == "notebooks" and spec["restartPolicy"] == "Never"
    assert wanted.pod == asked["pod"], "the settings stay as they are: a restart needs them again"


def test_an_api_server_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = {"server": f"http://127.0.0.1:{free_ports(1)[0]}"}
    configuration = {
        "current-context": "test",
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "me"}}],
        "clusters": [{"name": "test", "cluster": cluster}],
        "users": [{"name": "me", "user": {"token": "mine"}}],
    }
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kube.json"))
    invitation = Invitation(("127.0.0.1",), 1, "")
    place = Kubernetes(Wanted(kernel="0123", python="python3", image="toree"))
    with pytest.raises(LaunchFailed, match="No Kubernetes cluster is configured here"):
        place.start(invitation)
    (tmp_path / "kube.json").write_text(json.dumps(configuration))
    with pytest.raises(LaunchFailed, match="API server can't be reached"):
        place.start(invitation)
    place.close()
    cluster["server"] = f"http://127.0.0.1:{free_ports(1)[0]}"
    (tmp_path / "other.json").write_text(json.dumps(configuration))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "other.json"))  # as it is now, not at an import
    with pytest.raises(LaunchFailed, match=cluster["server"].rpartition(":")[2]):
        place.start(invitation)
    place.close()
