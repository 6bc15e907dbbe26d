"""Rich results of Scala cells: what has a form to look at shows itself."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import pytest
from session import Session

pytestmark = pytest.mark.spark


def shown(kernel: Session, code: str) -> list[tuple[str, dict[str, Any]]]:
    ran = kernel.run(code)
    assert ran.status == "ok", ran.traceback
    return [(m["msg_type"], m["content"]["data"]) for m in ran.messages if "data" in m["content"]]


@pytest.mark.parametrize(
    ("call", "mime", "data"),
    [
        ('html("<b>1</b>")', "text/html", "<b>1</b>"),
        ('markdown("# x")', "text/markdown", "# x"),
        ('latex("$x$")', "text/latex", "$x$"),
        ('svg("<svg/>")', "image/svg+xml", "<svg/>"),
        ('javascript("1")', "application/javascript", "1"),
        ('png("png".getBytes)', "image/png", base64.b64encode(b"png").decode()),
        ('json("""{"a": [1, null]}""")', "application/json", {"a": [1, None]}),
        (
            'content("application/vnd.vegalite.v5+json", """{"mark": "bar"}""")',
            "application/vnd.vegalite.v5+json",
            {"mark": "bar"},
        ),
    ],
)
def test_kernel_display(kernel: Session, call: str, mime: str, data: Any) -> None:
    # As a cell's last value too it is shown once.
    text = {"text/plain": f"<picture, {mime}>"} if mime.startswith("image/") else {}
    assert shown(kernel, f"kernel.display.{call}") == [("display_data", {mime: data, **text})]


def test_what_is_shown_can_be_shown_anew(kernel: Session) -> None:
    first = kernel.run('val h = kernel.display.html("1"); val g = kernel.display.html("2")')
    second = kernel.run('h.update("3")')
    ids = [m["content"]["transient"]["display_id"] for m in first.messages[:2]]
    assert len(set(ids)) == 2
    (update,) = second.messages
    assert update["msg_type"] == "update_display_data"
    assert update["content"]["transient"]["display_id"] == ids[0]
    assert update["content"]["data"] == {"text/html": "3"}


def test_what_is_no_json_is_an_error_that_says_so(kernel: Session) -> None:
    ran = kernel.run('kernel.display.json("{a")')
    assert ran.status == "error"
    assert "This is no JSON" in ran.reply["evalue"]
    assert "toree" not in ran.traceback and "<cell>:1" in ran.traceback
    assert "nothing to show" in kernel.run("kernel.display.html(null)").reply["evalue"]
    assert shown(kernel, "1 + 1")[0][1]["text/plain"] == "2"


@pytest.mark.parametrize(
    ("value", "mime", "data"),
    [
        ('new { def toHtml = "<i>v</i>" }', "text/html", "<i>v</i>"),
        ('new { def toMarkdown = "*v*" }', "text/markdown", "*v*"),
        ('new { def toLatex = "$v$" }', "text/latex", "$v$"),
        ('new { def toSvg = "<svg/>" }', "image/svg+xml", "<svg/>"),
        ('Map("text/html" -> "<u>v</u>")', "text/html", "<u>v</u>"),
        (
            'new com.fasterxml.jackson.databind.ObjectMapper().readTree("[1]")',
            "application/json",
            [1],
        ),
    ],
)
def test_a_value_that_has_a_form(kernel: Session, value: str, mime: str, data: Any) -> None:
    ((kind, bundle),) = shown(kernel, value)
    assert kind == "execute_result"
    assert bundle[mime] == data
    assert bundle["text/plain"]


def test_a_picture(kernel: Session) -> None:
    ((_, bundle),) = shown(kernel, "new java.awt.image.BufferedImage(3, 2, 1)")
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")


def test_local_tables(kernel: Session) -> None:
    kernel.run("case class Fish(name: String, grams: Option[Double])")
    ((_, bundle),) = shown(kernel, 'Seq(Fish("<a>", Some(1.5)), Fish(null, None))')
    assert bundle["text/plain"] == "List(Fish(<a>,Some(1.5)), Fish(null,None))"
    page = bundle["text/html"]
    assert '<th scope="col">name<br><small>String</small></th>' in page
    assert '<th scope="col">grams<br><small>Option</small></th>' in page
    assert "<td>&lt;a&gt;</td>" in page and "<em>null</em>" in page
    ((_, bundle),) = shown(kernel, 'Map("a" -> 1, "b" -> 2)')
    assert '<th scope="col">key<br><small>String</small></th>' in bundle["text/html"]
    ((_, bundle),) = shown(kernel, "Seq.tabulate(1000)(i => (i, i))")
    assert "first 20 rows, there are more" in bundle["text/html"]
    for plain in (
        "Seq(Some(1))",
        "Seq(List(1))",
        "Map.empty[Int, Int]",
        "Seq(1, 2)",
        "Seq(1, (1, 2))",
    ):
        ((_, bundle),) = shown(kernel, plain)
        assert list(bundle) == ["text/plain"]


def test_registered_displayers(kernel: Session) -> None:
    kernel.run("case class Note(text: String); class Other")
    kernel.run('kernel.display.register[Note](n => Map("text/markdown" -> s"**${n.text}**"))')
    ((_, bundle),) = shown(kernel, 'Note("hi")')
    assert bundle["text/markdown"] == "**hi**"
    ((_, bundle),) = shown(kernel, "new Other")
    assert list(bundle) == ["text/plain"]
    # A displayer that fails is the cell's error, and the next one works.
    kernel.run('kernel.display.register[Note](n => sys.error("no form"))')
    ran = kernel.run('Note("hi")')
    assert (ran.status, ran.reply["evalue"]) == ("error", "no form")
    kernel.run('kernel.display.register[Note](n => Map("text/html" -> n.text))')
    assert shown(kernel, 'Note("again")')[0][1]["text/html"] == "again"


def test_the_session_s_card(kernel: Session) -> None:
    ((_, bundle),) = shown(kernel, "spark")
    assert "Spark UI: local-" in bundle["text/html"]
    assert "local[*]" in bundle["text/html"]


DOCS = (Path(__file__).parents[2] / "docs/display.md").read_text()
PLOTS = [
    (language, line)
    for language, block in re.findall(r"```(python|r|scala)\n(.*?)```", DOCS, re.S)
    for line in block.splitlines()
    if "sea" in line or "vegalite" in line
]


@pytest.mark.r
@pytest.mark.parametrize(("language", "line"), PLOTS)
def test_the_plots_of_the_docs(kernel: Session, language: str, line: str) -> None:
    pytest.importorskip("matplotlib")
    kernel.run('val sea = spark.range(20).selectExpr("id % 7 as seven")')
    data = [bundle for _, bundle in shown(kernel, f"%%{language}\n{line}")]
    mime = "application/vnd.vegalite.v5+json" if "vegalite" in line else "image/png"
    assert any(mime in bundle for bundle in data)
    assert mime != "image/png" or all(b.get("text/plain") for b in data)  # a text for each picture


@pytest.mark.r
def test_a_page_has_a_text_for_each_picture(kernel: Session) -> None:
    from nbconvert import HTMLExporter
    from nbformat import v4

    ran = [kernel.run('kernel.display.svg("<svg/>")'), kernel.run("%%r\nplot(1)")]
    shown = [m["content"] for r in ran for m in r.messages if m["msg_type"] == "display_data"]
    outputs = [v4.new_output("display_data", s["data"], metadata=s["metadata"]) for s in shown]
    notebook = v4.new_notebook(cells=[v4.new_code_cell("", outputs=outputs)])
    page = HTMLExporter(template_name="classic").from_notebook_node(notebook)[0]
    assert 'alt="plot without title"' in page
