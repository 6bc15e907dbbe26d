from __future__ import annotations

import pytest

from toree.interpreters.r.interpreter import RInterpreter

from .conftest import do, without_spark

pytestmark = pytest.mark.r


def complete(r: RInterpreter, code: str) -> list[str]:
    found = r.complete(code, len(code))
    return [code[: found.start] + match for match in found.matches]


def test_completion(r: RInterpreter) -> None:
    do(r, "m <- mtcars; f <- function(alpha, beta) NULL; n <- list(one = 1, two = 2)")
    assert "mtcars" in complete(r, "mtca")
    assert complete(r, "f(al")[0] == "f(alpha = "
    assert complete(r, "m$cy") == ["m$cyl"]
    assert complete(r, "n$") == ["n$one", "n$two"]
    assert "stats::rnorm" in complete(r, "stats::rno")
    assert "x <- '😀'; print" in complete(r, "x <- '😀'; prin")
    assert complete(r, "f(\n  be")[0] == "f(\n  beta = "


def test_columns_inside_verbs(r: RInterpreter) -> None:
    do(
        r,
        "suppressMessages(library(dplyr)); m <- mtcars\nodd <- tibble(`a b` = 1)",
    )
    assert complete(r, "m |> filter(di")[0] == "m |> filter(disp"
    assert complete(r, "m |>\n  group_by(cyl) |>\n  summarise(x = mean(mp")[0].endswith("mean(mpg")
    assert complete(r, "filter(m, di")[0] == "filter(m, disp"
    assert complete(r, "odd |> select(a")[0] == "odd |> select(`a b`"


def test_types_run_parallel(r: RInterpreter) -> None:
    found = r.complete("mtca", 4)
    assert found.types == ["instance"]
    assert (found.start, found.end) == (0, 4)


def test_completion_runs_nothing(r: RInterpreter) -> None:
    do(r, "makeActiveBinding('boobytrap', function() stop('run!'), globalenv())")
    assert "boobytrap" in complete(r, "booby")
    assert r.inspect("boobytrap", 3) is not None
    do(r, "rm(boobytrap)")


def test_members_that_are_no_names_come_in_quotes(r: RInterpreter) -> None:
    do(r, r"odd_list <- list(a = 1, `b c` = 2, `\`\\\`` = 3)")
    do(r, "odd_env <- list2env(list(`abc+def` = 1, abcdef = 2))")
    assert complete(r, "odd_list$b") == ["odd_list$`b c`"]
    assert set(complete(r, "odd_list$")) == {
        "odd_list$a",
        "odd_list$`b c`",
        r"odd_list$`\`\\\``",
    }
    assert set(complete(r, "odd_env$abc")) == {"odd_env$abcdef", "odd_env$`abc+def`"}


def test_a_question_starts_r() -> None:
    interpreter = without_spark()
    try:
        assert interpreter.complete("version$plat", 12).matches == ["version$platform"]
    finally:
        interpreter.close()


def test_inspection(r: RInterpreter) -> None:
    bundle = r.inspect("mean(1)", 2)
    assert bundle is not None
    assert "Arithmetic Mean" in bundle["text/plain"] and "<h2>" in bundle["text/html"]
    do(r, "mine <- function(a, b = 2) a + b; seven <- 7L")
    assert "function (a, b = 2)" in (r.inspect("mine(", 5) or {})["text/plain"]
    assert "int 7" in (r.inspect("seven", 5) or {})["text/plain"]
    assert r.inspect("no_such_thing", 4) is None
    assert r.inspect("no.such::thing", 8) is None
    assert (r.inspect("1.5", 2) or {})["text/plain"].strip() == "num 1.5"
    assert "function" in (r.inspect("tools:::.Rd2pdf", 12) or {})["text/plain"]
    assert r.inspect("", 0) is None


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("1 + 1", "complete"),
        ("1 +", "incomplete"),
        ("f <- function(x) {", "incomplete"),
        ("'abc", "incomplete"),
        ("x |>", "incomplete"),
        ("1 1", "invalid"),
        (")", "invalid"),
        ("", "complete"),
        ("# only", "complete"),
    ],
)
def test_is_complete(r: RInterpreter, code: str, status: str) -> None:
    do(r, "invisible(1)")
    assert r.is_complete(code).status == status
