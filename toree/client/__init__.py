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
from .session import AsyncSession
from .sync import Client, Execution, Session

__all__ = [
    "AsyncClient",
    "AsyncExecution",
    "AsyncSession",
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
    "Session",
    "Stream",
    "UnknownLanguage",
    "Unsupported",
]
