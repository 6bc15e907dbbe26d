"""One JupyterLab for a file of tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import lab as labs
import pytest


@pytest.fixture(scope="module")
def lab(specs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[labs.Lab]:
    pytest.importorskip("jupyterlab")
    pytest.importorskip("playwright.sync_api")
    if labs.CHROMIUM is None:
        pytest.skip("no Chromium here")
    with labs.running(tmp_path_factory.mktemp("lab")) as lab:
        yield lab
