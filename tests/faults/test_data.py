"""What data and the text of cells may do to the page and the machine: nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from session import Session

pytestmark = pytest.mark.spark

SCRIPT = "<script>alert(1)</script>"


@pytest.mark.parametrize(
    "code",
    [
        f'Seq("{SCRIPT}").toDF("<img src=x onerror=alert(2)>")',
        f"%%python\nspark.createDataFrame([('{SCRIPT}',)], ['<img src=x onerror=alert(2)>'])",
        f"%%sql\nselect '{SCRIPT}' as `<img src=x onerror=alert(2)>`",
    ],
)
def test_data_is_no_html(kernel: Session, code: str) -> None:
    bundle = kernel.run(code).bundles("execute_result")[0]
    page = bundle["text/html"]
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page


def test_data_forges_no_output(kernel: Session) -> None:
    """Escape sequences and carriage returns in a cell of a table can't draw over other output."""
    code = (
        "%%python\nspark.createDataFrame([('a\\x1b[2K\\x1b[31mred\\r\\nb\\x07\\x9b1m',)], "
        "['n\\x1b[1mame'])"
    )
    bundle = kernel.run(code).bundles("execute_result")[0]
    for text in (bundle["text/plain"], bundle["text/html"]):
        assert not {"\x1b", "\r", "\x07", "\x9b"} & set(text)
    assert bundle["text/plain"].count("\n") == kernel.run(
        "%%python\nspark.createDataFrame([('plain',)], ['name'])"
    ).bundles("execute_result")[0]["text/plain"].count("\n")


def test_magics_expand_nothing(kernel: Session, tmp_path: Path) -> None:
    mark = tmp_path / "expanded"
    for code in (
        f"%AddJar $(touch {mark}).jar",
        f"%AddJar `touch {mark}`.jar",
        f"%AddJar ;touch${{IFS}}{mark}.jar",
    ):
        assert kernel.run(code).status == "error"
    assert not mark.exists()
