"""Real kernels to be ill-treated; the session and the fixtures are those of `tests/kernel`."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "kernel"))

from session import Session

INSTALL = "from toree.app import main; main()"
has_r = shutil.which("R") is not None and importlib.util.find_spec("rpy2") is not None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not has_r:
        for item in items:
            if item.get_closest_marker("r"):
                item.add_marker(pytest.mark.skip(reason="needs R and rpy2"))


@pytest.fixture(scope="session")
def specs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A Jupyter folder with Toree's kernel specs, made by its own installer."""
    prefix = tmp_path_factory.mktemp("prefix")
    subprocess.run(
        [sys.executable, "-c", INSTALL, "install", "--prefix", str(prefix)],
        check=True,
        capture_output=True,
    )
    before = os.environ.get("JUPYTER_PATH")
    os.environ["JUPYTER_PATH"] = str(prefix / "share" / "jupyter")
    yield prefix
    if before is None:
        del os.environ["JUPYTER_PATH"]
    else:
        os.environ["JUPYTER_PATH"] = before


@pytest.fixture(scope="session")
def kernel(specs: Path) -> Iterator[Session]:
    """The Scala kernel of all tests that leave it alive; other languages by their cell magics."""
    with Session("toree_scala") as session:
        yield session


MEASURED: dict[str, float] = {}


@pytest.fixture(scope="session")
def measured() -> dict[str, float]:
    """Figures by what was measured, shown at the end of the run."""
    return MEASURED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if MEASURED:
        terminalreporter.section("measured")
        for what, value in MEASURED.items():
            terminalreporter.write_line(f"{what}: {value:.3f}")
