"""The plug-ins of examples/plugins, installed into a fresh environment and used there."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest
from session import Session

pytestmark = [pytest.mark.spark, pytest.mark.network]

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "examples" / "plugins"
INSTALL = "from toree.install.app import main; main()"


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of its own, which sees this Toree and has the plug-ins."""
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder, with_pip=False)
    made = folder / "bin" / "python"
    place = subprocess.run(
        [str(made), "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    Path(place, "toree.pth").write_text(f"{ROOT}\n{sysconfig.get_paths()['purelib']}\n")
    packages = [PLUGINS / "toree-duckdb", PLUGINS / "toree-greetings"]
    pip = [sys.executable, "-m", "pip", "--python", str(made), "install", "-q", "--no-deps"]
    subprocess.run([*pip, "duckdb", *map(str, packages)], check=True, timeout=300)
    return made


@pytest.fixture(scope="module")
def jar(python: Path) -> Path:
    made = python.parents[1] / "rowcount.jar"
    subprocess.run([str(python), str(PLUGINS / "jvm-magic" / "build.py"), str(made)], check=True)
    return made


@pytest.fixture(scope="module")
def own(python: Path, jar: Path) -> Iterator[Session]:
    prefix = python.parents[1]
    subprocess.run([str(python), "-c", INSTALL, "install", "--prefix", str(prefix)], check=True)
    before = os.environ.get("JUPYTER_PATH")
    os.environ["JUPYTER_PATH"] = str(prefix / "share" / "jupyter")
    try:
        with Session("toree_scala", env={**os.environ, "MAGIC_URLS": jar.as_uri()}) as session:
            yield session
    finally:
        if before is None:
            del os.environ["JUPYTER_PATH"]
        else:
            os.environ["JUPYTER_PATH"] = before


def test_a_language_over_the_shared_names(own: Session) -> None:
    own.run('val frame = Seq((1, "a"), (2, "b"), (3, "b")).toDF("n", "s"); val least = 2')
    ran = own.run(
        "%%duckdb -o counted\nSELECT s, count(*) AS c FROM frame WHERE n >= $least GROUP BY s"
    )
    assert "| b " in ran.result and "1 row" in ran.result, ran.traceback
    ran = own.run('counted.select("c").head.getLong(0)')  # Scala has it as a DataFrame
    assert ran.result == "2", ran.traceback
    ran = own.run("%%python\nprint(counted.to_pydict())")
    assert ran.text("stdout") == "{'s': ['b'], 'c': [2]}\n", ran.traceback
    assert "| 2 " in own.run("%%sql\nSELECT c FROM counted").result
    own.run("%%python\nimport pandas\nlocal = pandas.DataFrame({'x': [1.5, 2.5]})")
    assert "4.0" in own.run("%%duckdb\nSELECT sum(x) AS total FROM local").result
    ran = own.run("%%duckdb\nSELECT nothing FROM frame")
    assert ran.reply["ename"] == "duckdb.BinderException" and "nothing" in ran.reply["evalue"]
    assert "%%duckdb" in own.run("%LsMagic").text("stdout")
    assert "is no option" in own.run("%%duckdb -x\nSELECT 1").traceback


def test_magics_of_a_package(own: Session) -> None:
    assert own.run("%greet Ann --loud").text("stdout") == "HELLO, ANN\n"
    assert own.run("%%python\n%greet Bo").text("stdout") == "Hello, Bo\n"
    assert own.run("%%shout\nhello").result == "HELLO"
    first = int(own.run("%greetings").text("stdout").split()[0])
    assert own.run("%greetings").text("stdout") == f"{first + 1} cells\n"


def test_a_magic_in_scala(own: Session, jar: Path) -> None:
    # It is there from the start, by MAGIC_URLS.
    (shown,) = own.run("%%rowcount\nSELECT * FROM range(5)").bundles("execute_result")
    assert shown["text/plain"] == "5"
    ran = own.run(f"%AddJar --magic {jar}")
    assert "Added %%RowCount" in ran.text("stdout"), ran.traceback
