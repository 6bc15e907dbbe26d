"""Toree's client: programs, near and far, that use a kernel. See docs/client.md."""

from .client import AsyncClient
from .errors import (
    ClientError,
    ConnectionLost,
    ExecutionAborted,
    ExecutionError,
    ExecutionTimeout,
    KernelGone,
    Refused,
    RequestFailed,
    ResultTooLarge,
    UnknownLanguage,
    Unsupported,
)
from .events import Clear, Display, Error, Event, Progress, Result, Stream
from .execution import AsyncExecution
from .sync import Client, Execution

__all__ = [
    "AsyncClient",
    "AsyncExecution",
    "Clear",
    "Client",
    "ClientError",
    "ConnectionLost",
    "Display",
    "Error",
    "Event",
    "Execution",
    "ExecutionAborted",
    "ExecutionError",
    "ExecutionTimeout",
    "KernelGone",
    "Progress",
    "Refused",
    "RequestFailed",
    "Result",
    "ResultTooLarge",
    "Stream",
    "UnknownLanguage",
    "Unsupported",
]
