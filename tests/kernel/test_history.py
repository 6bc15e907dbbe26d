"""What no later Scala cell can reach is let go of; what one can, stays."""

from __future__ import annotations

import pytest
from session import Session, result, run

pytestmark = pytest.mark.spark

WATCHED = "val watched = scala.collection.mutable.Buffer.empty[java.lang.ref.WeakReference[AnyRef]]"
LEFT = """def there = watched.count(_.get != null)
for (_ <- 1 to 40 if there > LEAST) { System.gc(); Thread.sleep(50) }
there"""


def test_a_cell_that_is_run_again_fills_no_memory(kernel: Session) -> None:
    run(kernel, WATCHED)
    for _ in range(4):
        run(kernel, "val big = new Array[Byte](1 << 20)")
        run(kernel, "watched += new java.lang.ref.WeakReference(big); ()")
    assert result(kernel, LEFT.replace("LEAST", "1")) == "1"
    assert result(kernel, "big.length") == str(1 << 20)
    # A result is nobody's when it has been shown.
    run(kernel, WATCHED)
    for _ in range(3):
        run(
            kernel,
            "{ val a = new Array[Byte](1 << 20); "
            "watched += new java.lang.ref.WeakReference(a); a.take(0); a }",
        )
    assert result(kernel, LEFT.replace("LEAST", "0")) == "0"


def test_earlier_code_keeps_what_it_uses(kernel: Session) -> None:
    for cell in ("val hidden = 1", "def before = hidden", "val hidden = 2", "0", "val hidden = 3"):
        run(kernel, cell)
    assert result(kernel, "before + hidden") == "4"
    run(kernel, "val factor = 2")
    run(kernel, "val times = (n: Int) => n * factor")
    for value in (3, 4):
        run(kernel, f"val factor = {value}")
    assert result(kernel, "sc.parallelize(1 to 3).map(times).sum") == "12.0"


def test_imports_go_on_after_the_name_they_go_through(kernel: Session) -> None:
    run(kernel, "case class Holder(inside: Int)\nval holder = Holder(7)")
    run(kernel, "val held = holder")
    run(kernel, "import held.inside")
    for cell in ("val held = 3", "val held = 4", "0"):
        run(kernel, cell)
    assert result(kernel, "inside + held") == "11"
    for _ in range(2):
        run(kernel, "import scala.collection.mutable")
        run(kernel, "import mutable.ArrayBuffer")
    run(kernel, "import scala.collection.mutable")
    assert result(kernel, "ArrayBuffer(1).sum") == "1"


def test_types_stay(kernel: Session) -> None:
    run(kernel, "case class Kept(n: Int)")
    run(kernel, "val kept = Seq(Kept(1), Kept(2)).toDS()")
    for cell in ("case class Kept(n: Int, m: Int)", "0", "case class Kept(m: Int)"):
        run(kernel, cell)
    assert result(kernel, "kept.map(_.n).collect().sum") == "3"


def test_a_cell_that_runs_another_one_goes_on_with_what_it_was_compiled_for(
    kernel: Session,
) -> None:
    run(kernel, "val outer = 1")
    code = 'val twice = 1\nkernel.eval(Some("val outer = 9"))\nval twice = outer\ntwice'
    assert result(kernel, code) == "1"
    assert result(kernel, "outer") == "9"
