"""What users get: the wheel, installed into an empty environment."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from toree import __version__

ROOT = Path(__file__).resolve().parents[1]

network = pytest.mark.network


def run(*command: str | Path, **environment: str) -> str:
    done = subprocess.run(
        command,
        cwd=environment.pop("cwd", None),
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of what git has, so that nothing else can get into it."""
    source = tmp_path_factory.mktemp("source")
    files = run("git", "-C", ROOT, "ls-files", "-z").split("\0")
    for name in filter(None, files):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    out = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", out, source)
    return next(out.glob("*.whl"))


@network
def test_the_wheel_holds_what_is_needed_and_no_more(wheel: Path) -> None:
    assert wheel.name == f"toree-{__version__}-py3-none-any.whl"
    names = set(zipfile.ZipFile(wheel).namelist())
    for needed in (
        "toree/__main__.py",
        "toree/jvm/scala/toree/Main.scala",
        "toree/install/logos/scala/logo-64x64.png",
        f"toree-{__version__}.dist-info/licenses/LICENSE",
    ):
        assert needed in names
    scala = {path.name for path in (ROOT / "jvm" / "src" / "main").rglob("*.scala")}
    assert {name.split("/")[-1] for name in names if name.endswith(".scala")} <= scala
    tops = {name.split("/")[0] for name in names}
    assert tops == {"toree", f"toree-{__version__}.dist-info"}


@network
def test_the_wheel_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "env", with_pip=True)
    bin = tmp_path / "env" / ("Scripts" if os.name == "nt" else "bin")
    run(bin / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check", wheel)
    where = {
        "cwd": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path),
        "SPARK_HOME": "",
        "JUPYTER_PATH": "",
    }
    said = run(bin / "jupyter", "toree", "install", "--sys-prefix", "--no-compile", **where)
    assert "No Spark was found" in said  # a warning: it can still come
    listed = run(bin / "jupyter", "kernelspec", "list", **where)
    for name in ("toree_scala", "toree_pyspark", "toree_sql", "toree_sparkr"):
        assert re.search(rf"^\s*{name}\s+{re.escape(str(tmp_path))}", listed, re.MULTILINE)
    code = (
        "from toree.companion import build; "
        "print(build.source_root(), build.source_root().is_dir())"
    )
    found = run(bin / "python", "-c", code, **where)
    assert found.endswith("site-packages/toree/jvm True\n")


def test_the_changelog_and_the_version_agree() -> None:
    heading = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert heading is not None
    assert heading[1] == __version__
