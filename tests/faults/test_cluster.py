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


def test_functions_take_along_what_they_use(cluster: Session) -> None:
    ok(cluster, "val k = 61; val sock = new java.net.Socket(); val c = spark.sparkContext")
    ok(cluster, "val runs = spark.sparkContext.longAccumulator; runs.add(1); class C { def f = k }")
    assert ok(cluster, "sc.parallelize(1 to 4).map(_ + k + new C().f).sum") == "498.0"
    ok(cluster, "import org.apache.spark.sql.functions._; val plus = udf((x: Long) => x + k)")
    assert ok(cluster, 'spark.range(2).select(sum(plus($"id"))).as[Long].first') == "123"


SHADES = """
sealed trait Shade; case object Dark extends Shade; case object Light extends Shade
object Level extends Enumeration { val Low, High = Value }
case class Event(shade: Shade, level: Level.Value)
"""
COUNTED = """
val events = Seq(Event(Dark, Level.Low), Event(Light, Level.High), Event(Dark, Level.Low))
val counts = sc.parallelize(events, 3).map((_, 1)).reduceByKey(_ + _).collect()
counts.map {
  case (Event(Dark, Level.Low), n) => s"dark low $n"
  case (Event(Light, level), n) if level eq Level.High => s"light high $n"
}.sorted.toList
"""


def test_objects_of_cells_are_the_same_in_tasks(cluster: Session) -> None:
    ok(cluster, SHADES)
    assert ok(cluster, COUNTED) == "List(dark low 2, light high 1)"
    assert ok(cluster, SHADES + COUNTED) == "List(dark low 2, light high 1)"
    made = "sc.parallelize(1 to 2, 2).map(i => if (i == 1) Dark else Light).collect()"
    assert ok(cluster, f"{made}.map(_ eq Dark).toList") == "List(true, false)"


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
