"""Py4J's line to a companion."""

from __future__ import annotations

from typing import Any

from .. import logs
from .calls import EVENTS, Events


def dialled(port: int, secret: str, events: Events) -> Any:
    """A `py4j.clientserver.ClientServer` for the JVM there, which finds `events` here."""
    from py4j.clientserver import ClientServer, JavaParameters, PythonParameters

    logs.hide(secret)
    gateway = ClientServer(
        java_parameters=JavaParameters(port=port, auth_token=secret, auto_convert=True),
        # Callbacks come over the connection of the call that causes them.
        python_parameters=PythonParameters(port=0, eager_load=False),
    )
    gateway.gateway_property.pool.put(events, force_id=EVENTS)
    return gateway
