"""What nobody needs any more goes, however often it is made: objects are counted, not bytes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from session import Session
from victim import until

pytestmark = pytest.mark.spark

#: Live objects of a JVM's classes, by the ends of their names.
COUNTED = """
def alive(ends: String*): Int = {
  val name = new javax.management.ObjectName("com.sun.management:type=DiagnosticCommand")
  val server = java.lang.management.ManagementFactory.getPlatformMBeanServer
  System.gc()
  val text = server.invoke(
    name, "gcClassHistogram", Array[Object](Array[String]()), Array("[Ljava.lang.String;"))
  text.toString.split("\\n").map(_.trim.split(" +")).collect {
    case line if line.length > 3 && ends.exists(line(3).endsWith) => line(1).toInt
  }.sum
}
"""


@pytest.fixture(scope="module")
def counted(specs: object) -> Iterator[Session]:
    with Session("toree_scala") as session:
        assert session.run('val frame = spark.range(3).toDF("x")', timeout=300).status == "ok"
        yield session


def alive(session: Session, *ends: str) -> int:
    session.run("%%python\nimport gc; gc.collect()")  # what it lets go of, the JVM may too
    assert session.run(COUNTED).status == "ok"
    return int(session.run(f"print(alive({', '.join(map(repr_of, ends))}))").text("stdout"))


def repr_of(text: str) -> str:
    return f'"{text}"'


def test_frames_that_cross(counted: Session) -> None:
    def cross(times: int) -> None:
        for _ in range(times):
            assert counted.run('val frame = spark.range(3).toDF("x")').status == "ok"
            assert counted.run("%%python\nback = frame").status == "ok"
            assert counted.run("%%sql\nselect 1 from frame limit 0").status == "ok"
            assert counted.run("back.columns").status == "ok"

    cross(3)
    before = alive(counted, ".Dataset")
    cross(12)
    assert alive(counted, ".Dataset") < before + 12  # four of each round are made


def test_values_of_a_restarted_scala(counted: Session) -> None:
    def restart() -> None:
        assert counted.run("case class P(x: Int); val p = Seq.fill(999)(P(1))").status == "ok"
        assert counted.run("%restart scala").status == "ok"

    for _ in range(4):
        restart()
    assert counted.run("1").status == "ok"  # the thread of the cells is the new one's
    # Their compilers end in the background.
    until(lambda: alive(counted, "$P", "toree.repl.ScalaRepl") < 1100, 60)


@pytest.mark.r
def test_frames_that_r_reads(counted: Session) -> None:
    read = "%%r\nfor (i in 1:250) x <- kernel$data$get('frame')\ni"
    assert counted.run(read).result == "[1] 250"
    before = alive(counted, ".Dataset")
    for _ in range(2):
        assert counted.run(read).result == "[1] 250"
    assert alive(counted, ".Dataset") < before + 200  # R is asked what it still needs after 200
