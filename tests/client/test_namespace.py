"""A kernel on another machine, as far as one machine can be two: a network namespace of its own."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq
from lines import LIGHT

from toree.client import Client, Refused

FAR, NEAR = "10.231.47.2", "10.231.47.1"
CHANNELS = ("shell", "iopub", "stdin", "control", "hb")


def keys() -> dict[str, str]:
    public, secret = zmq.curve_keypair()
    return {"curve_publickey": public.decode(), "curve_secretkey": secret.decode()}


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@pytest.fixture
def namespace() -> Iterator[str]:
    if shutil.which("ip") is None or os.geteuid() != 0:
        pytest.skip("making a network namespace needs root and iproute2")
    name = f"toree{os.getpid()}"
    near, far = f"tn{os.getpid()}"[:15], f"tf{os.getpid()}"[:15]
    try:
        ip("netns", "add", name)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no network namespaces here: {error.stderr.decode().strip()}")
    try:
        ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", name)
        ip("addr", "add", f"{NEAR}/30", "dev", near)
        ip("link", "set", near, "up")
        ip("-n", name, "addr", "add", f"{FAR}/30", "dev", far)
        ip("-n", name, "link", "set", far, "up")
        ip("-n", name, "link", "set", "lo", "up")
        yield name
    finally:
        subprocess.run(["ip", "link", "del", near], capture_output=True)
        ip("netns", "del", name)


def test_a_kernel_elsewhere_signed_and_encrypted(namespace: str, tmp_path: Path) -> None:
    ports = {f"{name}_port": 47301 + i for i, name in enumerate(CHANNELS)}
    info = {
        **ports,
        "ip": FAR,
        "transport": "tcp",
        "signature_scheme": "hmac-sha256",
        "key": secrets.token_hex(),
        **keys(),
    }
    file = tmp_path / "kernel.json"
    file.write_text(json.dumps(info))
    command = [sys.executable, "-m", "toree", "-f", str(file), f"--ip={FAR}"]
    with open(tmp_path / "log", "wb") as log:
        kernel = subprocess.Popen(
            ["ip", "netns", "exec", namespace, *command],
            env={**LIGHT, "DEFAULT_INTERPRETER": "PySpark"},
            stdout=log,
            stderr=log,
        )
        try:
            with Client.connect(file, timeout=90) as client:
                far = (
                    client.execute("import os; os.readlink('/proc/self/ns/net'), 6 * 7")
                    .result()
                    .text
                )
                assert os.readlink("/proc/self/ns/net") not in far and "42" in far
                client.execute("import pandas as pd; t = pd.DataFrame({'a': range(300_000)})")
                assert client.fetch("t")["a"][-1].as_py() == 299_999
                other = tmp_path / "other.json"
                other.write_text(json.dumps(info | keys()))
                with pytest.raises(Refused, match="did not answer"):
                    Client.connect(other, timeout=3)
                assert client.execute("1").result().text == "1"
                client.shutdown()
            assert kernel.wait(60) == 0, (tmp_path / "log").read_text()
        finally:
            kernel.kill()
            kernel.wait()
