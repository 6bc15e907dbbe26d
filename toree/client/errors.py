"""What can go wrong between a client and its kernel.

ClientError
  ExecutionError        the code failed: its ename, evalue and traceback
    ExecutionAborted    it was cancelled, or never began
    ExecutionTimeout    it took longer than its `timeout`, and was cancelled
  RequestFailed         the kernel could not give or take what was asked: no such name, no table
  ResultTooLarge        more bytes than `max_bytes`
  UnknownLanguage       the kernel has no such language
  Unsupported           the kernel is not Toree, or an older one
  ConnectionLost        the line broke; the client connects again, what was under way may be lost
  KernelGone            the kernel has ended, died or restarted
  Refused               a wrong key or token, or an address without a Jupyter server
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class ClientError(Exception):
    """A fault with a sentence that says what happened and what can be done."""


class ExecutionError(ClientError):
    """The code failed. Fields as in Jupyter's `error` message."""

    def __init__(self, ename: str, evalue: str, traceback: Sequence[str] = ()) -> None:
        super().__init__(f"{ename}: {evalue}" if evalue else ename)
        self.ename = ename
        self.evalue = evalue
        self.traceback = tuple(traceback)

    @property
    def report(self) -> str:
        """The traceback as plain text."""
        return _COLOURS.sub("", "\n".join(self.traceback)) or str(self)


class ExecutionAborted(ExecutionError):
    """The execution was cancelled, or the kernel never began it."""


class ExecutionTimeout(ExecutionError):
    """The execution took longer than its `timeout`; it has been cancelled."""


class RequestFailed(ExecutionError):
    """The kernel could not give or take what was asked; the fields say why."""


class ResultTooLarge(ClientError):
    """A table has more bytes than the client was to hold."""


class UnknownLanguage(ClientError):
    """The kernel has no such language."""


class Unsupported(ClientError):
    """The kernel can't do this: it is not Toree's, or an older one."""


class ConnectionLost(ClientError):
    """The line to the kernel broke."""


class KernelGone(ClientError):
    """The kernel has ended, died, or restarted and lost what it held."""


class Refused(ClientError):
    """The kernel or its server does not take us: a wrong key, token or address."""
