"""Cell parsing: which language, which magics, what is left, and that nothing moves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toree import registry
from toree.cell import Cell, MagicCall, blank, magic_at, parse

NAMES = registry.magic_names(registry.languages())


def cell(text: str, default: str = "scala") -> Cell:
    return parse(text, default, NAMES)


@pytest.mark.parametrize(
    ("head", "language"),
    [
        ("%%scala", "scala"),
        ("%%Scala", "scala"),
        ("%%PySpark", "python"),
        ("%%python", "python"),
        ("%%SQL", "sql"),
        ("%%SparkR", "r"),
        ("%%r", "r"),
        ("\n  %%sql", "sql"),
    ],
)
def test_language_magic_is_case_insensitive(head: str, language: str) -> None:
    parsed = cell(f"{head}\nbody")
    assert parsed.language == language
    assert parsed.body == blank(head) + "\nbody"
    assert parsed.magics == ()


def test_code_may_follow_on_the_same_line() -> None:
    parsed = cell("%%scala   val x = 1", "python")
    assert (parsed.language, parsed.body) == ("scala", "          val x = 1")
    assert parsed.options == "val x = 1"


def test_line_magics_anywhere_before_and_after_the_code() -> None:
    parsed = cell("%ShowTypes on\nval a = 1\n%AddJar x.jar -f\na\n!cat out\n%LsMagic\n")
    assert parsed.before == (
        MagicCall("line", "ShowTypes", "on", 0),
        MagicCall("line", "AddJar", "x.jar -f", 2),
    )
    assert parsed.after == (
        MagicCall("shell", "!", "cat out", 4),
        MagicCall("line", "LsMagic", "", 5),
    )
    assert parsed.body.split("\n")[3] == "a"
    assert parsed.body.split() == ["val", "a", "=", "1", "a"]


@pytest.mark.parametrize(
    "code",
    [
        'val t = """\n%d of them\n!x\n"""',
        "/* note\n%AddJar nothing\n*/ 1",
        'val q = s"""a\n%s"""',
        " %AddJar x",
        "a\n% b",
        "x\n!= y",
        "val c = '\"'\nval d = \"it's\"",
        'val open = """\n%never closed',
        "/* never closed\n%at all",
    ],
)
def test_what_is_no_magic_in_scala(code: str) -> None:
    parsed = cell(code)
    assert parsed.magics == ()
    assert parsed.body == code


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("r", "x <- (c(1, 2)\n%in% c(1, 3))"),
        ("r", "mtcars\n%>% head()"),
        ("r", "%o%"),
        ("r", "f <- function(x) {\n(x\n%% 2)\n}"),
        ("r", "(7\n%%LsMagic)"),
        ("r", "y <- a[1,\n%LsMagic]"),
        ("r", "ok <- a &&\n!b"),
        ("r", "if (a)\n!b else\n!c"),
        ("r", "f <- function(x)\n!x"),
        ("r", "any(c(TRUE,\n!FALSE))"),
        ("r", "x <- # 'note\n!y"),
        ("sql", "select a\n%b from t"),
        ("sql", "select 10\n%LsMagic"),
        ("sql", "select 1; select (a)\n%time"),
        ("sql", "select ';'\n%LsMagic"),
        ("scala", "val m = (7\n%n)"),
        ("scala", "val b = a &&\n!c"),
        ("scala", "if (a)\n!b"),
    ],
)
def test_a_line_where_no_statement_can_begin_is_code(language: str, code: str) -> None:
    parsed = parse(code, language, NAMES, {"LsMagic", "time"}.__contains__)
    assert parsed.magics == ()
    assert parsed.body == code


