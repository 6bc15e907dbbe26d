"""`%AddDeps` against a repository on loopback, good and bad; once against Maven Central."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import threading
import time
from pathlib import Path

import pytest
from session import Session

from .maven import GROUP, Repository, Server

pytestmark = pytest.mark.spark


def test_a_package_is_there_for_every_language(
    kernel: Session, repository: Repository, server: Server
) -> None:
    repository.add("two", package="two")
    repository.add("one", package="one", needs=[("two", "1.0")])
    kernel.run("val before = List(1, 2, 3)")
    ran = kernel.run(
        f"%AddDeps {GROUP} one 1.0 --transitive --repository {server.url}\n"
        'new one.Greeter().greet("Ann") + new two.Greeter().greet("Bo")'
    )
    assert ran.result == "Hello, Ann, from oneHello, Bo, from two", ran.traceback
    assert f"Marking {GROUP}:one:1.0 for download" in ran.text("stdout")
    assert "Obtained 2 files" in ran.text("stdout")
    shown = ran.bundles("update_display_data")[-1]["text/plain"]
    assert shown.startswith(f"{GROUP}:one:1.0: 2 added, ") and shown.endswith(" s")
    assert kernel.run("before.sum").result == "6"
    closure = 'sc.parallelize(Seq("a")).map(new one.Greeter().greet(_)).collect().head'
    assert kernel.run(closure).result == "Hello, a, from one"
    python = (
        "%%python\n"
        "print(spark._jvm.one.Greeter().greet('Cy'))\n"
        "print(spark.read.format('one').load().head()[0])\n"
        "spark.udf.registerJavaFunction('greet', 'one.Greet', 'string')"
    )
    ran = kernel.run(python)
    assert ran.text("stdout") == "Hello, Cy, from one\nHello, table, from one\n", ran.traceback
    ran = kernel.run("%%sql\nSELECT greet('Di') AS greeting")
    assert "Hello, Di, from one" in str(ran.result), ran.traceback
    ran = kernel.run(
        "%%r\ncat(DBI::dbGetQuery(spark, \"SELECT greet('Ed') AS greeting\")$greeting)"
    )
    assert ran.text("stdout") == "Hello, Ed, from one", ran.traceback


def test_it_outlives_a_restart_of_scala_and_of_the_session(kernel: Session) -> None:
    """Runs after the test above."""
    kernel.run("%restart scala")
    assert kernel.run('new one.Greeter().greet("Ed")').result == "Hello, Ed, from one"
    kernel.run("%restart spark")
    closure = 'sc.parallelize(Seq("a")).map(new one.Greeter().greet(_)).collect().head'
    assert kernel.run(closure).result == "Hello, a, from one"
    assert kernel.run('sc.listJars().exists(_.contains("one-1.0.jar"))').result == "true"


def test_the_second_time_costs_no_network(kernel: Session, server: Server) -> None:
    ran = kernel.run(f"%AddDeps {GROUP}:one:1.0 --repository {server.url}")
    assert ran.reply["status"] == "ok" and server.asked == []
    assert "0 added" in ran.bundles("update_display_data")[-1]["text/plain"]


def test_dependencies_come_when_they_are_wanted(
    kernel: Session, repository: Repository, server: Server
) -> None:
    repository.add("four", package="four")
    repository.add("three", package="three", needs=[("four", "1.0")])
    ran = kernel.run(f"%adddeps {GROUP} three 1.0 --repository={server.url}")
    assert "1 dependencies were left out (--transitive brings them)." in ran.text("stdout")
    assert "not found" in kernel.run("new four.Greeter()").traceback
    ran = kernel.run(f"%AddDeps {GROUP}:three:1.0 --exclude {GROUP}:four --repository {server.url}")
    assert "Obtained 1 files" in ran.text("stdout")
    ran = kernel.run(f"%AddDeps {GROUP}:three:1.0 --repository {server.url}\nnew four.Greeter()")
    assert ran.reply["status"] == "ok", ran.traceback


def test_scalas_suffix_and_classifiers(
    kernel: Session, repository: Repository, server: Server
) -> None:
    line = kernel.run(
        'scala.util.Properties.versionNumberString.split("[.]").take(2).mkString(".")'
    )
    repository.add(f"five_{line.result}", package="five")
    repository.add("six", package=None)
    repository.add("six", package="six", classifier="tests")
    ran = kernel.run(
        f"%AddDeps {GROUP}::five:1.0 {GROUP}:six:1.0 --classifier tests --repository {server.url}"
    )
    assert f"{GROUP}:five_{line.result}:1.0 was not found" in ran.traceback  # it has no classifier
    ran = kernel.run(f"%AddDeps {GROUP}::five:1.0 --repository {server.url}\nnew five.Greeter()")
    assert ran.reply["status"] == "ok", ran.traceback
    call = f"%AddDeps {GROUP} six 1.0 --classifier tests --repository {server.url}\n"
    assert kernel.run(f"{call}new six.Greeter()").reply["status"] == "ok"
    ran = kernel.run(f"%AddDeps {GROUP}:five:1.0 --repository {server.url}")
    assert f"There is five_{line.result}: write {GROUP}::five:1.0." in ran.traceback
    ran = kernel.run(f"%AddDeps {GROUP}:five_2.11:1.0 --repository {server.url}")
    assert f"is made for Scala 2.11, and this is Scala {line.result}." in ran.traceback


def test_typing_errors(kernel: Session, server: Server) -> None:
    ran = kernel.run(f"%AddDeps {GROUP}:one:7.0 --repository {server.url}\nval never = 1")
    assert ran.reply["ename"] == "PackageError"
    assert f"{GROUP}:one:7.0 was not found.\nIts versions are 1.0." in ran.reply["evalue"]
    assert server.url in ran.reply["evalue"]
    assert "not found: value never" in kernel.run("never").traceback
    ran = kernel.run(f"%AddDeps {GROUP}:oen:1.0 --repository {server.url}")
    assert f"{GROUP}:oen:1.0 was not found.\nAsked: " in ran.reply["evalue"]
    assert "'one' is no coordinate" in kernel.run("%AddDeps one").traceback


def test_a_repository_that_does_not_answer_costs_seconds(kernel: Session) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:  # accepts, and says nothing
        url = f"http://127.0.0.1:{mute.getsockname()[1]}/"
        begun = time.monotonic()
        ran = kernel.run(f"%AddDeps {GROUP}:absent:1.0 --repository {url}")
        assert time.monotonic() - begun < 45
    assert f"{url} does not answer" in ran.text("stdout")
    assert f"No answer from: {url}" in ran.reply["evalue"]


def test_a_cut_download_leaves_nothing(
    kernel: Session, repository: Repository, server: Server
) -> None:
    repository.add("seven", package="seven")
    server.cut = "seven-1.0.jar"
    ran = kernel.run(f"%AddDeps {GROUP}:seven:1.0 --repository {server.url}")
    assert ran.reply["status"] == "error" and "seven:1.0 was not found" in ran.traceback
    assert "size" in ran.traceback or "EOF" in ran.traceback
    server.cut = ""
    ran = kernel.run(f"%AddDeps {GROUP}:seven:1.0 --repository {server.url}\nnew seven.Greeter()")
    assert ran.reply["status"] == "ok", ran.traceback


def test_a_wrong_checksum(kernel: Session, repository: Repository, server: Server) -> None:
    jar = repository.add("eight", package="eight")
    jar.with_name(jar.name + ".sha1").write_text("0" * 40)
    ran = kernel.run(f"%AddDeps {GROUP}:eight:1.0 --repository {server.url}")
    assert "invalid sha1" in ran.traceback, ran.traceback
    assert "not found" in kernel.run("new eight.Greeter()").traceback


def test_a_jar_by_its_address(kernel: Session, repository: Repository, server: Server) -> None:
    """A checksum behind `#`, what is fetched once and what `-f` fetches again."""
    jar = repository.add("twelve", package="twelve")
    url = f"{server.url}{jar.relative_to(repository.folder)}"
    ran = kernel.run(f"%AddJar {url}#sha256={'0' * 64}")
    assert ran.reply["status"] == "error" and "sha256" in ran.traceback.lower(), ran.traceback
    assert "not found" in kernel.run("new twelve.Greeter()").traceback
    right = f"{url}#sha256={hashlib.sha256(jar.read_bytes()).hexdigest()}"
    ran = kernel.run(f'%AddJar {right}\nnew twelve.Greeter().greet("Al")')
    assert ran.result == "Hello, Al, from twelve", ran.traceback
    asked = len(server.asked)
    assert "Using cached version of" in kernel.run(f"%AddJar {right}").text("stdout")
    assert len(server.asked) == asked
    assert "Starting download from" in kernel.run(f"%AddJar {right} -f").text("stdout")
    assert len(server.asked) > asked
    assert kernel.run('new twelve.Greeter().greet("Al")').result == "Hello, Al, from twelve"


def test_file_systems_that_need_a_connector(kernel: Session) -> None:
    ran = kernel.run("%AddJar s3a://bucket/a.jar\nval never = 1")
    said = "Hadoop has no file system for s3a: without a connector. It comes with: %AddDeps "
    assert f"{said}org.apache.hadoop:hadoop-aws:" in ran.reply["evalue"]
    assert "not found: value never" in kernel.run("never").traceback
    for scheme, word in (
        ("s3", "hadoop-aws"),
        ("abfss", "hadoop-azure"),
        ("gs", "for gs: without"),
    ):
        assert word in kernel.run(f"%AddJar {scheme}://bucket/a.jar").reply["evalue"]
    ran = kernel.run("%AddJar nofs://bucket/a.jar")
    assert "set spark.hadoop.fs.nofs.impl to its class" in ran.reply["evalue"]


def test_a_file_system_that_a_package_brings(
    kernel: Session, repository: Repository, server: Server, tmp_path: Path
) -> None:
    """Asked for in vain first: Hadoop remembers what was not found."""
    jar = repository.add("thirteen", package="thirteen")
    (tmp_path / "rows.txt").write_text("one\ntwo\n")
    kernel.run('sc.hadoopConfiguration.set("fs.thirteen.impl", "thirteen.Files")')
    read = f'spark.read.text("thirteen://{tmp_path}/rows.txt").count()'
    assert "thirteen.Files not found" in kernel.run(read).traceback
    assert "for thirteen: without" in kernel.run(f"%AddJar thirteen://{jar}").traceback
    kernel.run(f"%AddDeps {GROUP}:thirteen:1.0 --repository {server.url}")
    assert kernel.run(read).result == "2"
    ran = kernel.run(f"%AddJar thirteen://{jar}")
    assert "Finished download of thirteen-1.0.jar" in ran.text("stdout"), ran.traceback


def test_what_may_not_come_in(kernel: Session, repository: Repository, server: Server) -> None:
    repository.add("newer", package="nine", release=99)
    ran = kernel.run(f"%AddDeps {GROUP}:newer:1.0 --repository {server.url}")
    assert "it is made for Java 55, and this is Java" in ran.traceback
    repository.add("one", "2.0", package="one")
    ran = kernel.run(f"%AddDeps {GROUP}:one:2.0 --repository {server.url}")
    assert "this session has version 1.0, which stays until the kernel restarts" in ran.traceback
    ran = kernel.run("%AddDeps org.scala-lang:scala-library:2.13.8")
    assert "a part of Spark" in ran.traceback
    repository.add("bare")
    ran = kernel.run(f"%AddDeps {GROUP}:bare:1.0 --repository {server.url}")
    assert f"{GROUP}:bare:1.0 holds no classes." in ran.text("stdout")
    repository.add("copy", package="one")
    ran = kernel.run(f"%AddDeps {GROUP}:copy:1.0 --repository {server.url}")
    assert "its classes are there already, in " in ran.text("stdout")


def test_a_cycle_and_a_missing_dependency(
    kernel: Session, repository: Repository, server: Server
) -> None:
    repository.add("egg", package="nine", needs=[("hen", "1.0")])
    repository.add("hen", package="ten", needs=[("egg", "1.0"), ("absent", "1.0")])
    call = f"%AddDeps {GROUP}:egg:1.0 --repository {server.url}"
    ran = kernel.run(f"{call} --abort-on-resolution-errors")
    assert f"needs what no repository has: {GROUP}:absent:1.0" in ran.traceback
    ran = kernel.run(f"{call}\n(new nine.Greeter(), new ten.Greeter())")
    assert ran.reply["status"] == "ok", ran.traceback
    assert f"{GROUP}:absent:1.0 was not found" in ran.text("stderr")


def test_a_repository_with_a_password(
    kernel: Session, repository: Repository, server: Server, tmp_path: Path
) -> None:
    repository.add("locked", package=None)
    server.user = "ann:secret word"
    ran = kernel.run(f"%AddDeps {GROUP}:locked:1.0 --repository {server.url}")
    assert ran.reply["status"] == "error" and "Unauthorized" in ran.traceback, ran.traceback
    wrong = tmp_path / "wrong"
    wrong.write_text("host=127.0.0.1\n")
    assert "has no credentials" in kernel.run(f"%AddDeps a:b:1 --credential {wrong}").traceback
    file = tmp_path / "credentials"
    file.write_text(f"realm=Test\nhost={server.address}\nuser=ann\npassword=secret word\n")
    call = f"%AddDeps {GROUP}:locked:1.0 --repository {server.url} --credential {file}"
    assert kernel.run(call).reply["status"] == "ok"
    repository.add("locked2", package=None)
    url = server.url.replace("://", "://ann:secret%20word@")
    ran = kernel.run(f"%AddDeps {GROUP}:locked2:1.0 --repository {url}")
    assert ran.reply["status"] == "ok" and "secret" not in ran.text("stdout")


def test_it_can_be_stopped(kernel: Session, repository: Repository, server: Server) -> None:
    repository.add("slow", package=None)
    server.slow.set()
    begun = []

    def stop() -> None:
        while not any(path.endswith("slow-1.0.jar") for path in server.asked):
            time.sleep(0.05)
        begun.append(time.monotonic())
        os.kill(kernel.pid, signal.SIGINT)

    stopper = threading.Thread(target=stop, daemon=True)
    stopper.start()
    call = f"%AddDeps {GROUP}:slow:1.0 --repository {server.url}"
    ran = kernel.run(call)
    assert ran.reply["ename"] == "Interrupted" and time.monotonic() - begun[0] < 5
    server.slow.clear()
    server.done.set()
    assert kernel.run(call).reply["status"] == "ok"


@pytest.mark.network
def test_maven_central(kernel: Session) -> None:
    ran = kernel.run(
        "%AddDeps org.apache.commons commons-csv 1.10.0\n"
        "org.apache.commons.csv.CSVFormat.DEFAULT.getDelimiter"
    )
    assert ran.result == ",", ran.traceback
