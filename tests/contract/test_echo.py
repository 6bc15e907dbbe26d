"""A language of another package passes the same contract; test_wheel.py installs it."""

from __future__ import annotations

import typing

from test_toree_echo import TestEcho, workspace

from toree import wire
from toree.testing.values import VALUES

__all__ = ["TestEcho", "workspace"]


def test_the_contract_has_a_value_of_every_record() -> None:
    kinds = {type(value) for value in VALUES.values()} | {wire.Table, wire.Frame}
    assert kinds == set(typing.get_args(wire.Value))
