"""Real kernels, near and through real servers. Those without Spark start in a second or two."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lines import LIGHT, TOKEN, Connect, file_of, free_port, serving
from session import Session

from toree.client import AsyncClient, Client


@pytest.fixture(scope="session")
def python_kernel(specs: Path) -> Iterator[Session]:
    """A Python kernel that starts no JVM, shared by all tests: tidy up."""
    environment = {**LIGHT, "JUPYTER_PATH": os.environ["JUPYTER_PATH"]}
    with Session("toree_pyspark", env=environment) as session:
        yield session


@pytest.fixture(scope="session")
def spark_kernel(specs: Path) -> Iterator[Session]:
    """A Scala kernel with its JVM."""
    with Session("toree_scala") as session:
        yield session


@pytest.fixture(scope="session")
def server(specs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Jupyter server."""
    folder, port = tmp_path_factory.mktemp("server"), free_port()
    command = [
        "jupyter_server",
        "--allow-root",
        "--no-browser",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={TOKEN}",
        f"--ServerApp.root_dir={folder}",
    ]
    with serving(command, port, TOKEN, folder / "log") as url:
        yield url


@pytest.fixture(scope="session")
def gateway(specs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Kernel Gateway."""
    folder, port = tmp_path_factory.mktemp("gateway"), free_port()
    command = [
        "kernel_gateway",
        "--KernelGatewayApp.ip=127.0.0.1",
        f"--KernelGatewayApp.port={port}",
        "--KernelGatewayApp.port_retries=0",
        f"--KernelGatewayApp.auth_token={TOKEN}",
    ]
    with serving(command, port, TOKEN, folder / "log") as url:
        yield url


@pytest.fixture(scope="session")
def lines(request: pytest.FixtureRequest) -> Iterator[Callable[[str], Connect]]:
    """How to connect, by the kind of line; each kind has one kernel, which all tests share."""
    owners: list[Client] = []
    found: dict[str, Connect] = {}

    def line(kind: str) -> Connect:
        if kind not in found:
            if kind == "zeromq":
                target, options = file_of(request.getfixturevalue("python_kernel")), {}
            else:
                target = request.getfixturevalue(kind)
                owner = Client.connect(target, token=TOKEN, kernel="toree_pyspark")
                owners.append(owner)
                transport: Any = owner._client._connection.transport
                options = {"token": TOKEN, "kernel": transport.kernel}
            found[kind] = lambda: AsyncClient.connect(target, **options)
        return found[kind]

    yield line
    for owner in owners:
        owner.close()


@pytest.fixture(params=["zeromq", "server", "gateway"])
def connect(request: pytest.FixtureRequest, lines: Callable[[str], Connect]) -> Connect:
    """Makes a client of a Python kernel, over each kind of line."""
    return lines(request.param)
