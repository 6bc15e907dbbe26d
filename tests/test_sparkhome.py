from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from toree.companion import cds, sparkhome
from toree.errors import SparkMissing


def spark_home(folder: Path, spark: str = "3.5.7", scala: str = "2.12.18") -> Path:
    """What `find` reads of a Spark: the names of its jars and its folders."""
    for name in ("bin", "jars", "python/pyspark", "python/lib"):
        (folder / name).mkdir(parents=True)
    line = ".".join(scala.split(".")[:2])
    for jar in (f"spark-core_{line}-{spark}", f"scala-compiler-{scala}", f"scala-library-{scala}"):
        (folder / "jars" / f"{jar}.jar").touch()
    (folder / "python" / "lib" / "py4j-0.10.9.7-src.zip").touch()
    return folder


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPARK_HOME", raising=False)
    monkeypatch.delenv("SPARK_CONF_DIR", raising=False)


def test_the_installed_package_without_importing_it() -> None:
    code = (
        "import sys; from toree.companion import sparkhome; s = sparkhome.find();"
        "assert 'pyspark' not in sys.modules;"
        "import pyspark; print(s.version == pyspark.__version__, s.source, s.python_path)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "True the pyspark package []\n"


def test_the_installed_package_is_whole() -> None:
    found = sparkhome.find()
    assert found.submit.is_file()
    assert (found.jars / f"scala-library-{found.scala}.jar").is_file()


def test_spark_home_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = spark_home(tmp_path / "spark")
    monkeypatch.setenv("SPARK_HOME", str(home))
    found = sparkhome.find()
    assert found == sparkhome.SparkHome(home, "3.5.7", "2.12.18", "SPARK_HOME")
    assert found.conf == home / "conf"


def test_an_explicit_home_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_HOME", str(spark_home(tmp_path / "a")))
    found = sparkhome.find(str(spark_home(tmp_path / "b", "4.1.0-amzn-2", "2.13.17")))
    assert (found.version, found.scala, found.source) == ("4.1.0-amzn-2", "2.13.17", "--spark_home")


def test_its_own_python_wins_over_the_installed_package(tmp_path: Path) -> None:
    home = spark_home(tmp_path / "spark")
    assert sparkhome.find(str(home)).python_path == [
        str(home / "python"),
        str(home / "python" / "lib" / "py4j-0.10.9.7-src.zip"),
    ]


def test_the_package_of_another_environment_brings_only_itself(tmp_path: Path) -> None:
    home = spark_home(tmp_path / "site-packages" / "pyspark")
    (home / "__init__.py").touch()
    (home / "python" / "lib" / "pyspark.zip").touch()
    lib = home / "python" / "lib"
    assert sparkhome.find(str(home)).python_path == [
        str(lib / "pyspark.zip"),
        str(lib / "py4j-0.10.9.7-src.zip"),
    ]


def test_spark_home_that_names_the_installed_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_HOME", str(sparkhome.installed()))
    assert sparkhome.find().python_path == []


@pytest.mark.parametrize(
    ("version", "java"),
    [
        ("3.5.0", (11, 21, 17)),
        ("3.5.9", (11, 21, 17)),
        ("4.0.0-preview2", (17, None, None)),
        ("5.1", (17, None, None)),
    ],
)
def test_java_range(version: str, java: tuple[int, int | None, int | None]) -> None:
    assert sparkhome.SparkHome(Path(), version, "", "").java_range == java


def test_a_home_without_spark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_HOME", str(tmp_path))
    with pytest.raises(SparkMissing) as caught:
        sparkhome.find()
    assert (
        caught.value.message
        == f"SPARK_HOME ({tmp_path}) is not a whole Spark: it has no spark-core."
    )


def test_a_spark_without_its_compiler(tmp_path: Path) -> None:
    home = spark_home(tmp_path / "spark")
    (home / "jars" / "scala-compiler-2.12.18.jar").unlink()
    with pytest.raises(SparkMissing, match="no scala-compiler"):
        sparkhome.find(str(home))


def test_a_spark_that_is_too_old(tmp_path: Path) -> None:
    with pytest.raises(SparkMissing) as caught:
        sparkhome.find(str(spark_home(tmp_path / "spark", "3.4.4", "2.12.17")))
    assert caught.value.message.startswith("Spark 3.4.4 ")
    assert caught.value.advice == "Toree runs in Spark 3.5 and newer."


def test_no_spark_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.delitem(sys.modules, "pyspark", raising=False)
    with pytest.raises(SparkMissing, match="SPARK_HOME is not set and pyspark is not installed"):
        sparkhome.find()


def test_a_spark_built_from_source(tmp_path: Path) -> None:
    home = spark_home(tmp_path / "spark")
    built = home / "assembly" / "target" / "scala-2.12" / "jars"
    built.parent.mkdir(parents=True)
    (home / "jars").rename(built)
    assert sparkhome.find(str(home)).jars == built


def spark_with(conf: Path) -> sparkhome.SparkHome:
    return sparkhome.SparkHome(conf.parent, "4.3.0", "2.13.18", "")


def test_an_empty_conf_folder_is_left_alone(tmp_path: Path) -> None:
    conf = tmp_path / "conf"
    assert cds.settings(spark_with(conf)) == ({}, [])
    conf.mkdir()
    assert cds.settings(spark_with(conf)) == ({}, [])


def test_a_conf_folder_goes_to_the_end_of_the_class_path(
    tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPARK_DIST_CLASSPATH", "/hadoop/*")
    conf = tmp_path / "conf"
    conf.mkdir()
    (conf / "log4j2.properties.template").touch()
    moved = {
        "SPARK_CONF_DIR": str(own_cache / "no-conf"),
        "SPARK_DIST_CLASSPATH": f"/hadoop/*{os.pathsep}{conf}",
    }
    assert cds.settings(spark_with(conf)) == (moved, [])
    defaults = conf / "spark-defaults.conf"
    defaults.write_text("spark.master local[3]\n")
    assert cds.settings(spark_with(conf)) == (moved, ["--properties-file", str(defaults)])
    assert cds.settings(spark_with(conf), ["--properties-file=x"]) == (moved, [])


@pytest.mark.parametrize(
    ("file", "text", "options"),
    [
        ("spark-env.sh", "", []),
        ("spark-defaults.conf", "# x\nspark.master   yarn\n", []),
        ("spark-defaults.conf", "spark.master=k8s://https://host\n", []),
        ("hive-site.xml", "", ["--master", "yarn"]),
        ("hive-site.xml", "", ["--load-spark-defaults"]),
    ],
)
def test_a_conf_folder_on_which_more_depends_stays(
    tmp_path: Path, file: str, text: str, options: list[str]
) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / file).write_text(text)
    assert cds.settings(spark_with(tmp_path / "conf"), options) == ({}, [])
