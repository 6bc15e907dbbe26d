"""PySpark's gateway to a JVM that is there already, for the kernel process and for the R host."""

from __future__ import annotations

import os
import types
from typing import Any


def connect(port: int, secret: str) -> Any:
    """The gateway PySpark's own launcher makes, with all it imports into it.

    The launcher is told of the JVM by its environment. It gets one of its own: the process's would
    hand the secret to every program that is started meanwhile.
    """
    from pyspark import java_gateway

    told = {"PYSPARK_GATEWAY_PORT": str(port), "PYSPARK_GATEWAY_SECRET": secret}
    java_gateway.os = types.SimpleNamespace(environ={**os.environ, **told}, path=os.path)
    try:
        return java_gateway.launch_gateway()
    finally:
        java_gateway.os = os
