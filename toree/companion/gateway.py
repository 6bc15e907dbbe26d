"""Py4J's line to a companion."""

from __future__ import annotations

from collections.abc import Callable

from .. import logs
from ..errors import CompilerBusy
from ..foreign import JavaObject
from .calls import EVENTS, Events

#: Seconds a question waits for its answer: nobody waits longer for a completion, and a cell can be
#: told why it does not run. The JVM gives up a little earlier, with a better reason.
LIMITS = {
    **dict.fromkeys(("complete", "inspect", "isComplete", "completeSql", "inspectSql"), 10.0),
    **dict.fromkeys(("references", "sqlNames"), 60.0),
    **dict.fromkeys(("endProgress", "stages", "runningJobs", "info"), 10.0),
}


def dialled(port: int, secret: str, events: Events) -> JavaObject:
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


def asked(call: Callable[[], object]) -> JavaObject:
    """The JVM's answer; its refusals in our words, on the thread that may talk with it."""
    try:
        return call()
    except Exception as error:
        refused = getattr(error, "java_exception", None)  # a Py4JJavaError's
        if refused is not None and str(refused.getClass().getName()) == "toree.repl.CompilerBusy":
            raise CompilerBusy(str(refused.getMessage())) from None
        raise
