"""An object store: `s3a://` against a server that runs here (moto)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from magics.maven import Repository
from session import Session

from toree.companion import sparkhome

moto = pytest.importorskip("moto.server", reason="needs moto[server]")

pytestmark = [
    pytest.mark.spark,
    pytest.mark.network,
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        not os.environ.get("TOREE_CLUSTERS"), reason="long: TOREE_CLUSTERS=1 runs it"
    ),
]


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture(scope="module")
def kernel(specs: Path, store: str) -> Iterator[Session]:
    settings = {
        "endpoint": store,
        "path.style.access": "true",
        "connection.ssl.enabled": "false",
        "endpoint.region": "us-east-1",
    }
    words = [f"--conf spark.hadoop.fs.s3a.{name}={text}" for name, text in settings.items()]
    env = {**os.environ, "SPARK_OPTS": " ".join(words)}
    env |= {"AWS_ACCESS_KEY_ID": "me", "AWS_SECRET_ACCESS_KEY": "secret"}
    with Session("toree_scala", env=env) as session:
        yield session


def test_tables_and_jars(kernel: Session, store: str, kit: Path, tmp_path: Path) -> None:
    import boto3

    client = boto3.client(
        "s3",
        endpoint_url=store,
        region_name="us-east-1",
        aws_access_key_id="me",
        aws_secret_access_key="secret",
    )
    client.create_bucket(Bucket="team")
    jar = Repository(tmp_path, kit).add("kit", package="kit")
    client.upload_file(str(jar), "team", "jars/kit.jar")
    [hadoop] = sparkhome.find(None).jars.glob("hadoop-client-api-*.jar")
    version = hadoop.stem.rpartition("-")[2]
    for code, result in [
        (f"%AddDeps org.apache.hadoop hadoop-aws {version} --transitive", None),
        ('spark.range(5).write.parquet("s3a://team/numbers")', None),
        ("%%python\nspark.read.parquet('s3a://team/numbers').count()", "5"),
        ("%%sql\nselect sum(id) from parquet.`s3a://team/numbers`", None),
        ('%AddJar s3a://team/jars/kit.jar\nkit.Greeter.greet("s3a")', "Hello, s3a"),
    ]:
        ran = kernel.run(code, timeout=600)
        assert ran.status == "ok", ran.traceback
        assert result is None or ran.result == result
    assert client.list_objects_v2(Bucket="team", Prefix="numbers/")["KeyCount"] > 1
