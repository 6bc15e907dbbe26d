"""R feels like R: values, output in order, warnings, errors, questions."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from pathlib import Path

import pytest

from toree.interpreters.base import Failed, Ok
from toree.interpreters.r.interpreter import RInterpreter
from toree.testing import Recorder, run

from .conftest import do, fails, value

pytestmark = pytest.mark.r


def test_several_values_in_a_cell(r: RInterpreter) -> None:
    events = do(r, "1\ninvisible(2)\n'three'\nx <- 4\nNULL").events
    assert [(kind, data["text/plain"]) for kind, data in events] == [
        ("display", "[1] 1"),
        ("display", '[1] "three"'),
        ("result", "NULL"),
    ]


def test_everything_comes_in_the_order_it_was_made(r: RInterpreter) -> None:
    code = (
        "print('a')\ncat('b\\n')\nmessage('c')\nsystem('echo d')\ncat('e\\n')\n5\n"
        "write('f', stderr())\nsystem('echo g >&2; echo h')\ncat('i\\n')"
    )
    events = do(r, code).events
    assert [e for e in events if e[0] != "display"][:2] == [
        ("stream", "stdout", '[1] "a"\nb\n'),
        ("stream", "stderr", "c\n"),
    ]
    flat = [e[1]["text/plain"] if e[0] == "display" else e[2] for e in events]
    text = "".join(flat)
    order = [text.index(x) for x in ('"a"', "b\n", "c\n", "d\n", "e\n", "[1] 5", "f\n")]
    assert order == sorted(order)
    assert {"g\n", "h\n"} <= {line + "\n" for line in text.split("\n")}
    assert text.endswith("i\n")


def test_a_value_before_text_is_a_display(r: RInterpreter) -> None:
    events = do(r, "5\ninvisible(cat('x'))").events
    assert [e[0] for e in events] == ["display", "stream"]


def test_rich_values(r: RInterpreter) -> None:
    _, data = do(r, "data.frame(a = 1:2, `<b>` = c('x', '<script>'), check.names = FALSE)").events[
        -1
    ]
    assert {"text/plain", "text/html", "text/markdown", "text/latex"} <= set(data)
    assert "<script>" not in data["text/html"] and "<b>" not in data["text/html"]
    assert do(r, "options(jupyter.rich_display = FALSE); 1").events[-1][1] == {
        "text/plain": "[1] 1"
    }
    do(r, "options(jupyter.rich_display = TRUE)")


def test_displays_of_irdisplay(r: RInterpreter) -> None:
    events = do(
        r, "IRdisplay::display_html('<i>x</i>')\nIRdisplay::display_json('{\"a\": 1}')"
    ).events
    assert events[0][1]["text/html"] == "<i>x</i>"
    shown = events[1][1]["application/json"]
    assert (json.loads(shown) if isinstance(shown, str) else shown) == {"a": 1}
    assert do(r, "IRdisplay::clear_output()").events == [("clear", True)]


def test_classes_of_every_kind(r: RInterpreter) -> None:
    code = """
    print.mine <- function(x, ...) cat('<mine>\\n')
    structure(1, class = 'mine')
    """
    assert value(r, code) == "<mine>"
    code = """
    setClass('P', representation(n = 'numeric'))
    setMethod('show', 'P', function(object) cat('<P ', object@n, '>\\n', sep = ''))
    new('P', n = 3)
    """
    assert value(r, code) == "<P 3>"
    code = "A <- setRefClass('A', fields = list(n = 'numeric')); a <- A$new(n = 1); a$n <- 7; a$n"
    assert value(r, code) == "[1] 7"
    assert value(r, "R6::R6Class('C', public = list(v = 8))$new()$v") == "[1] 8"


def test_questions(r: RInterpreter) -> None:
    recorder = do(
        r,
        "x <- readline('name? ')\ny <- menu(c('a', 'b'))\nz <- readLines(stdin(), 1)",
        ["Ada", "2", ""],
    )
    assert [e[1] for e in recorder.events if e[0] == "ask"] == ["name? ", "Selection: ", ""]
    assert value(r, "paste(x, y, nchar(z))") == '[1] "Ada 2 0"'
    assert fails(r, "readline('no stdin')").message == "This front end takes no input."


def test_no_debugger(r: RInterpreter) -> None:
    recorder = do(r, "f <- function() { browser(); 5 }\nf()")
    assert "no debugger" in recorder.text("stderr")
    assert recorder.events[-1][1]["text/plain"] == "[1] 5"
    recorder = do(r, "g <- function(x) { y <- x + 1; y }\ndebug(g)\ng(1)\nundebug(g)")
    assert "no debugger" in recorder.text("stderr")


def test_ordinary_things(r: RInterpreter, tmp_path: object) -> None:
    assert value(r, f"setwd('{tmp_path}'); basename(getwd())").startswith('[1] "')
    do(r, "writeLines('sourced <- 12', 'a.R'); source('a.R')")
    assert value(r, "sourced") == "[1] 12"
    assert [a.name for a in r.assigned()] == []
    assert value(r, "Sys.setenv(TOREE_X = 'é'); Sys.getenv('TOREE_X')") == '[1] "é"'
    assert value(r, "1 + 1; .Last.value") == "[1] 2"
    assert "base" in value(r, "sessionInfo()")
    assert value(r, "interactive()") == "[1] TRUE"
    assert "Arithmetic Mean" in value(r, "?mean")


def test_text_of_any_kind(r: RInterpreter) -> None:
    assert value(r, "'naïve 😀 \\u4e2d'") == '[1] "naïve 😀 中"'
    assert do(r, "cat(rawToChar(as.raw(c(0x61, 0xff, 0x0a))))").text("stdout") == "a\ufffd\n"
    assert do(r, "cat(strrep('x', 3e6))").text("stdout") == "x" * 3_000_000
    assert do(r, "for (i in 1:1e5) cat(i, '\\n')").text("stdout").count("\n") == 100_000


def test_the_globals_are_the_users(r: RInterpreter) -> None:
    assert value(r, "rm(list = ls(all.names = TRUE)); ls(all.names = TRUE)") == "character(0)"
    # Whatever the user redefines, cells go on.
    do(r, "c <- list <- paste <- cat <- function(...) stop('mine'); T <- FALSE; print <- 1")
    assert value(r, "base::sum(1, 2)") == "[1] 3"
    do(r, "rm(c, list, paste, cat, T, print)")


def test_forked_processes_print(r: RInterpreter) -> None:
    # Again and again: Python's threads are in any state when R forks.
    code = (
        "for (i in 1:25) { cat('parent\\n')\n"
        "invisible(parallel::mclapply(1:4, function(i) cat('child', i, '\\n'), mc.cores = 2)) }"
    )
    assert do(r, code).text("stdout").count("child") == 100


def test_quit_ends_r_cleanly_and_the_next_cell_starts_it(r: RInterpreter) -> None:
    do(r, "kept <- 1")
    recorder = Recorder()
    assert run(r, "q(status = 3)\ncat('never')", recorder) == Ok()
    assert "ended with status 3" in recorder.text("stderr")
    assert "never" not in recorder.text("stdout")
    assert fails(r, "kept").message == "object 'kept' not found"


def test_a_death_says_why_and_costs_only_r(r: RInterpreter) -> None:
    do(r, "kept <- 1")
    result = run(r, "tools::pskill(Sys.getpid(), 11); Sys.sleep(10)")
    assert isinstance(result, Failed)
    assert "SIGSEGV" in result.message
    recorder = do(r, "exists('kept')")
    assert "new R" in recorder.text("stderr")
    assert recorder.events[-1][1]["text/plain"] == "[1] FALSE"


def test_r_dies_while_idle(r: RInterpreter) -> None:
    import os
    import signal

    pid = int(value(r, "Sys.getpid()").split()[1])
    os.kill(pid, signal.SIGKILL)
    recorder = Recorder()
    result = run(r, "1", recorder)
    assert isinstance(result, Failed | Ok)
    assert value(r, "1 + 1") == "[1] 2"


def test_what_runs_on_after_a_cell_fills_no_memory(r: RInterpreter, tmp_path: Path) -> None:
    """Between cells nobody takes what R's children print: they wait."""

    def memory() -> int:
        status = Path("/proc/self/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+)", status)[0])

    noted = tmp_path / "pid"
    command = f"sh -c 'echo $$ > {noted}; exec yes 0123456789'"
    do(r, f'system("{command}", wait = FALSE); Sys.sleep(0.5)')
    before = memory()
    time.sleep(3)
    assert memory() - before < 50_000  # KB
    assert r.is_complete("x <-").status == "incomplete"
    os.kill(int(noted.read_text()), signal.SIGKILL)
    assert value(r, "6 * 7") == "[1] 42"
