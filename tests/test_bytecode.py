"""What `jupyter toree install` leaves for those who may not write beside the package."""

from __future__ import annotations

import shutil
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from toree import apache
from toree.install.app import keep_bytecode


def test_a_start_finds_bytecode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = Path(apache.__file__).parent
    shutil.copytree(ours, tmp_path / "toree", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    keep_bytecode()
    for loaded in ("beginning", "companion/companion", "jupyter/kernel"):
        path = cache_from_source(str(tmp_path / "toree" / f"{loaded}.py"))
        assert Path(path).exists(), loaded
