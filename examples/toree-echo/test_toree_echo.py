"""The contract, as the author of a language runs it: with pytest, the package installed."""

import pytest
from toree_echo import ECHO

from toree import wire
from toree.testing.conformance import Conformance, Keep, Sample, opened


@pytest.fixture(scope="module")
def workspace():
    with opened(ECHO) as made:
        yield made


class TestEcho(Conformance):
    sample = Sample(
        ECHO,
        value=("6 * 7", "6 * 7"),
        shows=("say hello", ("stream", "stdout", "hello\n")),
        fails=("fail oh", "EchoError"),
        wrong=("wait long", "SyntaxError"),
        nothing="# nothing",
        unfinished="a\\",
        completes=("sa|", "say"),
        inspects=("fa|il oh", "ends the cell"),
        endless="say begun\nwait 600",
        keep=Keep("w = $v"),
        own={Keep("w = a b"): wire.Text("a b")},
        crosses={"table": "Echo holds no tables", "frame": "Echo holds no tables"},
        frames=False,
    )
