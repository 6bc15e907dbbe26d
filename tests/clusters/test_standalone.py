"""The mixed notebook on Spark's own cluster: each process on a host of its own, secrets on."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from magics.maven import GROUP, Repository
from session import Ran, Session
from waiting import later, until

from .conftest import kernel_on
from .hosts import Hosts
from .standalone import Standalone

pytestmark = [pytest.mark.spark, pytest.mark.timeout(400)]

NEEDLE = "needle-in-the-wire-" * 3


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standalone]:
    hosts = Hosts("master", "one", "two", "three", "notebook")
    try:
        cluster = Standalone(hosts, tmp_path_factory.mktemp("standalone"))
        cluster.start_worker("one")
        cluster.start_worker("two")
        yield cluster
    finally:
        hosts.close()


@pytest.fixture(scope="module")
def kernel(
    specs: Path, spark: Standalone, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Session]:
    with kernel_on(
        specs, spark, tmp_path_factory.mktemp("specs"), "--conf spark.cores.max=3"
    ) as session:
        yield session


def ok(session: Session, code: str) -> Ran:
    ran = session.run(code, timeout=200)
    assert ran.status == "ok", ran.traceback
    return ran


def value(session: Session, code: str) -> object:
    return ok(session, code).result


def test_classes_of_cells_reach_every_executor(kernel: Session, spark: Standalone) -> None:
    assert value(kernel, "sc.master") == spark.url
    ok(kernel, "case class Trip(city: String, minutes: Int); val shift = 3")
    ok(
        kernel,
        "def place(t: Trip) = { Thread.sleep(200); org.apache.spark.SparkEnv.get.blockManager"
        ".blockManagerId.host -> (t.minutes + shift) }\n"
        'val placed = sc.parallelize((1 to 6).map(Trip("Bern", _)), 6).map(place).collect()',
    )
    assert value(kernel, "placed.map(_._2).sum") == "39"
    hosts = {spark.hosts.address("one"), spark.hosts.address("two")}
    found = str(value(kernel, 'placed.map(_._1).distinct.sorted.mkString(" ")'))
    assert set(found.split()) == hosts
    assert (
        value(kernel, "spark.range(4).map(i => Trip(i.toString, 2)).map(_.minutes).reduce(_ + _)")
        == "8"
    )


def test_python_workers_run_there(kernel: Session, spark: Standalone) -> None:
    code = (
        "%%python\nimport os, time\n"
        "def place(i):\n    time.sleep(0.3)\n    return os.readlink('/proc/self/ns/net')\n"
        "len({*sc.parallelize(range(4), 4).map(place).collect(), place(0)})"
    )
    assert value(kernel, code) == ("3" if spark.hosts.apart else "1")
    code = (
        "%%python\nfrom pyspark.sql.functions import pandas_udf\n"
        "plus = pandas_udf(lambda v: v + shift, 'long')\n"
        "spark.range(3).select(plus('id')).toPandas().sum().item()"
    )
    assert value(kernel, code) == "12"


def test_jars_and_files_arrive(kernel: Session, kit: Path, tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository", kit)
    repository.add("kit", package="kit")
    greet = "sc.parallelize(1 to 4, 4).map(i => kit.Greeter.greet(i.toString)).collect().last"
    ran = ok(kernel, f"%AddDeps {GROUP} kit 1.0 --repository {tmp_path / 'repository'}\n{greet}")
    assert ran.result == "Hello, 4", ran
    other = Repository(tmp_path / "other", kit).add("resource")
    ok(kernel, f"%AddJar {other.as_uri()}")
    code = (
        "sc.parallelize(1 to 2, 2).map(_ => Thread.currentThread.getContextClassLoader"
        '.getResource("resource.txt") != null).collect().forall(identity)'
    )
    assert value(kernel, code) == "true"
    (tmp_path / "facts.txt").write_text("by file")
    ok(kernel, f'sc.addFile("{tmp_path}/facts.txt")')
    read = 'scala.io.Source.fromFile(org.apache.spark.SparkFiles.get("facts.txt")).mkString'
    assert value(kernel, f"sc.parallelize(1 to 1).map(_ => {read}).first") == "by file"
    code = (
        "%%python\nfrom pyspark import SparkFiles\n"
        "sc.parallelize([1], 1).map(lambda _: open(SparkFiles.get('facts.txt')).read()).first()"
    )
    assert value(kernel, code) == "'by file'"


@pytest.mark.r
def test_sql_and_r_collect(kernel: Session) -> None:
    ok(kernel, 'val trips = spark.range(10).selectExpr("id", "id % 2 as odd")')
    ok(kernel, "%%sql -o counts\nselect odd, count(*) as n from trips group by odd")
    ran = ok(kernel, "%%r\nsum(dplyr::collect(counts)$n)")
    assert ran.result == "[1] 10", ran


def test_info_shows_the_cluster(kernel: Session, spark: Standalone) -> None:
    said = ok(kernel, "%info").text("stdout")
    assert "Executors    2, with 1 core and 512m each" in said, said
    application = value(kernel, "sc.applicationId")
    assert f"http://history:18080/history/{application}" in said
    assert [p for p in (spark.folder / "state").iterdir() if str(application) in p.name]


def test_what_they_say_is_encrypted(kernel: Session, spark: Standalone, tmp_path: Path) -> None:
    if not spark.hosts.apart:
        pytest.skip("needs root, to listen on the wire")
    ok(kernel, f'val needle = "{NEEDLE}"')
    wire = spark.hosts.wire(tmp_path / "wire")
    # What is not encrypted is seen: the listener listens.
    plain = (
        "%%python\nimport socket, time\n"
        "sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        f"for _ in range(20): sender.sendto(b'plain-text', ('{spark.hosts.address('one')}', 9)); "
        "time.sleep(0.05)"
    )
    ok(kernel, plain)
    code = (
        "sc.parallelize(1 to 4, 4).map(i => (i, needle)).repartition(3).collect().head._2 == needle"
    )
    assert value(kernel, code) == "true"
    spark.hosts.kill(wire)
    seen = (tmp_path / "wire").read_bytes()
    assert b"plain-text" in seen and len(seen) > 20_000
    assert NEEDLE.encode() not in seen and b"needle" not in seen


def test_a_stop_cancels_on_the_cluster(kernel: Session, tmp_path: Path) -> None:
    beats = tmp_path / "beats"
    code = (
        f'def beat() = new java.io.FileWriter("{beats}", true).append("x").close()\n'
        "sc.parallelize(1 to 2, 2).foreach { _ => while (true) { beat(); Thread.sleep(50) } }"
    )
    thread = later(beats.exists, lambda: os.kill(kernel.pid, signal.SIGINT))
    ran = kernel.run(code, timeout=100)
    thread.join()
    assert ran.reply["ename"] == "Interrupted", ran
    size = beats.stat().st_size
    # Both slots are free again at once: tasks that still ran would hold them.
    assert value(kernel, "sc.parallelize(1 to 2, 2).map(_ + 1).sum") == "5.0"
    assert beats.stat().st_size - size < 40


def test_a_master_that_comes_back(kernel: Session, spark: Standalone) -> None:
    spark.kill("master")
    assert value(kernel, "sc.parallelize(1 to 4, 4).sum") == "10.0"  # executors need no master
    spark.start_master()
    # It knows the application again: the next worker's core is given to it.
    spark.start_worker("three")
    code = "sc.statusTracker.getExecutorInfos.map(_.host).toSet"
    until(lambda: spark.hosts.address("three") in str(value(kernel, code)), 90)


def test_a_worker_killed_in_the_middle_of_a_job(kernel: Session, spark: Standalone) -> None:
    begun = spark.folder / "begun"
    code = (
        f'val counted = sc.parallelize(1 to 12, 12).map {{ i => new java.io.File("{begun}")'
        ".createNewFile(); Thread.sleep(400); i }.sum"
    )
    thread = later(begun.exists, lambda: spark.kill("one"))
    assert value(kernel, f"{code}\ncounted") == "78.0"
    thread.join()
    lost = "sc.statusTracker.getExecutorInfos.map(_.host).toSet"
    assert spark.hosts.address("one") not in str(value(kernel, lost))
    assert value(kernel, "placed.length + shift") == "9"
    assert value(kernel, "%%python\nspark.range(5).count()") == "5"
