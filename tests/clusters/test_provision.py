"""The provisioner: kernels near and far by one stanza of a kernel spec.

What is carried there are ipykernel's own kernels, which start in half a second; Toree's at the end.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from serving import TOKEN, free_port, serving
from session import Session
from waiting import until

from toree.client import Client
from toree.errors import LaunchFailed
from toree.provision import reception
from toree.provision.invitation import Invitation

from .hosts import Hosts

Spec = Callable[..., str]
IPYTHON = ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"]


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Spec:
    """Makes a kernel spec whose stanza has these settings; its name."""
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))

    def made(argv: list[str] = IPYTHON, **config: Any) -> str:
        folder = tmp_path / "kernels" / "elsewhere"
        folder.mkdir(parents=True, exist_ok=True)
        stanza = {"provisioner_name": "toree-provisioner", "config": config}
        content = {
            "argv": argv,
            "display_name": "Elsewhere",
            "language": "python",
            "interrupt_mode": "message",
            "env": {"FROM_SPEC": "yes", "DEFAULT_INTERPRETER": "PySpark"},
            "metadata": {"kernel_provisioner": stanza},
        }
        (folder / "kernel.json").write_text(json.dumps(content))
        return folder.name

    return made


@pytest.fixture(scope="module")
def hosts() -> Iterator[Hosts]:
    """A host beside this machine, which reaches it by an address of their own."""
    made = Hosts("there", reachable=True)
    yield made
    made.close()


def used(session: Session) -> None:
    """What everybody does with a kernel."""
    assert session.run("import os; os.environ['FROM_SPEC']").result == "'yes'"
    session.run("kept = 1")

    def stop(message: dict[str, Any]) -> None:
        if message["msg_type"] == "stream":
            session.manager.interrupt_kernel()

    ran = session.run("import time\nprint('go')\ntime.sleep(60)", during=stop, timeout=30)
    assert ran.reply["ename"] == "KeyboardInterrupt"
    assert session.run("kept").result == "1"


def test_local(spec: Spec) -> None:
    with Session(spec()) as session:
        used(session)
        pid, manager = session.pid, session.manager
        ports = manager.get_connection_info()["shell_port"]
        session.client.stop_channels()
        manager.restart_kernel()
        assert manager.get_connection_info()["shell_port"] == ports
        session.client = manager.client()
        session.client.start_channels()
        session.client.wait_for_ready(timeout=30)
        assert "NameError" in session.run("kept").traceback
        assert session.pid != pid and not psutil.pid_exists(pid)
        kernel = psutil.Process(session.pid)
        ours = [kernel, *kernel.children(recursive=True)]
    assert not manager.is_alive() and not manager.has_kernel
    until(lambda: not any(p.is_running() and p.status() != "zombie" for p in ours))


def test_a_kernel_that_calls_back(spec: Spec, hosts: Hosts) -> None:
    """From a host of its own, by TLS, with ZeroMQ encrypted."""
    if not hosts.apart:
        pytest.skip("needs root, for a host of its own")
    command = [*hosts.command("there"), "{far}"]
    name = spec(place="command", command=command, response_address=hosts.here)
    with Session(name) as session:
        info = session.manager.get_connection_info()
        assert info["ip"] == hosts.address("there") and "curve_secretkey" in info
        used(session)
        here = os.readlink("/proc/self/ns/net")
        assert session.run("os.readlink('/proc/self/ns/net')").result != repr(here)
        # Without the key nobody gets an answer there.
        plain = session.manager.client(curve_publickey=None, curve_secretkey=None)
        plain.start_channels(shell=True, iopub=False, stdin=False, hb=False, control=False)
        plain.kernel_info()
        assert not plain.shell_channel.socket.poll(1000)
        plain.stop_channels()
        # Nobody listens here any more: the line is what is left of the invitation.
        mine = {c.laddr.port for c in psutil.Process().net_connections() if c.status == "LISTEN"}
        assert mine.isdisjoint({c.laddr.port for c in lines_of(psutil.Process())})


def lines_of(process: psutil.Process) -> list[Any]:
    return [c for c in process.net_connections("tcp") if c.status == "ESTABLISHED"]


def test_the_far_side_ends_when_nobody_can_use_it(spec: Spec) -> None:
    session = Session(spec(place="command", command=["{far}"]))
    with session:
        pid = session.pid
        session.manager.provisioner._kernel.line.close()
        until(lambda: not psutil.pid_exists(pid), 15)


def test_no_kernel_outlives_a_killed_far_side(spec: Spec) -> None:
    """As when YARN kills a container."""
    with Session(spec(place="command", command=["{far}"])) as session:
        kernel = psutil.Process(session.pid)
        kernel.parent().kill()
        until(lambda: not kernel.is_running() or kernel.status() == "zombie", 15)
        until(lambda: not session.manager.is_alive(), 15)


def test_a_kernel_that_dies_is_noticed_and_its_log_kept(spec: Spec) -> None:
    with Session(spec(place="command", command=["{far}"])) as session:
        session.client.execute("import os; os.write(2, b'my last words\\n'); os._exit(7)")
        until(lambda: not session.manager.is_alive())
        provisioner = session.manager.provisioner
        assert provisioner._kernel.status == 7
        session.manager.restart_kernel(now=True)
        assert "my last words" in provisioner.log_text
        assert session.manager.is_alive()


def failure(name: str) -> str:
    """Why a kernel did not come up, and that nothing of it is left."""
    session = Session(name)
    with pytest.raises(LaunchFailed) as found:
        session.manager.start_kernel()
    assert not session.manager.has_kernel
    return str(found.value)


REFUSED = [
    (
        {"command": ["sh", "-c", "echo quota of queue full >&2; exit 9", "{far}"]},
        ["`sh -c", "ended with status 9", "no kernel has called back", "quota of queue full"],
    ),
    (
        {"command": ["sh", "-c", "sleep 60", "{invitation}"], "launch_timeout": 1.0},
        ["No kernel within 1 s: waited for `sh`", "response_address"],
    ),
    ({"command": ["true"]}, ["neither {far} nor {invitation}"]),
    ({"command": ["no-such-program", "{far}"]}, ["no-such-program can't be run"]),
    (
        {"command": ["{far}"], "response_address": "198.51.100.7"},
        ["response_address '198.51.100.7' is no address of this machine", "response_bind"],
    ),
    ({"command": ["{far}"], "response_ports": "a..b"}, ["is no range of ports"]),
    (
        {"command": ["{far}"], "python": "/bin/false"},
        ["/bin/false", "ended with status 1"],
    ),
    (
        # A port that nobody listens on: the one behind it is another.
        {"command": ["{far}"], "response_address": "127.0.0.9", "response_bind": "127.0.0.1"},
        ["can't reach the Jupyter server at 127.0.0.9:", "Set response_address"],
    ),
]


@pytest.mark.parametrize(("config", "said"), REFUSED, ids=lambda v: "")
def test_what_can_go_wrong_is_one_sentence(
    spec: Spec, config: dict[str, Any], said: list[str]
) -> None:
    text = failure(spec(place="command", **{"launch_timeout": 20.0, **config}))
    assert all(part in text for part in said), text


def test_a_kernel_that_does_not_start(spec: Spec) -> None:
    argv = ["python", "-c", "import sys; sys.exit('no such module as mine')", "{connection_file}"]
    for place in ("local", "command"):
        text = failure(spec(argv, place=place, command=["{far}"]))
        assert "ended with status 1 at its start" in text and "no such module as mine" in text


def test_strangers_are_turned_away() -> None:
    desk = reception.Reception("127.0.0.1")
    invited = desk.invitation
    try:
        with socket.create_connection(("127.0.0.1", invited.port)) as noise:
            noise.sendall(b"GET / HTTP/1.1\r\n\r\n")
        other = Invitation(invited.addresses, invited.port, invited.certificate)
        stranger, _ = other.call()
        stranger.send(hello=other.secret)
        silent = [socket.create_connection(("127.0.0.1", invited.port)) for _ in range(3)]
        until(lambda: desk.strangers >= 2)
        assert desk.guest(0) is None
        guest, _ = invited.call()
        guest.send(hello=invited.secret, host="me")
        found = desk.guest(10)
        assert found is not None and found[1] == {"host": "me"}
        with pytest.raises(LaunchFailed, match="can't reach"):  # it was good for one
            invited.call()
        for each in (guest, found[0], stranger):
            each.close()
        for one in silent:
            one.close()
    finally:
        desk.close()


def test_the_far_side_speaks_to_the_inviter_only() -> None:
    """Who has taken the port has another key."""
    desk = reception.Reception("127.0.0.1")
    reception.certificate.shown.cache_clear()
    other = reception.Reception("127.0.0.1")
    try:
        mixed = Invitation(("127.0.0.1",), other.invitation.port, desk.invitation.certificate)
        with pytest.raises(LaunchFailed, match="certificate verify failed"):
            mixed.call()
    finally:
        desk.close()
        other.close()


def test_an_invitation_is_the_users_alone(tmp_path: Path) -> None:
    invitation = Invitation(("127.0.0.1",), 1, "none")
    path = invitation.write(tmp_path / "invitation")
    assert path.stat().st_mode & 0o777 == 0o600
    assert Invitation.read(path.read_text()) == invitation
    assert invitation.secret not in repr(invitation)


SERVERS = {
    "server": [
        *("jupyter_server", "--allow-root", "--no-browser", "--ServerApp.ip=127.0.0.1"),
        *("--ServerApp.port={port}", "--ServerApp.port_retries=0"),
        *(f"--IdentityProvider.token={TOKEN}", "--ServerApp.root_dir={folder}"),
    ],
    "gateway": [
        *("kernel_gateway", "--KernelGatewayApp.ip=127.0.0.1"),
        *("--KernelGatewayApp.port={port}", "--KernelGatewayApp.port_retries=0"),
        f"--KernelGatewayApp.auth_token={TOKEN}",
    ],
}


@pytest.mark.parametrize("kind", SERVERS)
def test_under_jupyters_servers(specs: Path, spec: Spec, tmp_path: Path, kind: str) -> None:
    """Toree's own kernel, which calls back to a server that knows nothing of it."""
    kernels = specs / "share" / "jupyter" / "kernels"
    argv = json.loads((kernels / "toree_pyspark" / "kernel.json").read_text())["argv"]
    name = spec(argv, place="command", command=["{far}"], response_address="127.0.0.1")
    port = free_port()
    command = [word.format(port=port, folder=tmp_path) for word in SERVERS[kind]]
    with serving(command, port, TOKEN, tmp_path / "log") as url:
        with Client.connect(url, token=TOKEN, kernel=name) as client:
            pid = client.execute("import os; os.getpid()", language="python").result()
            assert psutil.pid_exists(int(pid.text))
        until(lambda: not psutil.pid_exists(int(pid.text)), 20)
