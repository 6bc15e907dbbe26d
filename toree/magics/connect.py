"""`%spark connect`: this session for Spark Connect clients, who see tables as `global_temp.NAME`.

The token is made here, so that it is kept out of Py4J's log before it goes to the JVM.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence

from .. import logs
from ..errors import MagicError
from . import Context


def opened(context: Context, names: Sequence[str]) -> None:
    """Opens the endpoint if it is not open, publishes tables, and says where they are.

    Raises:
        MagicError: there is no Spark Connect, or a name is no table.
    """
    token = secrets.token_urlsafe(32)
    logs.hide(token)
    found = json.loads(context.host.companion.ask("openConnect", token))
    if why := found.get("refused"):
        raise MagicError(why)
    # PySpark goes without TLS, and with a token, to this very name alone.
    lines = [f"Spark Connect: sc://localhost:{found['port']}/;token={found['token']}"]
    for name in names:
        try:
            context.host.publish(name)
        except (KeyError, TypeError) as error:
            raise MagicError(f"%spark connect: {error.args[0]}.") from error
        lines.append(f"global_temp.{name}")
    context.output.stream("stdout", "\n".join(lines) + "\n")


def closed(context: Context) -> None:
    """Closes it; the published tables stay until the session ends."""
    companion = context.host.companion
    was_open = companion.ready and companion.ask("closeConnect")
    text = "Spark Connect is closed." if was_open else "Spark Connect is not open."
    context.output.stream("stdout", text + "\n")
