"""Plots: where they were made, each once, in the form and size that was asked for."""

from __future__ import annotations

import base64
import struct

import pytest

from toree.interpreters.r.interpreter import RInterpreter

from .conftest import do

pytestmark = pytest.mark.r


def kinds(events: list[tuple[object, ...]]) -> list[str]:
    found = []
    for event in events:
        data = event[1] if isinstance(event[1], dict) else {}
        image = [mime for mime in data if mime.startswith("image/")]
        if event[0] == "stream":
            found.append(str(event[2]).strip())
        else:
            found.append(f"{event[0]} {'+'.join(image) or data.get('text/plain', '')}".strip())
    return found


def size(data: dict[str, str]) -> tuple[int, int]:
    png = base64.b64decode(data["image/png"])
    assert png.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def test_one_plot_with_additions(r: RInterpreter) -> None:
    events = do(r, "plot(1:3)\nabline(h = 2)\ntitle('t')").events
    assert kinds(events) == ["display image/png"]
    assert size(events[0][1]) == (840, 840)


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("plot(1); cat('a'); plot(2); 5", ["PNG", "a", "PNG", "result [1] 5"]),
        ("for (i in 1:3) { plot(i); cat(i) }", ["PNG", "1", "PNG", "2", "PNG", "3"]),
        ("cat('a'); plot(1); cat('b'); abline(h = 1)", ["a", "PNG", "b"]),
        ("system('echo a'); plot(1); system('echo b')", ["a", "PNG", "b"]),
        ("plot(1); 5; 6", ["PNG", "display [1] 5", "result [1] 6"]),
        ("plot(1); invisible(dev.off()); cat('a'); plot(2)", ["PNG", "a", "PNG"]),
        ("h <- hist(c(1, 2)); print(h$counts)", ["PNG", "[1] 1 1"]),
        ("try(plot(1:2, 1:3), silent = TRUE); cat('a'); plot(1)", ["a", "PNG"]),
        ("cat('a'); persp(volcano); cat('b')", ["a", "PNG", "b"]),
    ],
)
def test_a_plot_is_one_display_in_its_place(r: RInterpreter, code: str, shown: list[str]) -> None:
    assert [k.replace("display image/png", "PNG") for k in kinds(do(r, code).events)] == shown


def test_text_of_a_long_cell_is_not_kept_waiting(r: RInterpreter) -> None:
    events = do(r, "plot(1); cat('a'); Sys.sleep(2); abline(h = 1)").events
    assert kinds(events) == ["display", "a", "update image/png"]
    events = do(r, "plot(1); readline('?'); cat('a')", ["x"]).events
    order = [event[0] for event in events]
    assert order[:3] == ["display", "ask", "display"]
    # An update goes where its display stands, whether text comes before it or behind.
    assert sorted(order[3:]) == ["stream", "update"]


def test_figures_on_one_page(r: RInterpreter) -> None:
    events = do(r, "par(mfrow = c(1, 2)); for (i in 1:3) plot(i)").events
    assert kinds(events) == ["display image/png"] * 2


def test_size_and_resolution(r: RInterpreter) -> None:
    events = do(
        r, "options(repr.plot.width = 4, repr.plot.height = 3, repr.plot.res = 100)\nplot(1)"
    ).events
    assert size(events[0][1]) == (400, 300)
    events = do(r, "plot(1)\noptions(repr.plot.width = 2)\nplot(2)").events
    assert [size(e[1]) for e in events] == [(400, 300), (200, 300)]
    do(r, "options(repr.plot.width = 7, repr.plot.height = 7, repr.plot.res = 120)")


def test_other_forms(r: RInterpreter) -> None:
    do(r, "options(jupyter.plot_mimetypes = 'image/svg+xml')")
    events = do(r, "plot(1); plot(2)").events
    assert kinds(events) == ["display image/svg+xml"] * 2
    assert all("<svg" in e[1]["image/svg+xml"] for e in events)
    do(r, "options(jupyter.plot_mimetypes = c('image/png', 'image/svg+xml'))")
    events = do(r, "plot(1)\nabline(h = 1)\nplot(2)").events
    assert kinds(events) == ["display image/png+image/svg+xml"] * 2
    do(r, "options(jupyter.plot_mimetypes = NULL)")


def test_grid_graphics(r: RInterpreter) -> None:
    code = (
        "suppressPackageStartupMessages(library(ggplot2))\n"
        "ggplot(mtcars, aes(mpg, wt)) + geom_point()\n"
        "lattice::xyplot(mpg ~ wt, mtcars)"
    )
    assert kinds(do(r, code).events) == ["display image/png"] * 2
    assert do(r, "p <- ggplot(mtcars, aes(mpg, wt)) + geom_point()").events == []


def test_a_device_of_the_users_own(r: RInterpreter, tmp_path: object) -> None:
    code = f"setwd('{tmp_path}'); pdf('own.pdf'); plot(1); x <- dev.off(); file.size('own.pdf') > 0"
    assert kinds(do(r, code).events) == ["result [1] TRUE"]


def test_a_plot_before_an_error_is_shown(r: RInterpreter) -> None:
    from toree.testing import Recorder, run

    recorder = Recorder()
    run(r, "plot(1)\nstop('e')", recorder)
    assert kinds(recorder.events) == ["display image/png"]


def test_widgets_are_html(r: RInterpreter) -> None:
    if "FALSE" in do(r, "(requireNamespace('DT', quietly = TRUE))").events[-1][1]["text/plain"]:
        pytest.skip("needs the R package DT")
    kind, data = do(r, "DT::datatable(head(iris))").events[-1]
    assert kind == "result" and "<html" in data["text/html"]


def test_only_the_forms_that_were_asked_for(r: RInterpreter) -> None:
    try:
        for mime in ("image/png", "image/svg+xml"):
            events = do(r, f"options(jupyter.plot_mimetypes = '{mime}'); plot(1:3)").events
            assert [set(event[1]) for event in events] == [{mime}]
        do(r, "options(jupyter.plot_mimetypes = c('text/plain', 'image/png'))")
        events = do(r, "options(jupyter.rich_display = FALSE); plot(1:3)").events
        assert [set(event[1]) for event in events] == [{"text/plain", "image/png"}]
    finally:
        do(
            r,
            "options(jupyter.plot_mimetypes = c('text/plain', 'image/png'),"
            " jupyter.rich_display = TRUE)",
        )
