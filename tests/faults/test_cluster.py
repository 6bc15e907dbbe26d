"""Executors in processes of their own (`local-cluster`): all languages use and survive them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from session import Session

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def cluster(specs: Path) -> Iterator[Session]:
    options = {"SPARK_OPTS": "--master local-cluster[1,1,1024]"}
    with Session("toree_scala", env={**os.environ, **options}) as session:
        yield session


def ok(session: Session, code: str) -> object:
    ran = session.run(code, timeout=200)
    assert ran.status == "ok", ran.traceback
    return ran.result


def test_classes_and_functions_of_cells_reach_the_executors(cluster: Session) -> None:
    assert ok(cluster, "sc.master") == "local-cluster[1,1,1024]"
    ok(cluster, "case class Point(x: Int); val shift = 3; def moved(p: Point) = p.x + shift")
    assert ok(cluster, "spark.range(4).map(i => moved(Point(i.toInt))).reduce(_ + _)") == "18"


def test_python_workers_run_on_the_executors(cluster: Session) -> None:
    ok(cluster, "%%python\ndef plus(x): return x + 1")
    assert ok(cluster, "%%python\nsc.parallelize(range(4), 2).map(plus).sum()") == "10"


def executors(session: Session) -> list[psutil.Process]:
    java = [p for p in psutil.Process(session.pid).children(recursive=True) if p.name() == "java"]
    return [p for p in java if any("CoarseGrainedExecutor" in word for word in p.cmdline())]


def test_an_executor_that_is_lost(cluster: Session) -> None:
    ok(cluster, "val kept = spark.range(10).cache(); kept.count")
    [executor] = executors(cluster)
    executor.kill()
    assert ok(cluster, "kept.count") == "10"
    ran = cluster.run(
        "sc.parallelize(1 to 4, 4).map { x => if (x == 3) Runtime.getRuntime.halt(52); x }.sum",
        timeout=200,
    )
    assert ran.status == "error"
    first, second = ran.reply["traceback"][0].splitlines()
    assert "ExecutorLostFailure" in first and "code 52" in first
    assert second.startswith("Job aborted due to stage failure")
    assert len(ran.reply["traceback"]) < 10, ran.traceback
    assert ok(cluster, "sc.parallelize(1 to 4, 4).sum") == "10.0"
    assert ok(cluster, "%%python\nkept.count()") == "10"
