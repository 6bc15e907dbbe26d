"""Which names a cell reads, and so brings in."""

from __future__ import annotations

import pytest
from session import Session, failed, result, run

pytestmark = pytest.mark.spark


@pytest.mark.parametrize(
    "code",
    [
        "'secret1'",
        "# secret1\n1",
        "''.join.__call__(['a']) if False else type('A', (), {'secret1': 1}).secret1",
        "(lambda secret1: secret1)(1)",
        "[secret1 for secret1 in [1]]",
        "secret1 = 0\nsecret1",
    ],
)
def test_what_is_no_reference_brings_nothing_to_python(kernel: Session, code: str) -> None:
    run(kernel, "val secret1 = 1")
    run(kernel, f"%%python\n{code}")
    assert "secret1" not in run(kernel, "%%python\nkernel.data").text("stdout")
    shown = next(line for line in result(kernel, "%shared").splitlines() if "secret1" in line)
    assert shown.split("|")[4].strip() in ("Scala", "Python")


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ('"secret2"', "secret2"),
        ("1 // secret2", "1"),
        ("((secret2: Int) => secret2)(1)", "1"),
        ("{ val secret2 = 3; secret2 }", "3"),
        ("Some(1).map { case secret2 => secret2 }.get", "1"),
    ],
)
def test_what_is_no_reference_brings_nothing_to_scala(
    kernel: Session, code: str, text: str
) -> None:
    run(kernel, "%%python\nsecret2 = 7")
    assert result(kernel, code) == text
    shown = next(line for line in result(kernel, "%shared").splitlines() if "secret2" in line)
    assert shown.split("|")[4].strip() == "Python"


def test_interpolations_are_references(kernel: Session) -> None:
    run(kernel, "%%python\ninner1 = 7")
    assert result(kernel, 's"<$inner1> ${inner1 + 1}"') == "<7> 8"
    run(kernel, "val inner2 = 8")
    assert result(kernel, "%%python\nf'<{inner2}>'") == "'<8>'"


def test_a_scala_cell_that_reads_a_name_and_then_defines_it(kernel: Session) -> None:
    run(kernel, "%%python\ntwice = 7")
    assert result(kernel, "val before = twice\nval twice = before + 1\ntwice") == "8"
    assert result(kernel, "%%python\ntwice") == "8"


def test_lines_of_errors_do_not_count_what_is_brought_in(kernel: Session) -> None:
    run(kernel, "%%python\nshift = 1")
    assert "<cell>:2: error" in failed(kernel, "val a = shift\nval b: String = shift").traceback
    assert result(kernel, "shift + 1") == "2"


def test_completion_and_inspection_know_the_names_of_others(kernel: Session) -> None:
    run(kernel, "val zebraFrame = spark.range(1).toDF")
    found = kernel.complete("%%python\nzebra|")
    assert found["matches"] == ["zebraFrame"]
    kinds = found["metadata"]["_jupyter_types_experimental"]
    assert [k["type"] for k in kinds] == ["Scala frame"]
    shown = kernel.inspect("%%python\nzebraFr|ame")["data"]["text/plain"]
    assert shown == "zebraFrame: org.apache.spark.sql.DataFrame\nshared by Scala"
    assert result(kernel, "%%python\n'zebraFrame' in globals()") == "False"


def test_the_same_cell_again_may_read_another_s_name_no_more(kernel: Session) -> None:
    """What is imported can have changed in between."""
    run(kernel, "object Box3 { val boxed3 = 5 }")
    run(kernel, "%%python\nboxed3 = 3")
    assert result(kernel, "boxed3 * 1") == "3"
    run(kernel, "import Box3._")
    run(kernel, "%%python\nboxed3 = 4")
    assert result(kernel, "boxed3 * 1") == "5"
