"""What does not come over, and what is said of it; the switches."""

from __future__ import annotations

import pytest
from session import Session, failed, printed, result, run

pytestmark = pytest.mark.spark


def test_another_languages_function_does_not_come_and_is_missed_only_where_it_lacks(
    kernel: Session,
) -> None:
    run(kernel, "def sorted(x: Int) = x; class Holder")
    ran = run(kernel, "%%python\nsorted([2, 1])")
    assert (ran.result, ran.text("stderr")) == ("[1, 2]", "")
    ran = failed(kernel, "%%python\nHolder()")
    assert "Holder is in Scala and did not come over: a class." in ran.text("stderr")


def test_what_cannot_cross_says_so_where_it_is_used(kernel: Session) -> None:
    run(
        kernel,
        "%%python\nimport os\nhandle = open(os.devnull)\nadd = lambda a, b: a + b",
    )
    assert (
        "handle is in Python and did not come over: an open file."
        in failed(kernel, "handle").traceback
    )
    assert (
        "add is in Python and did not come over: a function."
        in failed(kernel, "add(1, 2)").traceback
    )
    run(kernel, "val square = (x: Int) => x * x")
    ran = failed(kernel, "%%python\nsquare(2)")
    assert ran.reply["ename"] == "NameError"
    assert ran.text("stderr") == "square is in Scala and did not come over: a function.\n"
    shown = result(kernel, "%shared")
    line = next(line for line in shown.splitlines() if line.startswith("| handle "))
    assert line.split("|")[6].strip() == "not shareable: an open file"


def test_an_older_value_of_ones_own_is_not_used_in_silence(kernel: Session) -> None:
    run(kernel, "val mine = 1")
    run(kernel, "%%python\nmine = open(os.devnull)")
    ran = run(kernel, "mine")
    assert ran.result == "1"
    assert ran.text("stderr") == (
        "mine is in Python and did not come over: an open file. The cell used Scala's own.\n"
    )
    run(kernel, "%%python\nmine = 2")
    assert result(kernel, "mine") == "2"


def test_names_of_ones_own_are_not_hidden(kernel: Session) -> None:
    run(kernel, "val max = 7")
    assert result(kernel, "%%python\nmax([1, 2])") == "2"
    run(kernel, "%%python\nsql = 'select 1'")
    assert result(kernel, 'sql("select 2").head.getInt(0)') == "2"
    assert printed(kernel, "%share max --to python") == "max is now in Python.\n"
    assert result(kernel, "%%python\nmax") == "7"
    run(kernel, "%%python\ndel max")


def test_the_switches(kernel: Session) -> None:
    run(kernel, "val switched = 1")
    assert printed(kernel, "%share off") == "Sharing is off.\n"
    assert failed(kernel, "%%python\nswitched").reply["ename"] == "NameError"
    assert printed(kernel, "%share on") == "Sharing is on.\n"
    assert result(kernel, "%%python\nswitched") == "1"
    assert printed(kernel, "%unshare switched") == "switched is shared no more.\n"
    ran = failed(kernel, "%%python\nswitched")
    assert "switched is in Scala and unshared" in ran.text("stderr")
    assert printed(kernel, "%share switched") == "switched is shared.\n"
    assert result(kernel, "%%python\nswitched") == "1"
    assert "No language has shared a name 'nowhere'" in failed(kernel, "%unshare nowhere").traceback


def test_what_scala_imports_stays_its_own(kernel: Session) -> None:
    run(kernel, "%%python\ncount = 5; sum = 1; col = 'x'; lit = 2; Map = 3; util = spark.range(4)")
    use = 'spark.range(4).agg(count(lit(1)), sum(col("id"))).head.getLong(1)'
    ran = run(kernel, f"import org.apache.spark.sql.functions._\n{use}")
    assert ran.result == "6"
    assert ran.text("stderr").splitlines()[0] == (
        "Python's count did not come: Scala has a count of its own (%share count --to scala "
        "brings it)."
    )
    ran = run(kernel, use)  # by the import of the cell before; once is told enough
    assert (ran.result, ran.text("stderr")) == ("6", "")
    # What Scala has everywhere; of packages values of the name are nobody's.
    assert result(kernel, "(Map(1 -> 2), util.count())") == "(Map(1 -> 2),4)"
    run(kernel, "%share col --to scala")
    assert result(kernel, "col.length") == "1"
    by_name = "import scala.util.{Random => lit}\nlit.nextInt(1)"
    assert result(kernel, by_name) == "0"


def test_what_python_imports_stays_its_own(kernel: Session) -> None:
    run(kernel, "%%python\nfrom pyspark.sql.functions import *\nfrom statistics import mean")
    run(kernel, "val mean = 3; val lower = 4; val len = 5; val fineInt = 6")
    shown = "spark.range(1).select(lower('id')).columns, mean([1, 3]), len('ab'), fineInt"
    assert result(kernel, f"%%python\n{shown}") == "(['lower(id)'], 2, 2, 6)"
    run(kernel, "%share mean --to python")
    assert result(kernel, "%%python\nmean") == "3"
    run(kernel, "%%python\nlower = 'mine'")  # an assignment is none of an import
    run(kernel, "val lower = 7")
    assert result(kernel, "%%python\nlower") == "7"
    run(
        kernel,
        "%%python\nimport builtins\nfor n in dir():\n"
        "    if getattr(globals().get(n), '__module__', '') in "
        "('pyspark.sql.functions', 'pyspark.sql.functions.builtin'): del globals()[n]",
    )
