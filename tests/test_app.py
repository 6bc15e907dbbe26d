from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ipykernel.kernelspec import get_kernel_dict

from toree import apache
from toree.companion import java, sparkhome
from toree.install import doctor, kernelspec
from toree.install.app import Toree
from toree.interpreters.r import needs


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_cache: Path) -> Path:
    """Jupyter's folders, home and cache of this test alone. Returns the user's kernels."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_PATH", "")
    # That of the virtual environment too, or `uninstall` would take the kernels it holds.
    monkeypatch.setattr("jupyter_core.paths.ENV_JUPYTER_PATH", [str(tmp_path / "environment")])
    for name in ("SPARK_HOME", "SPARK_CONF_DIR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "data" / "kernels"


def toree(*arguments: str) -> int:
    """Runs `jupyter toree` in this process; returns its exit status."""
    for application in (Toree, *(row[0] for row in Toree.subcommands.values())):
        application.clear_instance()
    try:
        Toree.launch_instance(list(arguments))
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def spec(folder: Path) -> dict[str, object]:
    found = json.loads((folder / "kernel.json").read_text())
    assert isinstance(found, dict)
    return found


def test_install_of_all_kernels(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert toree("install", "--user", "--no-compile") == 0
    named = {path.name: spec(path)["display_name"] for path in elsewhere.iterdir()}
    assert named == {
        "toree_scala": "Toree - Scala",
        "toree_pyspark": "Toree - Python",
        "toree_sql": "Toree - SQL",
        "toree_sparkr": "Toree - R",
    }
    assert spec(elsewhere / "toree_scala") == {
        "argv": [sys.executable, "-c", kernelspec.LAUNCH, "-f", "{connection_file}"],
        "display_name": "Toree - Scala",
        "language": "scala",
        "env": {
            "DEFAULT_INTERPRETER": "Scala",
            "__TOREE_SPARK_OPTS__": "",
            "__TOREE_OPTS__": "",
            "PYTHON_EXEC": sys.executable,
        },
        "metadata": {**get_kernel_dict()["metadata"], "debugger": True},
    }
    logos = {path.name for path in (elsewhere / "toree_sql").iterdir()}
    assert logos == {"kernel.json", "logo-32x32.png", "logo-64x64.png", "logo-svg.svg"}
    shown = capsys.readouterr().out
    assert f"Installed 'Toree - R' in {elsewhere / 'toree_sparkr'}\n" in shown
    assert "Compiling" not in shown


def test_install_as_apache_toree_has_it(elsewhere: Path, tmp_path: Path) -> None:
    status = toree(
        "install",
        f"--prefix={tmp_path / 'env'}",
        "--no-compile",
        "--kernel_name=Apache Toree",
        "--interpreters=Scala,PySpark,SQL",
        f"--spark_home={tmp_path}",
        "--spark_opts=--master=local[4] --conf 'a=b c'",
        "--toree_opts=--nosparkcontext",
        "--python_exec=python3.11",
    )
    assert status == 0
    kernels = tmp_path / "env" / "share" / "jupyter" / "kernels"
    named = {path.name: spec(path)["display_name"] for path in kernels.iterdir()}
    assert named == {
        "apache_toree_scala": "Apache Toree - Scala",
        "apache_toree_pyspark": "Apache Toree - PySpark",
        "apache_toree_sql": "Apache Toree - SQL",
    }
    assert spec(kernels / "apache_toree_pyspark")["env"] == {
        "DEFAULT_INTERPRETER": "PySpark",
        "__TOREE_SPARK_OPTS__": "--master=local[4] --conf 'a=b c'",
        "__TOREE_OPTS__": "--nosparkcontext",
        "PYTHON_EXEC": "python3.11",
        "SPARK_HOME": str(tmp_path),
    }


@pytest.mark.parametrize(
    ("names", "interpreters"),
    [
        ("scala", ["Scala"]),
        ("Python,R", ["PySpark", "SparkR"]),
        ("sql, PYSPARK ,python", ["SQL", "PySpark"]),
    ],
)
def test_names_of_interpreters(names: str, interpreters: list[str]) -> None:
    assert [kind.interpreter for kind in kernelspec.kinds(names)] == interpreters


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--interpreters=Scala,Perl"], "No such interpreter: Perl. There are Scala, PySpark,"),
        (["--interpreters="], "No interpreter given."),
        (["--spark_hom=/opt"], "There is no option --spark_hom;"),
        (["Scala"], "What is 'Scala'?"),
        (["--sys-prefix"], "--user and --prefix (or --sys-prefix) exclude each other."),
    ],
)
def test_wrong_arguments_install_nothing(
    elsewhere: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert toree("install", "--user", "--no-compile", *arguments) == 1
    assert capsys.readouterr().err.startswith(message)
    assert not elsewhere.exists()


def test_another_kernel_is_not_replaced_unasked(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    apache = elsewhere / "apache_toree_scala"
    apache.mkdir(parents=True)
    (apache / "kernel.json").write_text('{"argv": ["/x/bin/run.sh", "--profile"]}')
    again = ["install", "--user", "--no-compile", "--kernel_name=Apache Toree"]
    assert toree(*again, "--interpreters=Scala") == 1
    assert "is another program's kernel" in capsys.readouterr().err
    assert toree("uninstall", "--user") == 0
    assert apache.exists()
    assert toree(*again, "--interpreters=Scala", "--replace") == 0
    assert kernelspec.is_toree(apache)
    assert toree(*again, "--interpreters=Scala") == 0


def test_a_secret_in_the_options_is_warned_of(capsys: pytest.CaptureFixture[str]) -> None:
    option = "--spark_opts=--conf spark.hadoop.fs.s3a.secret.key=x"
    assert toree("install", "--user", "--no-compile", "--interpreters=SQL", option) == 0
    assert capsys.readouterr().out.startswith(
        "Warning: these options look as if they hold a secret"
    )


def test_install_without_spark_warns(
    elsewhere: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert toree("install", "--user", "--interpreters=Scala", f"--spark_home={tmp_path}") == 0
    assert (elsewhere / "toree_scala").exists()
    shown = capsys.readouterr().out
    assert "Warning: Scala, SQL and Spark can't run yet. --spark_home" in shown


def test_uninstall_removes_only_our_own(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert toree("install", "--user", "--no-compile", "--interpreters=Scala,SQL") == 0
    assert toree("install", "--user", "--no-compile", "--interpreters=R", "--kernel_name=Mine") == 0
    foreign = elsewhere / "toree_other"
    foreign.mkdir()
    argv = ["/other/bin/python", "-m", "toree", "-f", "{connection_file}"]
    (foreign / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "Other"}))
    (elsewhere / "broken").mkdir()
    (elsewhere / "broken" / "kernel.json").write_text("{")
    assert toree("uninstall", "--user", "--kernel_name=Mine") == 0
    names = {path.name for path in elsewhere.iterdir()}
    assert names == {"toree_scala", "toree_sql", "toree_other", "broken"}
    assert toree("uninstall") == 0
    assert {path.name for path in elsewhere.iterdir()} == {"toree_other", "broken"}
    assert f"Left 'Other' in {foreign}: it is of /other/bin/python" in capsys.readouterr().out


def test_uninstall_of_the_cache(own_cache: Path) -> None:
    for name in ("spark-4.3.0-scala-2.13.18-x", "java", "sbt"):
        (own_cache / name).mkdir(parents=True)
    assert toree("uninstall", "--user", "--cache") == 0
    assert [path.name for path in own_cache.iterdir()] == ["sbt"]  # not ours: the launcher of sbt


def test_doctor(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert toree("install", "--user", "--no-compile", "--interpreters=SQL") == 0
    capsys.readouterr()
    assert toree("doctor") == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    spark = sparkhome.find()
    found = java.find(*spark.java_range)
    assert ["Spark", spark.version, str(spark.home), "(the", "pyspark", "package)"] in lines
    assert ["Java", str(found.version), str(found.home)] in [line[:3] for line in lines]
    assert ["kernel", "Toree", "-", "SQL", str(elsewhere / "toree_sql")] in lines
    assert lines[-1] == ["Spark", "cells", "can", "run."]


def test_doctor_without_spark(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert toree("doctor", f"--spark_home={tmp_path}") == 1
    lines = capsys.readouterr().out.splitlines()
    line = next(index for index, text in enumerate(lines) if text.startswith("! Spark"))
    assert "is not a whole Spark" in lines[line]
    assert lines[line + 1].strip().startswith("Name a folder that holds bin/spark-submit")
    assert lines[-1] == "Spark cells can't run yet: see above."


def test_doctor_tells_of_an_rpy2_that_is_too_new(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(needs, "installed", lambda: (4, 2, 2))
    monkeypatch.setattr(needs, "packaged", lambda name: "3.6.7")
    assert list(needs.findings()) == [
        doctor.Finding("R", "4.2.2", "/usr/bin/R"),
        doctor.Finding(
            "rpy2", "3.6.7", "does not load in an R older than 4.5", doctor.get(needs.RPY2)
        ),
    ]


def test_doctor_names_one_command_for_each_package_that_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(doctor, "packaged", lambda name: None)
    for finding in doctor.packages():
        assert finding.state == "missing"
        assert finding.subject in finding.advice.split(" install ")[1]
        assert "\n" not in finding.advice


@pytest.mark.parametrize(
    ("place", "command"),
    [
        ("conda", "conda install -c conda-forge x"),
        ("pipx/venvs/toree", "pipx inject toree x"),
        ("venv", f"{sys.executable} -m pip install x"),
    ],
)
def test_doctor_installs_with_what_made_the_environment(
    place: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / place).mkdir(parents=True)
    if place == "conda":
        (tmp_path / place / "conda-meta").mkdir()
    monkeypatch.setattr(sys, "prefix", str(tmp_path / place))
    assert doctor.get("x") == command


def test_the_command_and_its_version() -> None:
    from toree import __version__

    command = [sys.executable, "-c", "from toree.install.app import main; main()", "--version"]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    assert said.stdout == f"{__version__}\n"


# Class data sharing beside a conf folder (toree/companion/cds.py).


def test_the_kernels_that_come_with_the_package() -> None:
    """As `install` makes them, but for what depends on the environment."""
    for kind in kernelspec.all_kinds():
        spec = kernelspec.content(kind, "Toree")
        spec["argv"][0] = "python"  # jupyter_client puts the Python it runs in there
        spec["env"] = {"DEFAULT_INTERPRETER": kind.interpreter}
        spec["metadata"] = {"debugger": True}
        folder = Path(kernelspec.__file__).parent / "kernels"
        assert json.loads((folder / f"{kind.interpreter.lower()}.json").read_text()) == spec


def test_packaged_kernels_are_left_to_pip(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kind = kernelspec.all_kinds()[0]
    spec = kernelspec.content(kind, "Toree")
    spec["argv"][0] = "python"
    kernelspec.write(elsewhere / "toree_scala", kind, spec)
    assert toree("uninstall", "--user") == 0
    assert (elsewhere / "toree_scala").exists()
    assert "it goes with the package" in capsys.readouterr().out


def test_apaches_package_in_the_same_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apache, "__file__", str(tmp_path / "apache.py"))
    apache.refuse()
    (tmp_path / "toreeapp.py").touch()
    with pytest.raises(SystemExit, match="pip uninstall toree apache-toree"):
        apache.refuse()
