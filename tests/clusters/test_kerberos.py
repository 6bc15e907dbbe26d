"""A secure Hadoop: Kerberos' own KDC, HDFS and YARN that let in nobody without a ticket."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from session import Ran, Session

from toree.errors import LaunchFailed

from .hadoop import Hadoop
from .test_yarn import spec

pytestmark = [
    pytest.mark.spark,
    pytest.mark.network,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not os.environ.get("TOREE_YARN"), reason="long: TOREE_YARN=1 runs it"),
    pytest.mark.skipif(not shutil.which("mvn"), reason="needs Maven"),
]

OWNER = """
import org.apache.hadoop.fs.{FileSystem, Path}
FileSystem.get(sc.hadoopConfiguration).getFileStatus(new Path("numbers")).getOwner
"""


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hadoop]:
    cluster = Hadoop(tmp_path_factory.mktemp("secure"), "secure")
    yield cluster
    cluster.close()


def options(cluster: Hadoop, *who: str) -> list[str]:
    java = f"-Djava.security.krb5.conf={cluster.folder}/krb5.conf"
    parts = ("driver", "executor", "yarn.am")
    return cluster.options(
        *(w for part in parts for w in ("--conf", f"spark.{part}.extraJavaOptions={java}")), *who
    )


def alice(cluster: Hadoop) -> list[str]:
    return ["--principal", "alice", "--keytab", str(cluster.folder / "alice.keytab")]


def near(cluster: Hadoop, *who: str, ticket: str = "nobody.ticket") -> Session:
    env = {
        **cluster.environment(),
        "KRB5CCNAME": str(cluster.folder / ticket),
        "SPARK_OPTS": shlex.join(["--master", "yarn", *options(cluster, *who)]),
        "PYSPARK_PYTHON": sys.executable,
    }
    return Session("toree_scala", env=env)


def ok(session: Session, code: str) -> Ran:
    ran = session.run(code, timeout=300)
    assert ran.status == "ok", ran.traceback
    return ran


def notebook(session: Session, who: str) -> None:
    """A job in containers, Python's workers, and a table on HDFS that is the user's."""
    assert ok(session, "sc.sparkUser").result == who
    ok(session, 'val shift = 3; spark.range(5).write.mode("overwrite").parquet("numbers")')
    code = "%%python\nsc.parallelize(range(4), 2).map(lambda x: x + shift).sum()"
    assert ok(session, code).result == "18"
    assert ok(session, "%%sql\nselect sum(id) from parquet.`numbers`").status == "ok"
    assert ok(session, OWNER).result == who


def test_a_principal_and_its_keytab(specs: Path, secure: Hadoop) -> None:
    with near(secure, *alice(secure)) as session:
        notebook(session, "alice")


def test_no_ticket_is_said_at_once(specs: Path, secure: Hadoop) -> None:
    """YARN's own client tries for a quarter of an hour. Names stay, and the sentence says kinit."""
    with near(secure) as session:
        ok(session, "val kept = 41")
        for code in ("spark.range(3).count", "%%python\nspark.range(3).count()"):
            ran = session.run(code, timeout=60)
            assert ran.status == "error" and "kinit" in ran.traceback, ran.traceback
        assert ok(session, "%%python\nkept + 1").result == "42"


def test_another_user_by_a_ticket(specs: Path, secure: Hadoop) -> None:
    """`--proxy-user`: the cluster sees that user."""
    with near(secure, "--proxy-user", "bob", ticket="gateway.ticket") as session:
        notebook(session, "bob")


def test_a_principal_in_the_cluster(
    specs: Path, secure: Hadoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = options(secure, *alice(secure))
    monkeypatch.setenv("JUPYTER_PATH", spec(specs, tmp_path, secure, *given))
    monkeypatch.setenv("HADOOP_CONF_DIR", str(secure.conf))
    monkeypatch.setenv("SPARK_SUBMIT_OPTS", next(o for o in given if "krb5" in o).split("=", 1)[1])
    with Session("toree_yarn") as session:
        notebook(session, "alice")


def test_no_ticket_for_a_driver_in_the_cluster(
    specs: Path, secure: Hadoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = options(secure)
    monkeypatch.setenv("JUPYTER_PATH", spec(specs, tmp_path, secure, *given))
    monkeypatch.setenv("HADOOP_CONF_DIR", str(secure.conf))
    monkeypatch.setenv("KRB5CCNAME", str(secure.folder / "nobody.ticket"))
    monkeypatch.setenv("SPARK_SUBMIT_OPTS", next(o for o in given if "krb5" in o).split("=", 1)[1])
    with pytest.raises(LaunchFailed) as found:
        Session("toree_yarn").manager.start_kernel()
    assert "kinit" in str(found.value), found.value
