"""Names inside IPython's magics, in a real IPython shell."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from toree.interpreters.python.assignments import plainly_assigned
from toree.interpreters.python.magics import expanded
from toree.interpreters.python.names import references


@pytest.fixture(scope="module")
def shell() -> Iterator[Any]:
    made = InteractiveShell.instance()
    yield made
    InteractiveShell.clear_instance()


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("%time x + 1", "x"),
        ("y = %time x + 1", "x"),
        ("%timeit -n 10 -r2 f(x)", "f x"),
        ("%%time\nz = x\nz", "x"),
        ("%%timeit -n 1 y = a\nx + y", "a x"),
        ("!ls {x} $y", "x y"),
        ("files = !ls {x.name} $y/*", "x y"),
        ("%cd {x}", "x"),
        ("%matplotlib inline\nx", "x"),
        ("%%bash\necho x $HOME", ""),
        ("%who x", ""),
        ("x?", ""),
    ],
)
def test_references(shell: Any, code: str, names: str) -> None:
    tree = expanded(ast.parse(shell.transform_cell(code)))
    assert references(tree) - {"get_ipython"} == frozenset(names.split())


def test_assignments_of_a_timed_cell(shell: Any) -> None:
    tree = expanded(ast.parse(shell.transform_cell("%%time\nz = x")))
    assert plainly_assigned(tree) == {"z"}
