"""What may stand behind `%%sql` on its line."""

from __future__ import annotations

import argparse
import ast
import re
from typing import Any

from ...arguments import ArgumentParser
from ...errors import MagicError

_OPTION = re.compile(r"\s*(-\w|--\w[\w-]*)(?=[\s=]|\Z)")
_PARAMETER = re.compile(r"\s*([A-Za-z_]\w*)=(\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|\S*)")
Literal = bool | int | float | str | None  # of a parameter


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
