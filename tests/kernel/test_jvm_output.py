"""What the JVM prints while a Python or R cell runs is that cell's, in order, before its reply."""

from __future__ import annotations

import time
from typing import Any

import pytest
from session import Session

pytestmark = pytest.mark.spark

SHOWN = "+---+\n| id|\n+---+\n|  0|\n+---+\n\n"
PRINTS = {
    "a frame": ("spark.range(1)._jdf.show()", SHOWN),
    "System.out": ("sc._jvm.java.lang.System.out.println('x')", "x\n"),
    "lines": ("for i in range(300): sc._jvm.java.lang.System.out.println(i)", None),
    "a megabyte": ("sc._jvm.java.lang.System.out.print('y' * 3_000_000)", "y" * 3_000_000),
    "tasks": ("spark.sql('select shout(2)').collect()", "shout 2\n"),
    "a thread of Python": (
        "import threading; t = threading.Thread("
        "target=lambda: sc._jvm.java.lang.System.out.println('t')); t.start(); t.join()",
        "t\n",
    ),
    "log4j": (
        "sc._jvm.org.apache.logging.log4j.LogManager.getLogger('mine').error('logged')",
        "logged\n",
    ),
}
LOG4J = """
import org.apache.logging.log4j.{Level, LogManager}
import org.apache.logging.log4j.core.{Logger => CoreLogger}
import org.apache.logging.log4j.core.appender.ConsoleAppender
import org.apache.logging.log4j.core.layout.PatternLayout
val console = ConsoleAppender.createDefaultAppenderForLayout(PatternLayout.createDefaultLayout())
console.start()
LogManager.getLogger("mine").asInstanceOf[CoreLogger].addAppender(console)
spark.udf.register("shout", (n: Int) => { println(s"shout $n"); n })
"""


@pytest.fixture(scope="module")
def printing(kernel: Session) -> Session:
    assert kernel.run(LOG4J).status == "ok"
    return kernel


@pytest.mark.parametrize("what", PRINTS)
def test_python(printing: Session, what: str) -> None:
    code, text = PRINTS[what]
    if text is None:
        text = "".join(f"{i}\n" for i in range(300))
    ran = printing.run(f"%%python\nprint('before')\n{code}\nprint('after')")
    assert ran.status == "ok"
    assert ran.text("stdout") == f"before\n{text}after\n"


def test_python_streams_apart(printing: Session) -> None:
    ran = printing.run(
        "%%python\nimport sys\nprint('1')\nsc._jvm.java.lang.System.err.println('2')\n"
        "print('3')\nprint('4', file=sys.stderr)\nsc._jvm.java.lang.System.out.println('5')"
    )
    assert (ran.text("stdout"), ran.text("stderr")) == ("1\n3\n5\n", "2\n4\n")


def test_a_long_call_shows_what_it_prints(printing: Session) -> None:
    """Not only when it ends."""
    printing.run(
        'spark.udf.register("slow", (n: Int) => { print("first"); Thread.sleep(2000); n })'
    )
    seen: dict[str, float] = {}

    def during(message: dict[str, Any]) -> None:
        if message["msg_type"] == "stream":
            seen.setdefault("first", time.monotonic())

    printing.run("%%python\nspark.sql('select slow(1)').collect()", during=during)
    assert time.monotonic() - seen["first"] > 1


@pytest.mark.r
def test_r(printing: Session) -> None:
    ran = printing.run(
        "%%r\ncat('before\\n')\nx <- DBI::dbGetQuery(spark, 'select shout(1)')\ncat('after\\n')"
    )
    assert ran.text("stdout") == "before\nshout 1\nafter\n"


def test_later_cells_get_their_own(printing: Session) -> None:
    printing.run("%%python\nsc._jvm.java.lang.System.out.println('python')")
    assert printing.run('println("scala")').text("stdout") == "scala\n"
    assert printing.run("%%sql\nselect shout(3)").text("stdout") == "shout 3\n"
    assert printing.run("%%python\nprint('p')").text("stdout") == "p\n"
