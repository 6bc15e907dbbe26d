"""SQL cells: splitting, options of the magic, completeness. Running is in tests/spark."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toree import wire
from toree.errors import MagicError
from toree.interpreters.jvm.options import parse_options
from toree.interpreters.jvm.statements import split


@pytest.mark.parametrize(
    ("code", "statements"),
    [
        ("select 1", ["select 1"]),
        ("select 1;", ["select 1"]),
        ("select 1; select 2", ["select 1", " select 2"]),
        ("select ';', \";\", `;` ; select 2", ["select ';', \";\", `;` ", " select 2"]),
        ("select 'it\\';s'; x", ["select 'it\\';s'", " x"]),
        ("-- a; b\nselect 1", ["-- a; b\nselect 1"]),
        ("select 1; -- the end;\n/* ; */ ; ", ["select 1"]),
        ("a;\n\nb;\nc", ["a", "\n\nb", "\n\n\nc"]),
        ("select 'open; ", ["select 'open; "]),
        ("/* open ; select 1", []),
        ("", []),
        (";;;", []),
        ("begin select 1; select 2; end", ["begin select 1; select 2; end"]),
    ],
)
def test_split(code: str, statements: list[str]) -> None:
    assert list(split(code)) == statements


@given(st.lists(st.sampled_from(["a", "';'", "`;`", "\n", " ", "--;\n", "/*;*/", '";"'])))
def test_what_is_quoted_never_splits(parts: list[str]) -> None:
    code = "".join(parts)
    assert len(list(split("x " + code))) == 1


def test_a_statement_stands_on_its_line_of_the_cell() -> None:
    code = "select 1;\n\n select\n 2;\nselect 3"
    for statement in split(code):
        line = statement.count("\n", 0, len(statement) - len(statement.lstrip()))
        assert code.split("\n")[line].strip().startswith("select")


SPARKMAGIC = {"context": None, "fraction": None, "samplemethod": None}  # its options, not given


def test_options() -> None:
    line = "-o people -n 5 -q --params limit=30 name='a b' f=1.5 t=true n=null s=x select :limit"
    options, length = parse_options(line)
    assert line[length:] == " select :limit"
    assert options == {
        "name": "people",
        "rows": 5,
        "quiet": True,
        "params": {
            "limit": wire.Int(30, 32),
            "name": wire.Text("a b"),
            "f": wire.Float(1.5),
            "t": wire.Bool(True),
            "n": wire.Null(),
            "s": wire.Text("x"),
        },
        **SPARKMAGIC,
    }


@pytest.mark.parametrize("line", ["select 1", "", "-- a comment", "  select -o"])
def test_no_options(line: str) -> None:
    options, length = parse_options(line)
    assert length == 0
    assert options == {
        "name": None,
        "rows": None,
        "quiet": False,
        "params": {},
        **SPARKMAGIC,
    }


@pytest.mark.parametrize("line", ["-n 0", "-n many", "-o", "-x 1", "--params", "-o 1a"])
def test_wrong_options_say_the_usage(line: str) -> None:
    with pytest.raises(MagicError, match="usage: %%sql"):
        parse_options(line)


@pytest.mark.parametrize(
    ("number", "bits"),
    [(1, 32), (-(2**31), 32), (2**31, 64), (-(2**63), 64), (2**63, 0)],
)
def test_integers_are_as_wide_as_literals_of_sql(number: int, bits: int) -> None:
    options, _ = parse_options(f"--params n={number}")
    assert options["params"] == {"n": wire.Int(number, bits)}
