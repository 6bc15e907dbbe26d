"""Tables as HTML and text."""

from __future__ import annotations

from toree.display import Settings
from toree.preview import Preview, indented


def preview(**changes: object) -> Preview:
    message = {
        "columns": [{"name": "id", "type": "int"}, {"name": "name", "type": "string"}],
        "rows": [["1", "Ann"], ["22", None]],
        "more": False,
    }
    return Preview.from_wire({**message, **changes})


def test_text() -> None:
    assert preview().as_text() == (
        "+-----+--------+\n"
        "| id  | name   |\n"
        "| int | string |\n"
        "+-----+--------+\n"
        "| 1   | Ann    |\n"
        "| 22  | null   |\n"
        "+-----+--------+\n"
        "2 rows"
    )


def test_more_rows_are_told_without_a_count() -> None:
    assert preview(more=True).as_text().endswith("first 2 rows, there are more")


def test_html_is_escaped_in_names_types_and_values() -> None:
    evil = "<script>alert(1)</script>\x1b[2J"
    page = preview(columns=[{"name": evil, "type": evil}], rows=[[evil]]).as_html()
    assert "<script>" not in page
    assert "\x1b" not in page
    assert page.count("&lt;script&gt;") == 3


def test_html_for_eyes_and_readers() -> None:
    page = preview().as_html()
    assert '<th scope="col" class="num">id<br><small>int</small></th>' in page
    assert '<th scope="col">name<br><small>string</small></th>' in page
    assert '<td class="num">22</td><td><em>null</em></td>' in page
    assert 'tabindex="0" role="region"' in page  # scrolled by keyboard too
    assert "<script" not in page and "position:sticky" in page
    for kind in ("decimal(10,2)", "bigint", "Double"):
        assert f'class="num">a<br><small>{kind}<' in Preview([("a", kind)], [["1"]]).as_html()


def test_long_and_nested_values_are_folded() -> None:
    page = Preview([("t", "string")], [["long " * 100]]).as_html()
    assert "<td><details><summary>long long" in page
    assert "\N{HORIZONTAL ELLIPSIS}</summary>" + "long " * 100 + "</details>" in page
    far = Preview([("t", "string")], [["x" * 10_000]]).as_html()
    assert "(10,000 characters)" in far and len(far) < 5000
    assert indented("{a: 1, b: [x, {c: 2}]}").splitlines() == [
        "{",
        "  a: 1,",
        "  b: [",
        "    x,",
        "    {",
        "      c: 2",
        "    }",
        "  ]",
        "}",
    ]
    kind = "array<struct<x:int>>"
    value = "[" + ", ".join(f"{{x: {i}}}" for i in range(60)) + "]"
    assert "\n  {\n    x: 59\n  }\n]</details>" in Preview([("n", kind)], [[value]]).as_html()


def test_a_great_many_columns() -> None:
    columns = [(f"c{i}", "int") for i in range(3000)]
    wide = Preview(columns, [["1"] * 3000] * 20)
    assert "the first 100 of 3,000 columns" in wide.footer
    assert len(wide.as_html()) < 100_000
    assert "c99" in wide.as_text() and "c100" not in wide.as_text()
    whole = Preview(columns, [["1"] * 3000], widths=Settings(truncate=False).widths())
    assert "c2999" in whole.as_text() and whole.footer == "1 row"


def test_null_is_not_the_word_null() -> None:
    page = preview(rows=[["null", None]]).as_html()
    assert '<td class="num">null</td><td><em>null</em></td>' in page


def test_wide_text_is_cut_and_control_characters_do_not_act() -> None:
    text = preview(rows=[["x" * 1000, "a\nb\x1b[31m"]]).as_text()
    row = text.splitlines()[4]
    assert len(row) < 120
    assert "\N{HORIZONTAL ELLIPSIS}" in row
    assert "a\\nb\N{REPLACEMENT CHARACTER}[31m" in row


def test_wide_characters_keep_the_columns_straight() -> None:
    text = preview(rows=[["1", "\N{CJK UNIFIED IDEOGRAPH-4E2D}"], ["2", "a"]]).as_text()
    assert "| 1   | \N{CJK UNIFIED IDEOGRAPH-4E2D}     |" in text


def test_no_rows_and_no_columns() -> None:
    assert preview(rows=[]).as_text().endswith("+-----+--------+\n0 rows")
    assert Preview([], []).as_text() == "+\n|\n|\n+\n0 rows"
    assert "0 rows" in Preview([], []).as_html()
