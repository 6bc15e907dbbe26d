"""`%spark connect`: PySpark's Connect client, a process of its own, reads the notebook's tables."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import psutil
import pytest
from session import Session, failed, printed, run

pytestmark = pytest.mark.spark
OLD = version("pyspark").startswith("3.")

READER = """
import os
from pyspark.sql import SparkSession
spark = SparkSession.builder.remote(os.environ["ADDRESS"]).getOrCreate()
"""


def elsewhere(address: str, code: str) -> subprocess.CompletedProcess[str]:
    """Code with `spark`, a Connect session, in a Python of its own."""
    environment = {name: v for name, v in os.environ.items() if not name.startswith("SPARK")}
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", READER + code],
        env={**environment, "ADDRESS": address, "GRPC_VERBOSITY": "NONE"},
        capture_output=True,
        text=True,
        timeout=120,
    )


def read(address: str, code: str) -> str:
    done = elsewhere(address, code)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.strip()


def opened(kernel: Session, names: str = "") -> str:
    text = printed(kernel, f"%spark connect {names}")
    found = re.search(r"sc://localhost:\d+/;token=[\w-]{40,}", text)
    assert found, text
    assert [f"global_temp.{name}" for name in names.split()] == text.splitlines()[1:]
    return found[0]


@pytest.mark.skipif(not OLD, reason="Spark 4's Connect server knows a token")
def test_no_token_no_endpoint(specs: Path) -> None:
    with Session("toree_scala") as kernel:
        assert "needs Spark 4" in failed(kernel, "%spark connect").traceback


@pytest.mark.skipif(OLD, reason="Spark 3's Connect server knows no token")
def test_another_program_reads_the_notebooks_tables(specs: Path) -> None:
    pytest.importorskip("grpc_status", reason="PySpark's Connect client needs grpcio-status")
    with Session("toree_scala") as kernel:
        assert printed(kernel, "%spark connect --stop") == "Spark Connect is not open.\n"
        run(kernel, "case class P(a: Int)")
        run(kernel, "val mapped = Seq(1, 2).toDS.map(P(_)).map(p => P(p.a * 10))")
        run(kernel, "val range = spark.range(5).toDF")
        run(kernel, '%%python\nimport pandas as pd\nlocal = pd.DataFrame({"x": ["a", "b"]})')
        run(kernel, "%%sql\nCREATE TEMPORARY VIEW mine AS SELECT count(*) n FROM range")
        address = opened(kernel, "mapped range local mine")
        tables = ", ".join(
            f"[tuple(r) for r in spark.table('global_temp.{name}').collect()]"
            for name in ("mapped", "local", "mine")
        )
        # What it does is a session's of its own.
        code = (
            f"print([{tables}])\n"
            "from pyspark.sql.functions import udf\n"
            "frame = spark.table('global_temp.range')\n"
            "frame.createOrReplaceTempView('theirs')\n"
            "twice = udf(lambda x: x * 2, 'long')\n"
            "print(sum(r[0] for r in frame.select(twice('id')).collect()))"
        )
        assert read(address, code).splitlines() == [
            "[[(10,), (20,)], [('a',), ('b',)], [(5,)]]",
            "20",
        ]
        assert "theirs" not in printed(kernel, "spark.catalog.listTables.show")
        # Again: the same endpoint, the name's new table.
        run(kernel, "val range = spark.range(7).toDF")
        assert opened(kernel, "range") == address
        assert read(address, "print(spark.table('global_temp.range').count())") == "7"
        _strangers(address)
        _nowhere(kernel, address)
        for wrong, why in (("absent", "absent"), ("kernel", "kernel")):
            assert why in failed(kernel, f"%spark connect {wrong}").traceback
        run(kernel, "%unshare local")
        assert "unshared" in failed(kernel, "%spark connect local").traceback
        third = _ends(kernel, address)
    assert not listens(third)


def listens(address: str) -> bool:
    """PySpark itself would try for minutes."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port_of(address))) == 0


def port_of(address: str) -> int:
    return int(address.split(":")[2].split("/")[0])


def _strangers(address: str) -> None:
    """Who has no token or another one learns nothing."""
    bare, _, token = address.partition("token=")
    wrong = [bare.rstrip(";"), f"{bare}token=x", f"{bare}token={token[:-1]}"]
    code = (
        f"for address in {wrong}:\n"
        "    try: print(SparkSession.builder.remote(address).create().range(1).count())\n"
        "    except Exception as error: print('UNAUTHENTICATED' in str(error))\n"
    )
    assert read(address, code).split() == ["True"] * 3
    assert listens(address)
    sockets = psutil.net_connections("tcp")
    listening = {c.laddr for c in sockets if c.laddr and c.laddr.port == port_of(address)}
    assert {where.ip for where in listening} <= {"127.0.0.1", "::ffff:127.0.0.1"}


def _nowhere(kernel: Session, address: str) -> None:
    """The token is in no log, no command line, no environment."""
    token = address.partition("token=")[2]
    text = printed(kernel, "%info")
    logs = [Path(line.split(maxsplit=2)[2]) for line in text.splitlines() if line[:4] == "Log,"]
    assert logs and not any(token in log.read_text(errors="replace") for log in logs)
    front = psutil.Process(kernel.pid)
    for process in (front, *front.children(recursive=True)):
        with contextlib.suppress(psutil.Error):  # it has just ended
            assert token not in f"{process.cmdline()} {process.environ()}"


def _ends(kernel: Session, address: str) -> str:
    """It closes at a word, with the session, and with the kernel."""
    count = "print(spark.range(3).count())"
    assert printed(kernel, "%spark connect --stop") == "Spark Connect is closed.\n"
    assert not listens(address)
    second = opened(kernel)
    assert second.partition("token=")[2] != address.partition("token=")[2]
    assert read(second, count) == "3"
    run(kernel, "%restart spark")
    assert not listens(second)
    run(kernel, "val range = spark.range(9).toDF")
    third = opened(kernel, "range")
    assert read(third, "print(spark.table('global_temp.range').count())") == "9"
    return third
