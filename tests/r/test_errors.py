"""R tells of errors and warnings: where, the root first, and what comes back from them."""

from __future__ import annotations

import pytest

from toree.interpreters.r.interpreter import RInterpreter
from toree.testing import run

from .conftest import do, fails

pytestmark = pytest.mark.r


def test_warnings_say_where(r: RInterpreter) -> None:
    text = do(r, "f <- function(x) { warning('careful'); x }\ny <- f(1)\nas.integer('q')").text
    assert "Warning message in f(1):\n“careful”\n" in text("stderr")
    assert "NAs introduced by coercion" in text("stderr")
    assert do(r, "options(warn = -1); warning('no'); options(warn = 0)").events == []
    assert fails(r, "options(warn = 2); tryCatch(warning('w'), finally = options(warn = 0))").name
    assert do(r, "suppressWarnings(warning('q'))\nsuppressMessages(message('q'))").events[-1:] != [
        ("stream", "stderr", "q\n")
    ]


def test_an_error_shows_the_users_frames(r: RInterpreter) -> None:
    result = fails(r, "f <- function(x) stop('boom')\ng <- function() lapply(1, f)\n\ng()")
    assert (result.name, result.message) == ("Error", "boom")
    assert list(result.traceback) == [
        "Error in FUN(X[[i]], ...) : boom",
        "----> 1 f <- function(x) stop('boom')",
        "Traceback:",
        "1. g()",
        "2. lapply(1, f)   # <cell>, line 2",
        "3. FUN(X[[i]], ...)",
    ]


def test_an_error_marks_the_cell_s_line_and_the_function_s(r: RInterpreter) -> None:
    do(r, "inner <- function(x) {\n  y <- x\n  if (y > 1) stop('too big')\n  y\n}")
    lines = list(fails(r, "a <- 1\nsapply(\n  1:3, inner\n)\na").traceback)
    assert lines[:6] == [
        "Error in FUN(X[[i]], ...) : too big",
        "----> 2 sapply(",
        "      3   1:3, inner",
        "      4 )",
        "in a function of an earlier cell:",
        "----> 3   if (y > 1) stop('too big')",
    ]
    assert lines[-1] == "(%tb shows all of it)"
    # At top level, in a loop (R knows no more of its own functions), where the stack is used up.
    for code, line in (
        ("1\nstop('x')", "----> 2 stop('x')"),
        ("for (i in 1) {\n  log('a')\n}", "----> 1 for (i in 1) {"),
        ("b <- 1\nnope", "----> 2 nope"),
        ("2\n(function() stop('é'))()", "----> 2 (function() stop('é'))()"),
    ):
        told = fails(r, code)
        assert told.traceback[1] == line
        assert line in told.detail
    assert fails(r, "1\nstop('x')").traceback[1:] == ["----> 2 stop('x')"]
    over = fails(r, "over <- function() over()\nover()").traceback
    assert any(line.endswith(" over()") for line in over)


def test_the_root_cause_comes_first(r: RInterpreter) -> None:
    code = """
    outer <- function(x) tryCatch(log(x), error = function(e) {
      stop(structure(class = c("outer_error", "error", "condition"),
                     list(message = "no report", call = NULL, parent = e)))
    })
    outer("a")
    """
    told = fails(r, code)
    assert told.name == "outer_error"
    assert told.message == "non-numeric argument to mathematical function\nwhich led to: no report"
    told = fails(r, "dplyr::mutate(mtcars, x = mgp + 1)")
    assert told.message.startswith("object 'mgp' not found\nwhich led to: ")
    assert "x = mgp + 1" in told.message and "Caused by" not in told.message
    assert "----> 1 dplyr::mutate(mtcars, x = mgp + 1)" in told.traceback
    assert "mutate.data.frame" in told.detail
    assert not any("eval_tidy" in line or "withCallingHandlers" in line for line in told.traceback)


def test_other_errors(r: RInterpreter) -> None:
    assert fails(r, "nope").message == "object 'nope' not found"
    assert fails(r, "x <- )").name == "SyntaxError"
    assert "<cell>:2:3" in fails(r, "1\n1 1").message
    made = (
        "stop(structure(class = c('mine', 'error', 'condition'), list(message = 'm', call = NULL)))"
    )
    assert fails(r, made).name == "mine"
    # R 4.5 has a limit of its own before the stack's.
    deep = fails(r, "f <- function() f(); f()").name
    assert deep in ("CStackOverflowError", "expressionStackOverflowError")
    assert fails(r, "stopifnot('must hold' = FALSE)").message == "must hold"
    # What ran before a syntax error in the same cell: nothing.
    run(r, "assigned_before <- 1\n)")
    assert fails(r, "assigned_before").message == "object 'assigned_before' not found"


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("signalCondition(simpleError('s')) -> x; cat('on')", "on"),
        ("tryCatch(stop('a'), error = function(e) { warning(e); cat('rescued') })", "rescued"),
        ("tryCatch(stop('a'), error = function(e) { message(e); cat('rescued') })", "rescued"),
        ("tryCatch(as.integer('z'), warning = function(w) { message(w); cat(3) })", "3"),
        ("w <- simpleWarning('w'); x <- signalCondition(w); cat('on')", "on"),
        ("warning(structure(class = c('odd', 'condition'), list(message = 'a'))); cat(1)", "1"),
        ("tryCatch(signalCondition(simpleError('q')), error = function(e) cat('taken'))", "taken"),
    ],
)
def test_a_condition_that_nothing_unwinds_for_ends_no_cell(
    r: RInterpreter, code: str, shown: str
) -> None:
    assert do(r, code).text("stdout") == shown


def test_errors_given_to_warning_and_message_are_shown(r: RInterpreter) -> None:
    code = "tryCatch(stop('a'), error = function(e) { message(e); warning(e) })"
    where = "doTryCatch(return(expr), name, parentenv, handler)"
    assert do(r, code).text("stderr") == f"aWarning message in {where}:\n“a”\n"


@pytest.mark.parametrize(
    ("code", "name", "message"),
    [
        ("tryCatch(warning('ww'), warning = function(w) stop(w))", "simpleWarning", "ww"),
        ("stop(structure(class = c('odd', 'condition'), list(message = 'a')))", "odd", "a"),
        ("withCallingHandlers(stop('a'), error = function(e) stop('b'))", "Error", "b"),
        ("f <- function() f(); f()", "CStackOverflowError", "C stack usage"),
        ("invokeRestart('abort')", "Abort", "The cell was aborted."),
        ("e <- simpleError('x'); options(warn = 2); warning(e)", "Error", "(converted from"),
        ("options(warn = 0); list(1)[[3]]", "subscriptOutOfBoundsError", "subscript out"),
    ],
)
def test_what_does_not_come_back_ends_the_cell(
    r: RInterpreter, code: str, name: str, message: str
) -> None:
    failed = fails(r, code)
    assert (failed.name, failed.message[: len(message)]) == (name, message)
