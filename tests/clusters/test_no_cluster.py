"""No cluster where the master should be, or none for us: said soon, in a sentence, and nothing else
is lost.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from serving import free_port
from session import Session, has_r

from .conftest import kernel_on
from .hosts import Hosts
from .standalone import Standalone

pytestmark = pytest.mark.spark

CELLS = ["%%sql\nselect 1", "sc.parallelize(1 to 4).sum", "%%python\nspark.range(3).count()"]


def test_no_master_there(specs: Path) -> None:
    port = free_port()
    options = f"--master spark://127.0.0.1:{port} --conf spark.toree.clusterTimeout=1s"
    with Session("toree_scala", env={**os.environ, "SPARK_OPTS": options}) as session:
        assert session.run("val kept = 41").status == "ok"
        now = time.monotonic()
        for code in ("sc.parallelize(1 to 4).sum", "%%python\nspark.range(3).count()"):
            ran = session.run(code)
            assert ran.status == "error"
            assert f"no cluster answers at 127.0.0.1:{port} (Connection refused)" in ran.traceback
            assert "spark.toree.clusterTimeout" in ran.traceback
        assert time.monotonic() - now < 40  # Spark alone takes two minutes
        assert session.run("kept + 1").result == "42"
        assert session.run("%%python\nkept + 1").result == "42"


@pytest.mark.parametrize(
    ("address", "said"),
    [("203.0.113.7", "is no address of this machine"), ("nowhere.invalid", "is no host")],
)
def test_a_driver_s_address_that_is_none(specs: Path, address: str, said: str) -> None:
    options = f"--master local[2] --conf spark.driver.host={address}"
    with Session("toree_scala", env={**os.environ, "SPARK_OPTS": options}) as session:
        assert session.run("val kept = 41").status == "ok"
        for code in CELLS:
            ran = session.run(code)
            assert ran.status == "error"
            assert f"Spark did not start: spark.driver.host={address} {said}" in ran.traceback
            assert "spark.driver.bindAddress is where it listens" in ran.traceback
            assert "Caused by" not in ran.traceback
        assert session.run("%%python\nkept + 1").result == "42"


@pytest.mark.timeout(600)
def test_a_master_that_takes_no_application(specs: Path, tmp_path: Path) -> None:
    """One with another secret is as silent as one of another Spark."""
    hosts = Hosts("master", "notebook")
    (tmp_path / "cluster").mkdir()
    try:
        spark = Standalone(hosts, tmp_path / "cluster")
        settings = {
            "spark.authenticate.secret": "of-another-cluster",
            "spark.toree.clusterTimeout": "1s",
            "spark.toree.queueTimeout": "4s",
        }
        options = " ".join(f"--conf {name}={value}" for name, value in settings.items())
        with kernel_on(specs, spark, tmp_path, options) as session:
            assert session.run("val kept = 41").status == "ok"
            for code in [*CELLS, *(["%%r\ndplyr::tbl(spark, 'x')"] if has_r else [])]:
                now = time.monotonic()
                ran = session.run(code)
                assert time.monotonic() - now < 55  # Spark alone asks for a minute
                assert ran.status == "error"
                assert f"{spark.url} does not take this application: " in ran.traceback
                assert "spark.authenticate.secret; its log says which" in ran.traceback
                assert "stopped SparkContext" not in ran.traceback
                assert "MetricsSystem" not in ran.traceback
                said = "has not taken this application within 1.0 s"
                assert code != CELLS[0] or said in ran.text("stderr")
            assert session.run("%%python\nkept + 1").result == "42"
    finally:
        hosts.close()
