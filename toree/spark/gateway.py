"""PySpark's gateway to a JVM that is there already, for the kernel process and for the R host."""

from __future__ import annotations

import functools
import hashlib
import os
import types
from collections.abc import Callable

from .. import logs
from ..foreign import JavaObject

# The id under which the JVM calls them, on any connection (Gateway.scala).
_EVENTS = "toree.events"


def connect(port: int, secret: str, events: object) -> JavaObject:
    """The gateway PySpark's own launcher makes, with all it imports into it.

    The launcher is told of the JVM by its environment. It gets one of its own: the process's would
    hand the secret to every program that is started meanwhile.

    `events` takes what the JVM prints while a call of this process runs: it has the method
    `stream(cell, name, text)`, called on the thread that waits for the call's answer.
    """
    from pyspark import java_gateway

    told = {
        "PYSPARK_GATEWAY_PORT": str(port),
        "PYSPARK_GATEWAY_SECRET": secret,
        "PYSPARK_PIN_THREAD": "true",  # the JVM calls back over the connection it is called on
    }
    java_gateway.os = types.SimpleNamespace(environ={**os.environ, **told}, path=os.path)
    try:
        gateway = java_gateway.launch_gateway()
    finally:
        java_gateway.os = os
    _ask_of_numpy_late(gateway)
    gateway.gateway_property.pool.put(events, force_id=_EVENTS)
    # PySpark opens its callback server when a stream or a listener needs it. Without a secret every
    # user of this machine could call what Python has handed to the JVM.
    callbacks = gateway.callback_server_parameters
    callbacks.auth_token = callback_secret(secret)
    for word in (secret, callbacks.auth_token):
        logs.hide(word)
    return gateway


def _ask_of_numpy_late(gateway: JavaObject) -> None:
    """Has PySpark take an argument for numpy's only where it may be.

    Since Spark 4 its converters load pandas and Arrow, 90 MB and half a second, to see whether an
    argument of the first call, a number or a text, is an array.
    """
    from pyspark.sql import types as _  # noqa: F401  registers them, with what one calls

    for converter in gateway._gateway_client.converters or ():
        asked = converter.can_convert
        if type(converter).__name__.startswith("Numpy") and not hasattr(asked, "func"):
            converter.can_convert = functools.partial(_may_be_numpys, asked)


def _may_be_numpys(asked: Callable[[object], bool], value: object) -> bool:
    kinds = type(value).__mro__
    return any(kind.__module__.partition(".")[0] == "numpy" for kind in kinds) and asked(value)


def callback_secret(secret: str) -> str:
    """What the JVM shows to PySpark's callback server (`Gateway.scala`)."""
    return hashlib.sha256(f"callback:{secret}".encode()).hexdigest()


class Printed:
    """`toree.Events` in a process that runs no cells for others."""

    def __init__(self, write: Callable[[str, str], None]) -> None:
        self._write = write

    def stream(self, cell: str, name: str, text: str) -> None:
        self._write(name, text)
