"""A real kernel, with its JVM, for the whole test session."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from session import Session

INSTALL = "from toree.app import main; main()"


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
    """The Scala kernel; other languages by their cell magics. Shared by all tests: tidy up."""
    with Session("toree_scala") as session:
        yield session
