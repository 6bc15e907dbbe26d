"""What may stand behind `%%sql` on its line."""

from __future__ import annotations

import argparse
import ast
import re

from ... import wire
from ...arguments import ArgumentParser
from ...errors import MagicError

_OPTION = re.compile(r"\s*(-\w|--\w[\w-]*)(?=[\s=]|\Z)")
_PARAMETER = re.compile(r"\s*([A-Za-z_]\w*)=(\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|\S*)")
_NAMED: dict[str, wire.Scalar] = {
    "true": wire.Bool(True),
    "false": wire.Bool(False),
    "null": wire.Null(),
}


def parser() -> ArgumentParser:
    made = ArgumentParser(
        "%%sql [-o NAME] [-n ROWS] [-q] [-m take|sample] [-r FRACTION] [--params NAME=VALUE ...]",
        "Runs SQL statements, separated by ';', on the shared Spark session.",
    )
    made.add_argument("-o", "--output", dest="name", help="name for the last statement's DataFrame")
    made.add_argument(
        "-n", "--rows", "--maxrows", dest="rows", type=_rows, help="rows that are shown; -1: all"
    )
    made.add_argument(
        "-m", "--samplemethod", choices=("take", "sample"), help="the first rows, or some"
    )
    made.add_argument(
        "-r", "--samplefraction", dest="fraction", type=float, help="how many with -m sample: 0.1"
    )
    made.add_argument("-c", "--context", help="taken for sparkmagic's sake, and not used")
    made.add_argument("-q", "--quiet", action="store_true", help="shows no table")
    made.add_argument("--params", help="values for :NAME in the statements")
    return made


def _rows(text: str) -> int:
    value = int(text)
    if value < 1 and value != -1:
        raise argparse.ArgumentTypeError("must be at least 1, or -1 for all")
    return 2**31 - 2 if value == -1 else value


def parse_options(line: str) -> tuple[dict[str, object], int]:
    """Options at the start of the `%%sql` line, and their length; see `Interpreter`."""
    options, words, params, at = parser(), [], dict[str, wire.Scalar](), 0
    while found := _OPTION.match(line, at):
        option = found.group(1)
        at = found.end()
        if option == "--params":
            while given := _PARAMETER.match(line, at):
                params[given.group(1)] = _literal(given.group(2))
                at = given.end()
            if not params:
                options.error("argument --params: expected NAME=VALUE")
        elif option in ("-q", "--quiet"):
            words.append(option)
        else:
            value = re.compile(r"[\s=]*(\S*)").match(line, at)
            assert value is not None
            words += [option, value.group(1)] if value.group(1) else [option]
            at = value.end()
    arguments = vars(options.parse_args(words))
    name = arguments["name"]
    if name is not None and not name.isidentifier():
        raise MagicError(f"%%sql: {name!r} is no name.", advice=options.format_help().rstrip())
    if arguments["samplemethod"] == "take":
        arguments["fraction"] = None
    elif arguments["samplemethod"] == "sample" and arguments["fraction"] is None:
        arguments["fraction"] = 0.1
    return {**arguments, "params": params}, at


def _literal(text: str) -> wire.Scalar:
    """The value of a literal of Python's, as a shared one of that value; else the text."""
    if text.lower() in _NAMED:
        return _NAMED[text.lower()]
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return wire.Text(text)
    if isinstance(value, bool):
        return wire.Bool(value)
    if isinstance(value, int):
        return wire.integer(value)
    if isinstance(value, float):
        return wire.Float(value)
    return wire.Text(value if isinstance(value, str) else text)
