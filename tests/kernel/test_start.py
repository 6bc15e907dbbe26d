"""Starting: what works at once, what waits, and what is said when the JVM can't start."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from pace import Pace
from session import Session

pytestmark = pytest.mark.spark


def environment(**changes: str) -> dict[str, str]:
    return {**os.environ, **changes}


def test_python_goes_on_without_spark(specs: Path, tmp_path: Path) -> None:
    env = environment(SPARK_HOME=str(tmp_path / "nowhere"))
    with Session("toree_pyspark", env=env) as session:
        assert session.run("6*7").result == "42"
        ran = session.run("%%scala\n1")
        assert ran.reply["ename"] == "SparkMissing"
        assert str(tmp_path / "nowhere") in ran.traceback
        assert session.run("spark").status == "error"
        assert session.run("%%sql\nselect 1").status == "error"
        assert session.run("6*7").result == "42"


def test_a_wrong_option_is_said_in_the_first_cell(specs: Path) -> None:
    env = environment(TOREE_OPTS="--spark-context-initialization-mode sometimes")
    with Session("toree_scala", env=env) as session:
        ran = session.run("1")
        assert "sometimes" in ran.traceback
        assert "none, lazy, eager" in ran.traceback


@pytest.mark.parametrize("memory, said", [("900000g", "log"), ("128m", "--driver-memory 512m")])
def test_memory_that_cannot_be_had(specs: Path, memory: str, said: str) -> None:
    env = environment(SPARK_OPTS=f"--driver-memory {memory}")
    with Session("toree_scala", env=env) as session:
        ran = session.run("1")
        assert ran.reply["ename"] == "CompanionFailed"
        assert said in ran.traceback
        assert session.run("%%python\n6*7").result == "42"


def test_lazy_start_and_no_wait_for_python(specs: Path) -> None:
    env = environment(TOREE_OPTS="--spark-context-initialization-mode lazy")
    with Session("toree_pyspark", env=env) as session:
        pace, before = Pace(), time.monotonic()
        assert session.run("6*7").result == "42"
        assert pace.alone(time.monotonic() - before) < 2
        assert session.run("spark.range(3).count()").result == "3"
        # PySpark 4 would have loaded them to see whether 3 is an array.
        loaded = "[name for name in ('pandas', 'pyarrow') if name in __import__('sys').modules]"
        assert session.run(loaded).result == "[]"
        numpys = "lit(np.int64(3)) + 1, lit(np.array([1.5, 2]))[1], lit(np.str_('a'))"
        ran = session.run(
            "import numpy as np\nfrom pyspark.sql.functions import lit\n"
            f"tuple(spark.range(1).select({numpys}).first())"
        )
        assert ran.result == "(4, 2.0, 'a')", ran.traceback


def test_none_means_no_session_until_the_user_asks(specs: Path) -> None:
    env = environment(TOREE_OPTS="--spark-context-initialization-mode none")
    with Session("toree_scala", env=env) as session:
        assert session.run("6*7").result == "42"
        active = "org.apache.spark.sql.SparkSession.getActiveSession.isDefined"
        assert session.run(active).result == "false"
        assert session.run("kernel.sparkSession.range(3).count()").result == "3"
