"""Kernels by ssh, through a real sshd of this test's own on loopback."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from session import Session
from waiting import until

from toree.errors import LaunchFailed
from toree.provision.places.ssh import free_ports, is_free

SSHD = os.environ.get("TOREE_SSHD") or shutil.which("sshd", path="/usr/sbin:/usr/bin:/sbin")

pytestmark = [
    pytest.mark.skipif(
        not os.environ.get("TOREE_CLUSTERS"), reason="needs sshd: TOREE_CLUSTERS=1 runs it"
    ),
    pytest.mark.skipif(
        not SSHD or not shutil.which("ssh"), reason="needs ssh and sshd (TOREE_SSHD names another)"
    ),
]

CONFIG = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
PidFile none
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
"""


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """What leads ssh to the server of this test."""
    folder = tmp_path_factory.mktemp("ssh")
    for name in ("host", "user"):
        make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(make, check=True)
    [port] = free_ports(1)
    (folder / "config").write_text(CONFIG.format(port=port, folder=folder))
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    assert SSHD
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([SSHD, "-D", "-e", "-f", folder / "config"], stderr=log)
    try:
        until(lambda: not is_free(port))
        yield [
            *("-p", str(port), "-i", str(folder / "user")),
            *("-o", "StrictHostKeyChecking=accept-new"),
            *("-o", f"UserKnownHostsFile={folder / 'known'}", "-F", "none"),
        ]
    finally:
        server.terminate()
        server.wait(10)


def spec(folder: Path, **config: object) -> str:
    place = folder / "kernels" / "far"
    place.mkdir(parents=True)
    stanza = {"provisioner_name": "toree-provisioner", "config": {"place": "ssh", **config}}
    content = {
        "argv": ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Far",
        "language": "python",
        "interrupt_mode": "message",
        "env": {"FROM_SPEC": "yes"},
        "metadata": {"kernel_provisioner": stanza},
    }
    (place / "kernel.json").write_text(json.dumps(content))
    return "far"


def test_a_kernel_by_ssh(
    options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    name = spec(tmp_path, host="127.0.0.1", options=options, python=sys.executable)
    with Session(name) as session:
        assert session.run("import os; os.environ['FROM_SPEC']").result == "'yes'"
        assert "SSH_CONNECTION" in str(session.run("sorted(os.environ)").result)
        ran = session.run(
            "import time\nprint('go')\ntime.sleep(60)",
            during=lambda m: (
                session.manager.interrupt_kernel() if m["msg_type"] == "stream" else None
            ),
            timeout=30,
        )
        assert ran.reply["ename"] == "KeyboardInterrupt"
        info, far = session.manager.get_connection_info(), int(session.run("os.getpid()").result)
        listens = {c.laddr.port for c in psutil.Process(far).net_connections("tcp")}
        assert info["shell_port"] not in listens  # it is ssh's, and leads to one that is
        session.client.stop_channels()
        session.manager.restart_kernel()
        assert session.manager.get_connection_info()["shell_port"] == info["shell_port"]
        session.client = session.manager.client()
        session.client.start_channels()
        session.client.wait_for_ready(timeout=30)
        assert not psutil.pid_exists(far)
        far = int(session.run("import os; os.getpid()").result)
    until(lambda: not psutil.pid_exists(far))
    children = psutil.Process().children(recursive=True)
    assert not [p for p in children if p.name() == "ssh" and p.status() != "zombie"]


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"host": ""}, ["names no host"]),
        ({"python": "/no/python"}, ["ended with status 127", "/no/python"]),
        ({"options": ["-p", "9"]}, ["ended with status 255", "refused"]),
    ],
    ids=["host", "python", "port"],
)
def test_what_ssh_says_is_said(
    options: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    config: dict[str, object],
    said: list[str],
) -> None:
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    given = {"host": "127.0.0.1", "options": options, "python": sys.executable, **config}
    with pytest.raises(LaunchFailed) as found:
        Session(spec(tmp_path, **given)).manager.start_kernel()
    assert all(part in str(found.value) for part in said), found.value
