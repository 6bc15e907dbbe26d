"""What IPython keeps of the printed text of cells."""

from __future__ import annotations

import sys

import pytest

from toree.jupyter.shell import keep_little
from toree.testing.ipython import PlainIPython


def test_cells_beside_each_other_leave_the_stream_as_it_was() -> None:
    shells = [PlainIPython().shell, PlainIPython().shell]
    if not hasattr(shells[0], "_tee"):
        pytest.skip("this IPython keeps no text")
    for shell in shells:
        keep_little(shell)
    before = sys.stdout.write
    first, second = (shell._tee("stdout") for shell in shells)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    second.__exit__(None, None, None)
    assert sys.stdout.write == before
