from __future__ import annotations

from collections.abc import Iterator

import pytest

from toree.interpreters.r.interpreter import RInterpreter
from toree.testing import InterpreterContract

from .conftest import no_spark

pytestmark = pytest.mark.r


class TestContract(InterpreterContract):
    value = ("6 * 7", "[1] 42")
    prints = ("cat('hello\\n')", "hello\n")
    fails = ("stop('boom')", "Error")
    keeps = ("kept <- 42", "kept")
    incomplete = "f <- function(x) {"

    @pytest.fixture
    def interpreter(self) -> Iterator[RInterpreter]:
        made = RInterpreter(no_spark)
        yield made
        made.close()
