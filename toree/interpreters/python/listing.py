"""`%who_ls`, `%who` and `%whos`, which VS Code's view of the variables calls, for all languages.

The magics only: `%reset` and its like go on using IPython's methods, and speak of Python's names.
"""

from __future__ import annotations

import types
from collections.abc import Callable

from ...foreign import IPythonShell, UserValue
from .kinds import is_spark_frame


def list_all(shell: IPythonShell, gather: Callable[[], None]) -> None:
    """Replaces them; `gather` brings what other languages share."""

    def known(name: str) -> Callable[[str], object]:
        def listed(line: str) -> UserValue:
            from IPython.core.magics.namespace import NamespaceMagics

            gather()
            magics: UserValue = NamespaceMagics(shell)
            if name == "whos":  # it asks everything called DataFrame for its shape
                names = {n: _shaped(value) for n, value in shell.user_ns.copy().items()}
                magics.shell = types.SimpleNamespace(
                    user_ns=names, user_ns_hidden=shell.user_ns_hidden
                )
            return getattr(magics, name)(line)

        listed.__doc__ = f"IPython's %{name}, with what other languages share."
        return listed

    for name in ("who_ls", "who", "whos"):
        shell.register_magic_function(known(name), "line", name)


def _shaped(value: UserValue) -> UserValue:
    """A DataFrame of Spark's has columns; its rows are not counted for a list."""
    if not is_spark_frame(value):
        return value
    stand_in = type("DataFrame", (), {"shape": f"(?, {len(value.columns)})"})
    return stand_in()
