"""Memory of the kernel's own process after large results."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil
import pytest
from session import Session
from waiting import until

pytestmark = pytest.mark.spark

ROWS, SIZE = 8_000_000, 8_000_000 * 16  # bytes: two columns
FRAME = f"spark.range({ROWS}).selectExpr('id', 'id * 1.5D as x').toPandas()"


@pytest.mark.skipif(sys.platform != "linux", reason="glibc gives memory back")
def test_a_frame_is_there_once(specs: Path) -> None:
    """PySpark makes it of Arrow's batches, and both would stay: three times its size."""
    pytest.importorskip("pandas")
    with Session("toree_scala") as kernel:  # in the others' one much is free, and comes and goes
        kernel.run("%%python\nspark.range(1).toPandas()")
        process = psutil.Process(kernel.pid)
        before = process.memory_info().rss
        for _ in range(2):
            assert kernel.run(f"%%python\nlarge = {FRAME}\nlen(large)").result == str(ROWS)
            until(lambda: process.memory_info().rss < before + 1.5 * SIZE, 20)
            assert process.memory_info().rss > before + 0.9 * SIZE
        assert kernel.run("%%python\nlarge.id.sum()").result.startswith("np.int64(")
