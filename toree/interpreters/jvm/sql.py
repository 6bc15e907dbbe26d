"""SQL cells: `spark.sql(text, args)` in the companion, one statement after the other."""

from __future__ import annotations

import argparse
import ast
import dataclasses
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ... import wire
from ...arguments import ArgumentParser
from ...companion.companion import Interrupted
from ...errors import MagicError
from ..base import (
    Assignment,
    Bundle,
    Completeness,
    Completion,
    Failed,
    Interpreter,
    Ok,
    Output,
    Result,
)
from ..services import Services
from .dollars import filled
from .scala import completion_of, inspection_of, result_of, stopped
from .text import SQL
from .variables import SqlVariables

_TOKEN = re.compile(SQL.pattern + "|;", re.S)
_COMPOUND = re.compile(r"\s*BEGIN\b", re.I)  # Spark 4's SQL scripts are one statement
_PLACE = re.compile(r";?\s*line (\d+) pos (\d+);?.*", re.S)
_OPTION = re.compile(r"\s*(-\w|--\w[\w-]*)(?=[\s=]|\Z)")
_PARAMETER = re.compile(r"\s*([A-Za-z_]\w*)=(\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|\S*)")


Literal = bool | int | float | str | None  # of a parameter


class SqlInterpreter(Interpreter):
    """Runs the statements of a cell; the last one's table is the cell's result."""

    language = "sql"
    folds_case = True

    def __init__(self, services: Services) -> None:
        self._companion, self._workspace = services.companion, services.workspace
        self._display = services.display
        self._names = services.names
        self._variables = SqlVariables(services, split)
        self._companion.ended.append(self._ended)

    async def execute(self, code: str, output: Output, **options: Any) -> Result:
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

    def _statement(
        self, statement: str, output: Output, options: Mapping[str, Any], last: bool
    ) -> Result:
        asked = {
            "rows": options.get("rows") or self._display.rows,
            "params": {name: typed(value) for name, value in options.get("params", {}).items()},
            "output": options.get("name") if last else None,
            "quiet": bool(options.get("quiet")),
            "fraction": options.get("fraction"),
            **self._variables.options(statement),
        }
        cell, text = output.cell, json.dumps(asked)
        try:
            outcome = self._companion.run(
                cell,
                output,
                lambda entry: entry.executeSql(self._workspace, cell, statement, text),
                self._workspace,
            )
        except Interrupted:
            return stopped()
        if outcome["status"] == "ok" and asked["output"]:
            self._variables.wrote(str(asked["output"]))
        return _pointed(result_of(outcome, output, "sql", self._display.widths()), statement)

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
        text: str | None = self._companion.ask("textOf", _WORKSPACE, name)
        return text

    def _evaluated(self, expression: str, output: Output) -> str | None:
        """The text of a Scala expression's value; None when it is no such thing."""
        name = "toree$text"
        code = f"val `{name}` = String.valueOf({{ {expression} }}: Any)"
        cell, asked = output.cell, json.dumps({"silent": True})
        outcome = self._companion.run(
            cell, output, lambda entry: entry.execute(_WORKSPACE, cell, code, asked)
        )
        if outcome["status"] != "ok":
            return None
        text: str | None = self._companion.ask("textOf", _WORKSPACE, name)
        return text

    def interrupt(self) -> None:
        self._companion.interrupt()

    # Shared names

    def mentions(self, code: str, names: Sequence[str]) -> Sequence[str]:
        folded = code.casefold()
        return [name for name in names if name.casefold() in folded]

    def assigned(self) -> Sequence[Assignment]:
        return self._variables.assigned()

    def references(self, code: str) -> frozenset[str]:
        return self._variables.references(code)

    def get(self, name: str) -> wire.Value:
        return self._variables.get(name)

    def put(self, name: str, value: wire.Value) -> None:
        self._variables.put(name, value)

    def lost(self) -> None:
        self._variables.lost()

    def drop(self, name: str) -> None:
        self._variables.drop(name)

    def _ended(self) -> None:
        """The JVM has died, and every name with it."""
        self.lost()
        self._names.lost()

    def parse_options(self, line: str) -> tuple[Mapping[str, object], int]:
        return parse_options(line)

    def complete(self, code: str, cursor: int) -> Completion:
        if not self._companion.soon():
            return Completion((), cursor, cursor)
        return completion_of(self._companion.ask("completeSql", code, cursor))

    def inspect(self, code: str, cursor: int, detail: int = 0) -> Bundle | None:
        if not self._companion.soon():
            return None
        return inspection_of(self._companion.ask("inspectSql", code, cursor))

    def is_complete(self, code: str) -> Completeness:
        return Completeness("complete" if not _open(code) else "incomplete")


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


