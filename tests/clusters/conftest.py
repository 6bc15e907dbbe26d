"""Clusters made of their own parts, and kernels that use them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from session import has_r

from toree.companion import java, sparkhome

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
