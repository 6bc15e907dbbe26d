"""What a part of Toree needs on this machine: what was found, and the command that gets it."""

from __future__ import annotations

import dataclasses
import importlib.util
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class Finding:
    """One line of the report. `advice` is what to do; `fatal` means Spark cells can't run."""

    subject: str
    state: str
    detail: str = ""
    advice: str = ""
    fatal: bool = False

    @property
    def sentence(self) -> str:
        return f"{self.subject} {self.state} ({self.detail}): {self.advice}."


def get(packages: str) -> str:
    """The one command that installs packages into this Python, by the tool that made it."""
    prefix = Path(sys.prefix)
    if (prefix / "conda-meta").is_dir():
        return f"conda install -c conda-forge {packages}"
    if prefix.parent.name == "venvs" and "pipx" in prefix.parts:
        return f"pipx inject {prefix.name} {packages}"
    if importlib.util.find_spec("pip") is None:  # uv's environments have none
        return f"uv pip install --python {sys.executable} {packages}"
    return f"{sys.executable} -m pip install {packages}"


def packaged(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
