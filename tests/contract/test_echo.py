"""A language of another package passes the same contract; test_wheel.py installs it."""

from __future__ import annotations

from test_toree_echo import TestEcho, workspace

__all__ = ["TestEcho", "workspace"]
