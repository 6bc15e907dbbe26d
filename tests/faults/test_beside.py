"""What lies beside the notebook runs when a cell imports it, and never before."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from session import Session

#: Modules that Python, ipykernel, Toree and R's host import at their start.
NAMES = ("random", "runpy", "pkgutil", "ast", "json", "traitlets", "ipykernel", "psutil", "rpy2")
TRAP = "import pathlib\npathlib.Path({mark!r}).touch()\nraise SystemExit(9)\n"


@pytest.fixture
def beside(tmp_path: Path) -> Path:
    """A notebook's folder in which a module of every name is a trap, and `helpers` is none."""
    folder = tmp_path / "notebooks"
    for name in ("toree", "toree/rhost", "pyarrow"):
        (folder / name).mkdir(parents=True)
    trap = TRAP.format(mark=str(tmp_path / "sprung"))
    files = [f"{name}.py" for name in NAMES]
    for file in (*files, "toree/__init__.py", "toree/rhost/__init__.py", "pyarrow/__init__.py"):
        (folder / file).write_text(trap)
    (folder / "helpers.py").write_text("answer = 42\n")
    return folder


def test_modules_beside_the_notebook(specs: Path, beside: Path, tmp_path: Path) -> None:
    options = "--spark-context-initialization-mode lazy"
    env = {**os.environ, "TOREE_OPTS": options}
    with Session("toree_pyspark", cwd=str(beside), env=env) as session:
        assert session.run("6*7").result == "42"
        assert session.run("import helpers; helpers.answer").result == "42"
        # As in ipykernel: the working folder comes behind the standard library.
        assert session.run("import random; random.__file__").result != str(beside / "random.py")
        assert session.run("import sys; '' in sys.path").result == "True"
        child = "import subprocess, sys\nprint(subprocess.run([sys.executable, '-c', {!r}], "
        child += "capture_output=True, text=True).stdout)"
        ran = session.run(child.format("import helpers, sys; print(helpers.answer, sys.path[0])"))
        assert ran.text("stdout").split() == ["42"]  # its own path begins with "", as ever
        assert session.run("import sys; sys.argv[0].endswith('__main__.py')").result == "True"
        assert not (tmp_path / "sprung").exists()


@pytest.mark.r
def test_modules_beside_an_r_notebook(specs: Path, beside: Path, tmp_path: Path) -> None:
    options = "--spark-context-initialization-mode lazy"
    with Session(
        "toree_sparkr", cwd=str(beside), env={**os.environ, "TOREE_OPTS": options}
    ) as session:
        ran = session.run("data.frame(x = 6 * 7)$x")
        assert ran.status == "ok", ran.traceback
        assert "42" in ran.bundles("display_data")[-1]["text/plain"]
        ran = session.run("c(dirname(dirname(dirname(tempdir()))), Sys.getenv('TMPDIR'))")
        assert ran.bundles("display_data")[-1]["text/plain"].split()[1:] == [
            f'"{tempfile.gettempdir()}"',
            f'"{os.environ.get("TMPDIR", "")}"',
        ]
        path = os.environ.get("PYTHONPATH", "")
        ran = session.run("Sys.getenv('PYTHONPATH')")
        assert f'"{path}"' in ran.bundles("display_data")[-1]["text/plain"]
        assert not (tmp_path / "sprung").exists()


def test_python_m_toree_by_hand(beside: Path, tmp_path: Path) -> None:
    """Python looks for `-m` in the working folder; what Toree imports is from elsewhere."""
    shutil.rmtree(beside / "toree")
    for name in ("runpy", "pkgutil"):
        (beside / f"{name}.py").unlink()
    command = [sys.executable, "-m", "toree", "--version"]
    done = subprocess.run(command, cwd=beside, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "sprung").exists()
