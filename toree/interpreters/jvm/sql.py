"""SQL cells: `spark.sql(text, args)` in the companion, one statement after the other."""

from __future__ import annotations

import argparse
import dataclasses
import json
import re
from collections.abc import Mapping, Sequence

from ... import wire
from ...foreign import Facts
from ...lines import call_of
from ...running import stopped
from ..base import (
    Bundle,
    Completeness,
    Completion,
    Failed,
    Ok,
    Output,
    Result,
)
from ..services import Services
from .dollars import filled
from .interpreter import JvmInterpreter
from .options import parse_options, parser
from .scala import completion_of, inspection_of, result_of
from .statements import split, unfinished
from .variables import SqlVariables

_PLACE = re.compile(r";?\s*line (\d+) pos (\d+);?.*", re.S)


class SqlInterpreter(JvmInterpreter):
    """Runs the statements of a cell; the last one's table is the cell's result."""

    language = "sql"
    folds_case = True

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._sql = SqlVariables(services, split)

    @property
    def _variables(self) -> SqlVariables:
        return self._sql

    async def execute(self, code: str, output: Output, **options: object) -> Result:
        try:
            with self._cells.entered(self.language, output):
                return self._run(code, output, options)
        except KeyboardInterrupt:  # between two statements, or before the first
            return stopped()

    def _run(self, code: str, output: Output, options: Facts) -> Result:
        code = filled(code, self._named, lambda text: self._evaluated(text, output))
        statements = list(split(code))
        self._variables.begin()
        result: Result = Ok()
        for number, statement in enumerate(statements):
            if isinstance(result, Ok) and result.data:
                output.display(result.data)
            last = number == len(statements) - 1
            result = self._statement(statement, output, options, last)
            if not isinstance(result, Ok):
                return result
        return result

    def _statement(self, statement: str, output: Output, options: Facts, last: bool) -> Result:
        asked = {
            "rows": options.get("rows") or self._display.rows,
            "params": {name: wire.dumps(v) for name, v in options.get("params", {}).items()},
            "output": options.get("name") if last else None,
            "quiet": bool(options.get("quiet")),
            "fraction": options.get("fraction"),
            **self._variables.options(statement),
        }
        cell, text = call_of(output.cell), json.dumps(asked)
        outcome = self._companion.run(
            cell,
            output,
            lambda entry: entry.executeSql(self._workspace, cell, statement, text),
            self._workspace,
        )
        if outcome["status"] == "ok" and asked["output"]:
            self._variables.wrote(str(asked["output"]))
        return _pointed(
            result_of(outcome, output, "sql", self._source, self._display.widths()), statement
        )

    def _named(self, name: str) -> str | None:
        """The text of Scala's value of a name, else of another language's scalar."""
        if self._names.owner(name) not in (None, "scala", "sql"):
            try:
                value = self._names.value(name)
            except (KeyError, TypeError):
                return None
            if isinstance(value, wire.Bool | wire.Int | wire.Float | wire.Text | wire.Date):
                return str(value.value)
            return None
        if not self._companion.ready:
            return None
        text: str | None = self._companion.ask("textOf", self._workspace, name)
        return text

    def _evaluated(self, expression: str, output: Output) -> str | None:
        """The text of a Scala expression's value; None when it is no such thing."""
        name = "toree$text"
        code = f"val `{name}` = String.valueOf({{ {expression} }}: Any)"
        cell, asked = call_of(output.cell), json.dumps({"silent": True})
        outcome = self._companion.run(
            cell,
            output,
            lambda entry: entry.execute(self._workspace, cell, code, asked),
            self._workspace,
        )
        if outcome["status"] != "ok":
            return None
        text: str | None = self._companion.ask("textOf", self._workspace, name)
        return text

    # Shared names

    def mentions(self, code: str, names: Sequence[str]) -> Sequence[str]:
        folded = code.casefold()
        return [name for name in names if name.casefold() in folded]

    def parse_options(self, line: str) -> tuple[Mapping[str, object], int]:
        return parse_options(line)

    @property
    def options(self) -> Sequence[argparse.Action]:
        return parser()._actions

    def complete(self, code: str, cursor: int) -> Completion:
        if not self._companion.soon():
            return Completion((), cursor, cursor)
        words = {word.casefold() for word in re.findall(r"\w+", code)}
        busy = frozenset(cell.language for cell in self._cells)
        self._names.gather(
            lambda name, owner: owner in (*busy, "scala") or name.casefold() not in words
        )
        tables = json.dumps(self._variables.tables())
        return completion_of(
            self._companion.ask("completeSql", self._workspace, code, cursor, tables)
        )

    def inspect(self, code: str, cursor: int, detail: int = 0) -> Bundle | None:
        if not self._companion.soon():
            return None
        return inspection_of(self._companion.ask("inspectSql", self._workspace, code, cursor))

    def is_complete(self, code: str) -> Completeness:
        return Completeness("complete" if not unfinished(code) else "incomplete")


def _pointed(result: Result, statement: str) -> Result:
    """An analysis error as a parse error looks: message, the line, a caret under the place.

    Spark gives the place in words ("line 2 pos 7") and the whole plan, which goes to `%tb`.
    """
    if not isinstance(result, Failed) or "== SQL" in result.message:
        return result
    found = _PLACE.search(result.message)
    if found is None:
        return result
    message = result.message[: found.start()].rstrip(" ;")
    line, column = int(found.group(1)), int(found.group(2))
    lines = statement.split("\n")
    shown = [message]
    if line <= len(lines):
        shown += ["", lines[line - 1].rstrip("\r"), " " * column + "^"]
    where = f" (line {line}, pos {column})"
    return dataclasses.replace(result, message=message + where, traceback=shown)
