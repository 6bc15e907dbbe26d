"""Where Spark runs, from everything spark-submit reads: its own order of precedence."""

from __future__ import annotations

from pathlib import Path

import pytest

from toree.companion import master
from toree.companion.sparkhome import SparkHome

ELSEWHERE = "spark://there:7077"


@pytest.fixture
def spark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SparkHome:
    monkeypatch.delenv("MASTER", raising=False)
    monkeypatch.setenv("SPARK_CONF_DIR", str(tmp_path))
    (tmp_path / "own.conf").write_text(
        f"# spark.master local\n spark.master = local[3]\nspark.master:{ELSEWHERE}\nspark.x y\n"
    )
    return SparkHome(tmp_path, "4.3.0", "2.13.18", "SPARK_HOME")


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ([], "local[*]"),
        (["--master", ELSEWHERE], ELSEWHERE),
        ([f"--master={ELSEWHERE}"], ELSEWHERE),
        (["--conf", f"spark.master={ELSEWHERE}"], ELSEWHERE),
        (["-c", f"spark.master={ELSEWHERE}"], ELSEWHERE),
        ([f"--conf=spark.master={ELSEWHERE}"], ELSEWHERE),
        (["-c", "spark.master=local", "-c", f"spark.master={ELSEWHERE}"], ELSEWHERE),
        (["--master", "local[2]", "-c", f"spark.master={ELSEWHERE}"], "local[2]"),
        (["--properties-file", "{conf}/own.conf"], ELSEWHERE),
        (["--properties-file={conf}/own.conf"], ELSEWHERE),
        (["--properties-file", "{conf}/own.conf", "--conf", "spark.master=local"], "local"),
        (["--properties-file", "{conf}/no.conf"], "local[*]"),
        (["--name", "--master", "--verbose", "--master", ELSEWHERE], ELSEWHERE),
        (["--name", "spark.master=yarn", "-c", "spark.masterly=yarn"], "local[*]"),
    ],
)
def test_options(spark: SparkHome, options: list[str], found: str) -> None:
    assert master.of(spark, [o.replace("{conf}", str(spark.conf)) for o in options]) == found


def test_the_default_file_and_the_environment(
    spark: SparkHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASTER", "yarn")
    assert master.of(spark, []) == "yarn"
    (spark.conf / "spark-defaults.conf").write_text("spark.master k8s://https://here\n")
    assert master.of(spark, []) == "k8s://https://here"
    (spark.conf / "few.conf").write_text("spark.x y\n")
    few = ["--properties-file", str(spark.conf / "few.conf")]
    assert master.of(spark, few) == "yarn"
    assert master.of(spark, [*few, "--load-spark-defaults"]) == "k8s://https://here"


def test_local() -> None:
    local = ["local", "local[*]", "local[2]", "local[2,3]"]
    assert all(map(master.is_local, local))
    assert not any(map(master.is_local, ["local-cluster[1,1,1]", "yarn", ELSEWHERE, "k8s://x"]))
