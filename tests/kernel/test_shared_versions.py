"""Which value of a shared name counts: the last assignment, changes in place, deletion."""

from __future__ import annotations

import pytest
from session import Session, failed, result, run

pytestmark = pytest.mark.spark


def test_the_last_assignment_wins(kernel: Session) -> None:
    run(kernel, "val x1 = 1")
    assert result(kernel, "%%python\nx1") == "1"
    run(kernel, "%%python\nx1 = 'two'")
    assert result(kernel, "x1.length") == "3"
    run(kernel, "val x1 = 3.0")
    assert result(kernel, "%%python\nx1") == "3.0"
    run(kernel, "%%python\nx1 = x1 + 1")
    assert result(kernel, "x1") == "4.0"


def test_an_equal_assignment_is_one_too(kernel: Session) -> None:
    run(kernel, "%%python\nfive = 5")
    run(kernel, "val five = 6")
    run(kernel, "%%python\nfive = 5")
    assert result(kernel, "five") == "5"


def test_a_scala_var(kernel: Session) -> None:
    run(kernel, "var counter = 1")
    assert result(kernel, "%%python\ncounter") == "1"
    run(kernel, "counter = 2")
    assert result(kernel, "%%python\ncounter") == "2"
    run(kernel, "def count() = { counter += 1 }")
    run(kernel, "count()")
    assert result(kernel, "%%python\ncounter") == "3"
    run(kernel, "1 + 1")
    first = result(kernel, "%%python\nid(counter)")
    assert result(kernel, "%%python\nid(counter)") == first


def test_a_change_in_place_is_seen(kernel: Session) -> None:
    run(kernel, "%%python\nrows = [1]\nalias = rows")
    assert result(kernel, "rows.sum") == "1"
    run(kernel, "%%python\nrows.append(2)")
    assert result(kernel, "rows.sum") == "3"
    run(kernel, "%%python\nalias.append(3)")
    assert result(kernel, "rows.sum") == "6"
    run(kernel, "%%python\ndef grow():\n    rows.append(4)")
    run(kernel, "%%python\ngrow()")
    assert result(kernel, "rows.sum") == "10"
    run(kernel, "%%python\nclass Holder: pass\nholder = Holder(); holder.kept = {'r': rows}")
    run(kernel, "%%python\nholder.kept['r'].append(5)")
    assert result(kernel, "rows.sum") == "15"
    run(kernel, "%%python\nimport numpy as np\nwhole = np.arange(4.0)\npart = whole[1:3]")
    assert result(kernel, "whole.sum") == "6.0"
    run(kernel, "%%python\npart[:] = 5")
    assert result(kernel, "whole.sum") == "13.0"
    run(kernel, 'val counts = scala.collection.mutable.Map("a" -> 1)')
    assert result(kernel, "%%python\ncounts") == "{'a': 1}"
    run(kernel, 'counts("b") = 2')
    assert result(kernel, "%%python\nlen(counts)") == "2"
    run(
        kernel,
        'object Adder { def add(name: String) = counts(name) = 3 }\ndef more() = Adder.add("c")',
    )
    run(kernel, "more()")
    assert result(kernel, "%%python\nlen(counts)") == "3"


def test_a_value_crosses_once_per_version(kernel: Session) -> None:
    run(kernel, "val pair = Seq(1, 2)")
    first = result(kernel, "%%python\nid(pair)")
    assert result(kernel, "%%python\nid(pair)") == first


def test_deleting_unshares(kernel: Session) -> None:
    run(kernel, "%%python\ngone = 1")
    assert result(kernel, "gone") == "1"
    run(kernel, "%%python\ndel gone")
    ran = failed(kernel, "gone + 1")
    assert "not found: value gone" in ran.traceback
    assert "gone was deleted in Python." in ran.traceback
    run(kernel, "val gone = 2")
    assert result(kernel, "gone") == "2"
    assert result(kernel, "%%python\ngone") == "2"


def test_functions_of_earlier_cells_see_the_newest_value(kernel: Session) -> None:
    run(kernel, "val base = 1")
    run(kernel, "%%python\ndef plus(n): return base + n")
    assert result(kernel, "%%python\nplus(1)") == "2"
    run(kernel, "val base = 10")
    assert result(kernel, "%%python\nplus(1)") == "11"


def test_a_failed_cell_shares_what_it_assigned_before(kernel: Session) -> None:
    failed(kernel, "%%python\nhalf = 1\nraise ValueError\nother_half = 2")
    assert result(kernel, "half") == "1"
    failed(kernel, 'val done = 1\nval done2 = sys.error("stop"): Int')
    run(kernel, "val done2 = 5")
    assert result(kernel, "%%python\ndone2") == "5"


def test_a_restarted_scala_has_no_names_and_gets_those_of_others_again(kernel: Session) -> None:
    run(kernel, "%%python\nstays = 1")
    run(kernel, "val lost = stays")
    run(kernel, "%restart scala")
    assert result(kernel, "stays") == "1"
    assert failed(kernel, "%%python\nlost").reply["ename"] == "NameError"
