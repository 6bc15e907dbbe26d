"""Tables as HTML and text."""

from __future__ import annotations

from toree.display import Preview


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


def test_null_is_not_the_word_null() -> None:
    page = preview(rows=[["null", None]]).as_html()
    assert "<td>null</td><td><em>null</em></td>" in page


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
