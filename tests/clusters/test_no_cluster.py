"""No cluster where the master should be: said soon, in a sentence, and nothing else is lost."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from serving import free_port
from session import Session

pytestmark = pytest.mark.spark


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
