"""Toree's magics in a real kernel."""

from __future__ import annotations

import os
import subprocess
import zipfile
from pathlib import Path

import pytest
from session import Session

from toree.companion import java, sparkhome

pytestmark = pytest.mark.spark

GREETER = """
package greetings
class Greeter extends Serializable { def greet(name: String): String = s"Hello, $name" }
"""


@pytest.fixture(scope="module")
def jar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A jar nobody has on a class path, compiled by the Spark of the kernel."""
    folder = tmp_path_factory.mktemp("jar")
    (folder / "Greeter.scala").write_text(GREETER)
    (folder / "out").mkdir()
    spark = sparkhome.find(os.environ.get("SPARK_HOME"))
    runtime = java.find(*spark.java_range)
    command = [str(runtime.executable), "-cp", f"{spark.jars}/*", "scala.tools.nsc.Main"]
    command += ["-usejavacp", "-d", str(folder / "out"), str(folder / "Greeter.scala")]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    made = folder / "greetings.jar"
    with zipfile.ZipFile(made, "w") as archive:
        for path in (folder / "out").rglob("*.class"):
            archive.write(path, path.relative_to(folder / "out"))
    return made


def test_a_jar_reaches_the_compiler_the_cells_and_the_executors(kernel: Session, jar: Path) -> None:
    ran = kernel.run(f'%AddJar file://{jar}\nnew greetings.Greeter().greet("Ann")')
    assert ran.result == "Hello, Ann", ran.traceback
    ran = kernel.run(
        "import greetings.Greeter\n"
        'sc.parallelize(Seq("a", "b")).map(new Greeter().greet(_)).collect().mkString(", ")'
    )
    assert ran.result == "Hello, a, Hello, b", ran.traceback


def test_what_is_no_jar(kernel: Session, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jar"
    broken.write_text("no zip")
    assert "not a valid jar" in kernel.run(f"%AddJar {broken}").traceback
    assert "There is no file" in kernel.run(f"%AddJar {tmp_path}/absent.jar").traceback
    assert kernel.run("6*7").result == "42"


def test_the_list_of_magics(kernel: Session) -> None:
    shown = kernel.run("%LsMagic").text("stdout")
    lines, cells = shown.split("Available cell magics:")
    for name in ("%addjar", "%lsmagic", "%showtypes", "%restart", "%shared"):
        assert name in lines
    for name in ("%%html", "%%javascript", "%%scala", "%%pyspark", "%%sql", "%%sparkr"):
        assert name in cells


def test_html_and_javascript(kernel: Session) -> None:
    assert kernel.run("%%HTML\n<b>x</b>").bundles("execute_result") == [{"text/html": "<b>x</b>"}]
    assert kernel.run("%%javascript alert(1)").bundles("execute_result") == [
        {"application/javascript": "alert(1)"}
    ]


def test_ipythons_neutral_cell_magics(kernel: Session) -> None:
    assert kernel.run("%%bash\necho from bash").text("stdout") == "from bash\n"


def test_a_magic_in_a_python_cell_knows_what_the_cell_has_assigned(kernel: Session) -> None:
    kernel.run("%%python\ntwo = 0; late = 0")
    ran = kernel.run(
        "%%python\nearly = spark.range(3); two = 2\n"
        "get_ipython().run_cell_magic('sql', '-o sums', 'select sum(id) + :two s from early')\n"
        "gone = 1\n%shared\ndel gone; late = 5"
    )
    assert ran.status == "ok", ran.traceback
    assert "gone" not in kernel.run("%shared").result
    assert kernel.run("(late, two, sums.first().getLong(0))").result == "(5,2,5)"
