"""The tables: which languages there are and which names each answers to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import NoReturn

from .errors import LanguageMissing
from .interpreters import jvm, python, r
from .interpreters.services import Language, Services

ENTRY_POINTS = "toree.interpreters"

BUILT_IN = (jvm.SCALA, python.PYTHON, jvm.SQL, r.R)


def languages() -> dict[str, Language]:
    """Every language by name; an entry point never replaces a built-in one."""
    table = {row.name: row for row in BUILT_IN}
    for point in entry_points(group=ENTRY_POINTS):
        row = _loaded(point)
        table.setdefault(row.name, row)
    return table


def _loaded(point: EntryPoint) -> Language:
    """The row of an entry point; a package at fault is told by whoever uses its language."""
    try:
        row = point.load()
        if isinstance(row, Language):
            return row
        fault = f"{point.value} is no toree.interpreters.services.Language"
    except Exception as error:
        fault = f"{point.value} can't be loaded: {type(error).__name__}: {error}"

    def make(services: Services) -> NoReturn:
        raise LanguageMissing(
            f"{point.name} can't run: {fault}.", advice="Update or remove the package it is from."
        )

    return Language(re.sub(r"\W|^(?=\d)", "_", point.name.lower()), point.name, make)


def magic_names(table: Mapping[str, Language]) -> dict[str, Language]:
    """Lower-case names of the `%%language` magics, and the language of each."""
    aliases = {alias: row for row in reversed(list(table.values())) for alias in row.aliases}
    return {**aliases, **table}
