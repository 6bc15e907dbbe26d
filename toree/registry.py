"""The tables: which languages there are and which names each answers to.

Built-in languages are the literal below. A package adds one with an entry point in the group
`toree.interpreters`: its name is the language, its value an `Interpreter` subclass that takes the
host as its only argument.
"""

from __future__ import annotations

import dataclasses
import importlib
from importlib.metadata import entry_points
from typing import Any

ENTRY_POINTS = "toree.interpreters"


@dataclasses.dataclass(frozen=True)
class Language:
    """A row: how a language is named, described to Jupyter and loaded."""

    name: str
    title: str
    target: str  # "module:attribute", imported at its first use
    aliases: tuple[str, ...] = ()
    info: dict[str, Any] = dataclasses.field(default_factory=dict)  # Jupyter's language_info

    def load(self) -> Any:
        module, _, attribute = self.target.partition(":")
        return getattr(importlib.import_module(module), attribute)


BUILT_IN = (
    Language(
        "scala",
        "Scala",
        "toree.interpreters.jvm.scala:ScalaInterpreter",
        info={
            "file_extension": ".scala",
            "mimetype": "text/x-scala",
            "pygments_lexer": "scala",
            "codemirror_mode": "text/x-scala",
        },
    ),
    Language(
        "python", "Python", "toree.interpreters.python.interpreter:PythonInterpreter", ("pyspark",)
    ),
    Language(
        "sql",
        "SQL",
        "toree.interpreters.jvm.sql:SqlInterpreter",
        info={
            "file_extension": ".sql",
            "mimetype": "text/x-sql",
            "pygments_lexer": "sql",
            "codemirror_mode": "text/x-sql",
        },
    ),
    Language(
        "r",
        "R",
        "toree.interpreters.r.variables:create",
        ("sparkr",),
        info={
            "name": "R",
            "file_extension": ".r",
            "mimetype": "text/x-r-source",
            "pygments_lexer": "r",
            "codemirror_mode": "r",
        },
    ),
)


def languages() -> dict[str, Language]:
    """Every language by name; an entry point never replaces a built-in one."""
    table = {row.name: row for row in BUILT_IN}
    for point in entry_points(group=ENTRY_POINTS):
        table.setdefault(point.name.lower(), Language(point.name.lower(), point.name, point.value))
    return table


def magic_names(table: dict[str, Language]) -> dict[str, str]:
    """Lower-case names of the `%%language` magics, and the language of each."""
    return {name: row.name for row in table.values() for name in (row.name, *row.aliases)}
