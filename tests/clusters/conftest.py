"""Clusters made of their own parts, and kernels that use them."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from session import Session, has_r

from toree.companion import java, sparkhome

from .standalone import Standalone

KIT = """
package kit;
public class Greeter implements java.io.Serializable {
  public static String greet(String whom) { return "Hello, " + whom; }
}
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not has_r:
        for item in items:
            if item.get_closest_marker("r"):
                item.add_marker(pytest.mark.skip(reason="needs R and rpy2"))


@pytest.fixture(scope="session")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the classes of package `kit`."""
    folder = tmp_path_factory.mktemp("kit")
    source = folder / "Greeter.java"
    source.write_text(KIT)
    home = java.find(*sparkhome.find(None).java_range).home
    javac = home / "bin" / "javac"
    if not javac.exists():
        pytest.skip("needs a JDK")
    subprocess.run([javac, "--release", "11", "-d", folder, source], check=True)
    return folder


def spec_on(specs: Path, folder: Path, name: str, command: Sequence[str]) -> str:
    """A kernel spec like another that is started by a command; the Jupyter folder that has it."""
    spec = json.loads((specs / "share/jupyter/kernels/toree_scala/kernel.json").read_text())
    spec["argv"] = [*command, *spec["argv"]]
    place = folder / "kernels" / name
    place.mkdir(parents=True)
    (place / "kernel.json").write_text(json.dumps(spec))
    return str(folder)


@contextlib.contextmanager
def kernel_on(
    specs: Path, cluster: Standalone, folder: Path, options: str = ""
) -> Iterator[Session]:
    """A kernel on a host of its own. ZeroMQ by files: no network leads there."""
    path = spec_on(specs, folder, "toree_cluster", cluster.hosts.command("notebook"))
    before = os.environ["JUPYTER_PATH"]
    os.environ["JUPYTER_PATH"] = f"{path}{os.pathsep}{before}"
    env = cluster.environment("notebook") | {
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_OPTS": f"--master {cluster.url} {options}",
    }
    try:
        with Session("toree_cluster", {"transport": "ipc"}, env=env) as session:
            yield session
    finally:
        os.environ["JUPYTER_PATH"] = before
