"""%restart, %info, %logs: one language anew, the others as they were."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from session import Session
from victim import companion, r_host

pytestmark = pytest.mark.spark


@pytest.fixture(autouse=True)
def something_in_every_language(kernel: Session) -> None:
    kernel.run(
        "val scalas = 1; case class P(x: Int)\n"
        'spark.range(3).createOrReplaceTempView("views"); spark.catalog.cacheTable("views")'
    )
    kernel.run("%%python\npythons = 2")
    assert kernel.run("%%sql\nselect count(*) as n from views").status == "ok"


def test_scala(kernel: Session, measured: dict[str, float]) -> None:
    before = kernel.run("sc.applicationId").result
    now = time.monotonic()
    assert "restarted" in kernel.run("%restart scala").text("stdout")
    measured["%restart scala"] = time.monotonic() - now
    assert "not found: value scalas" in kernel.run("scalas").traceback
    # The new classes have names of their own: executors must not find the old ones.
    redefined = (
        'case class P(x: String, y: Int); sc.parallelize(1 to 9).map(i => P("q", i)).collect().last'
    )
    assert kernel.run(redefined).result == "P(q,9)"
    assert kernel.run("sc.applicationId").result == before
    assert kernel.run('spark.catalog.isCached("views")').result == "true"
    assert kernel.run("%%python\npythons").result == "2"


def test_python(kernel: Session) -> None:
    pid = kernel.pid
    kernel.run("%restart python")
    assert kernel.run("%%python\npythons").reply["ename"] == "NameError"
    assert kernel.run("%%python\nspark.table('views').count()").result == "3"
    assert kernel.run("%%python\nimport os; os.getpid()").result == str(pid)
    assert kernel.run("scalas").result == "1"


def test_spark(kernel: Session) -> None:
    before, jvm = kernel.run("sc.applicationId").result, companion(kernel).pid
    assert "fresh session" in kernel.run("%restart spark").text("stdout")
    assert kernel.run("%%sql\nselect * from views").status == "error"
    assert kernel.run("%%python\nspark.range(7).count()").result == "7"
    assert kernel.run("sc.applicationId").result != before
    assert kernel.run("(scalas, spark.range(7).count())").result == "(1,7)"
    assert kernel.run("%%python\npythons").result == "2"
    assert companion(kernel).pid == jvm


@pytest.mark.r
def test_r(kernel: Session) -> None:
    kernel.run("%%r\nrs <- 3")
    before = r_host(kernel).pid
    kernel.run("%restart r")
    assert kernel.run('%%r\nexists("rs")').result == "[1] FALSE"
    assert r_host(kernel).pid != before
    assert kernel.run("%%python\npythons").result == "2"


def test_wrong_names(kernel: Session) -> None:
    ran = kernel.run("%restart cobol")
    assert (ran.status, "Known: python, r, scala, spark, sql" in ran.traceback) == ("error", True)


def test_a_compiler_that_cannot_be_stopped(kernel: Session) -> None:
    """Printing a type of 2^40 parts looks for no interrupt; %restart scala still helps."""
    deep = "".join(f"def f{i} = (f{i - 1}, f{i - 1})\n" for i in range(1, 41))
    kernel.client.execute(f"def f0 = 1\n{deep}")
    jvm = companion(kernel)
    start = sum(jvm.cpu_times()[:2])
    from victim import until

    until(lambda: sum(jvm.cpu_times()[:2]) > start + 2, 60)
    kernel.manager.interrupt_kernel()
    ran = kernel.run("6*7")
    if ran.status != "ok":
        ran = kernel.run("6*7")
    if ran.status != "ok":
        assert ran.reply["ename"] == "CompilerBusy"
        assert "%restart scala" in ran.reply["evalue"]
    kernel.run("%restart scala")
    assert kernel.run("6*7").result == "42"


def test_info_and_logs(kernel: Session) -> None:
    text = kernel.run("%info").text("stdout")
    for word in ("Toree", "Spark", "Scala", "Java", "Master", "Application", "Memory", "MB"):
        assert word in text
    assert "http://localhost:" in text or "http://127.0.0.1:" in text
    log = next(line.split()[-1] for line in text.splitlines() if line.startswith("Log, JVM"))
    assert (Path(log).stat().st_mode & 0o777, Path(log).parent.stat().st_mode & 0o777) == (
        0o600,
        0o700,
    )
    kernel.run('org.apache.log4j.Logger.getLogger("x").error("seen in the log")')
    assert log in kernel.run("%logs 5").text("stdout")
    assert "seen in the log" in kernel.run("%logs 5").text("stdout")
    assert kernel.run("%logs nothing").status == "error"