@pytest.mark.parametrize(
    ("language", "code", "names"),
    [
        ("r", "x <- 1\n%LsMagic", ["LsMagic"]),
        ("r", "{\n%LsMagic\n}", ["LsMagic"]),
        ("r", "f <- function(x) x\n%LsMagic", ["LsMagic"]),
        ("r", "x %in% y\n%nosuch z", ["nosuch"]),
        ("r", "x # a comment,\n%LsMagic", ["LsMagic"]),
        ("r", "x <- 'it\\'s (' \n!echo it's (\n%LsMagic", ["!", "LsMagic"]),
        ("sql", "%LsMagic\nselect 1", ["LsMagic"]),
        ("sql", "-- note\n%nosuch\nselect 1;\n%LsMagic", ["nosuch", "LsMagic"]),
        ("sql", "select 1; -- done\n%LsMagic", ["LsMagic"]),
        ("sql", "%%sql -o out -n 3\n%LsMagic\nselect 1", ["LsMagic"]),
        ("scala", "foo(1)\n%LsMagic", ["LsMagic"]),
        ("scala", "val x = 1 // a +\n%LsMagic", ["LsMagic"]),
        ("scala", "object A {\n%nosuch\n}", ["nosuch"]),
    ],
)
def test_a_line_where_one_can_begin_is_a_magic(language: str, code: str, names: list[str]) -> None:
    parsed = parse(code, language, NAMES, {"LsMagic"}.__contains__)
    assert [call.name for call in parsed.magics] == names


def test_a_magic_after_strings_and_comments_is_one() -> None:
    code = 'val s = "a""b" // """\nval t = \'"\'\n%LsMagic'
    assert [m.name for m in cell(code).magics] == ["LsMagic"]


def test_open_sql_string() -> None:
    assert cell("select '\n%like\n' -- it's\n, 2", "sql").magics == ()


def test_python_lines_belong_to_ipython() -> None:
    code = "%timeit x\n!ls\nx"
    assert cell(code, "python") == Cell("python", code)


def test_cell_magic_takes_the_rest() -> None:
    parsed = cell("%%Html\n<b>%x</b>\n")
    assert parsed.language is None
    assert parsed.magic == MagicCall("cell", "Html", "", 0, "<b>%x</b>\n")
    assert cell("%%JavaScript alert(1)").magic == MagicCall("cell", "JavaScript", "alert(1)", 0)


def test_foreign_cell_magic_in_a_python_kernel_keeps_its_text() -> None:
    text = "%%bash\nls\n"
    assert cell(text, "python").body == text


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\r\n", "\t"])
def test_empty(text: str) -> None:
    assert cell(text) == Cell("scala", text)


def test_windows_line_ends_and_emoji() -> None:
    parsed = cell('%LsMagic\r\nval x = "\N{GRINNING FACE}"\r\n%ShowTypes on\r\nx')
    assert [m.arguments for m in parsed.magics] == ["", "on"]
    assert [m.name for m in parsed.magics] == ["LsMagic", "ShowTypes"]
    assert parsed.body.count("\r\n") == 3


LINES = st.lists(
    st.one_of(
        st.sampled_from(
            ["%LsMagic", "!ls", "val x = 1", '"""', "/*", "*/", "'", '"', "%%sql", "%%html a", "`"]
        ),
        st.text(max_size=12),
    ),
    max_size=12,
).map("\n".join)


@given(LINES, st.sampled_from(["scala", "python", "sql", "r"]))
def test_the_code_stays_where_it_was(text: str, default: str) -> None:
    parsed = parse(text, default, NAMES)
    if parsed.language is None:
        assert parsed.magic is not None
        return
    assert len(parsed.body) == len(text)
    assert all(new in (old, " ") for old, new in zip(text, parsed.body, strict=True))
    assert [c for c in parsed.body if c in "\r\n"] == [c for c in text if c in "\r\n"]


@given(LINES)
def test_every_magic_is_a_line_of_the_cell(text: str) -> None:
    lines = text.split("\n")
    for call in parse(text, "scala", NAMES).before + parse(text, "scala", NAMES).after:
        written = "!" if call.kind == "shell" else f"%{call.name}"
        assert lines[call.line].startswith(written)


def test_magic_at_the_cursor() -> None:
    def at(text: str) -> str | None:
        cursor = text.index("|")
        return magic_at(text.replace("|", ""), cursor, "scala", NAMES)

    assert at("%|") == "%"
    assert at("%%sq|") == "%%sq"
    assert at("val x = 1\n%Add|Jar") == "%Add"
    assert at("%%sql\nselect|") is None
    assert at("a % b|") is None
    assert at('"""\n%d|') is None


def test_ten_thousand_lines_do_not_take_long() -> None:
    text = "\n".join(f'val x{i} = "{i}" // %no' for i in range(10_000))
    assert cell(text).magics == ()
    assert len(cell("\n".join(["!ls", "val x = 1"] * 10_000)).magics) == 10_000