def split(code: str) -> Iterator[str]:
    """The statements of a cell, without the `;` between them; comments alone are none.

    Each is padded with blank lines so that Spark's line numbers are the cell's.
    """
    if _COMPOUND.match(code):
        yield code
        return
    start, plain, line = 0, [], 0
    for token in [*_TOKEN.finditer(code), None]:
        end = token.start() if token else len(code)
        if token is not None and token.group() != ";":
            if token.group().startswith(("--", "/*")):
                plain.append((token.start(), token.end()))
            continue
        text = code[start:end]
        bare = _without(text, [(a - start, b - start) for a, b in plain])
        if bare.strip():
            yield "\n" * line + text
        line += text.count("\n")
        start, plain = end + 1, []


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    for begin, end in reversed(spans):
        text = text[:begin] + text[end:]
    return text


def _open(code: str) -> bool:
    tokens = [m.group() for m in _TOKEN.finditer(code)]
    if not tokens:
        return False
    last = tokens[-1]
    closing = {"'": "'", '"': '"', "`": "`", "/": "*/"}.get(last[0])
    return closing is not None and (len(last) < 2 or not last.endswith(closing))


def typed(value: object) -> dict[str, Any]:
    """A parameter's value for the wire: `{"type": ..., "value": ...}`, which clients send too.

    An integer is an INT where it fits, as the literal and as Python's is in Scala.
    """
    if isinstance(value, dict):
        return value
    if type(value) is int:
        width = next((w for w in (32, 64) if -(1 << (w - 1)) <= value < 1 << (w - 1)), 0)
        return {"type": {32: "int", 64: "long"}.get(width, "decimal"), "value": str(value)}
    kind = {bool: "boolean", float: "double", type(None): "null"}.get(type(value), "string")
    return {"type": kind, "value": value if kind != "string" else str(value)}


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        "%%sql [-o NAME] [-n ROWS] [-q] [-m take|sample] [-r FRACTION] [--params NAME=VALUE ...]",
        "Runs SQL statements, separated by ';', on the shared Spark session.",
    )
    parser.add_argument(
        "-o", "--output", dest="name", help="name for the last statement's DataFrame"
    )
    parser.add_argument(
        "-n", "--rows", "--maxrows", dest="rows", type=_rows, help="rows that are shown; -1: all"
    )
    parser.add_argument(
        "-m", "--samplemethod", choices=("take", "sample"), help="the first rows, or some"
    )
    parser.add_argument(
        "-r", "--samplefraction", dest="fraction", type=float, help="how many with -m sample: 0.1"
    )
    parser.add_argument("-c", "--context", help="taken for sparkmagic's sake, and not used")
    parser.add_argument("-q", "--quiet", action="store_true", help="shows no table")
    parser.add_argument("--params", help="values for :NAME in the statements")
    return parser


def _rows(text: str) -> int:
    value = int(text)
    if value < 1 and value != -1:
        raise argparse.ArgumentTypeError("must be at least 1, or -1 for all")
    return 2**31 - 2 if value == -1 else value


def parse_options(line: str) -> tuple[dict[str, object], int]:
    """Options at the start of the `%%sql` line, and their length; see `Interpreter`."""
    parser, words, params, at = _parser(), [], dict[str, Literal](), 0
    while found := _OPTION.match(line, at):
        option = found.group(1)
        at = found.end()
        if option == "--params":
            while given := _PARAMETER.match(line, at):
                params[given.group(1)] = _literal(given.group(2))
                at = given.end()
            if not params:
                parser.error("argument --params: expected NAME=VALUE")
        elif option in ("-q", "--quiet"):
            words.append(option)
        else:
            value = re.compile(r"[\s=]*(\S*)").match(line, at)
            assert value is not None
            words += [option, value.group(1)] if value.group(1) else [option]
            at = value.end()
    arguments = vars(parser.parse_args(words))
    name = arguments["name"]
    if name is not None and not name.isidentifier():
        raise MagicError(f"%%sql: {name!r} is no name.", advice=parser.format_help().rstrip())
    if arguments["samplemethod"] == "take":
        arguments["fraction"] = None
    elif arguments["samplemethod"] == "sample" and arguments["fraction"] is None:
        arguments["fraction"] = 0.1
    return {**arguments, "params": params}, at


def _literal(text: str) -> Literal:
    lowered = {"true": True, "false": False, "null": None}
    if text.lower() in lowered:
        return lowered[text.lower()]
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
    return value if isinstance(value, bool | int | float | str) else text


__all__ = ["SqlInterpreter", "parse_options", "split"]
