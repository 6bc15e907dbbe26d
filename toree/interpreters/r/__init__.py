"""R: the front of a process of its own (`toree.rhost`)."""

from __future__ import annotations

from ..base import Interpreter
from ..services import Language, Services
from . import needs, text


def _r(services: Services) -> Interpreter:
    from .interpreter import RInterpreter

    return RInterpreter(services)


R = Language(
    "r",
    "R",
    _r,
    aliases=("sparkr", "rspark"),
    info={
        "name": "R",
        "file_extension": ".r",
        "mimetype": "text/x-r-source",
        "pygments_lexer": "r",
        "codemirror_mode": "r",
    },
    syntax=text.SYNTAX,
    kernel="SparkR",
    needs=needs.findings,
)
