"""Python: IPython in the kernel process."""

from __future__ import annotations

import platform

from ..base import Interpreter
from ..services import Language, Services


def _python(services: Services) -> Interpreter:
    from .interpreter import PythonInterpreter

    return PythonInterpreter(services)


PYTHON = Language(
    "python",
    "Python",
    _python,
    aliases=("pyspark",),
    info={
        "name": "python",
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "pygments_lexer": "ipython3",
        "codemirror_mode": {"name": "ipython", "version": 3},
        "nbconvert_exporter": "python",
    },
    version=lambda config: platform.python_version(),
    reserved=frozenset({"In", "Out", "exit", "quit", "get_ipython", "display"}),
    syntax=None,
    kernel="PySpark",
)
