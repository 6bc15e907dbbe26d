"""What the client asked for beside the code: one per execute_request, also in subshells."""

from __future__ import annotations

import contextvars
import dataclasses
from collections.abc import Mapping

from ..foreign import Jupyter


@dataclasses.dataclass
class Request:
    """The fields of an execute_request, and what has become of it
    (https://jupyter-client.readthedocs.io/en/stable/messaging.html#execute)."""

    silent: bool
    store_history: bool
    user_expressions: Mapping[str, str] | None
    allow_stdin: bool
    cell_meta: Jupyter
    cell_id: Jupyter
    ran: bool = False  # IPython has run it, and so counted and kept it
    stopped: bool = False  # the user stopped it while it awaited something
    aborted: bool = False  # the cells queued behind it have been aborted


REQUEST: contextvars.ContextVar[Request] = contextvars.ContextVar("toree_request")
