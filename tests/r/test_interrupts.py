"""The stop button: every kind of cell, at random moments, none lost, none misreported."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from typing import Any

import pytest
from pace import Pace

from toree.interpreters.base import Failed, Ok
from toree.interpreters.r.interpreter import RInterpreter
from toree.testing import Recorder, run

from .conftest import do, value

pytestmark = [pytest.mark.r, pytest.mark.timeout(1500)]

ENDLESS = {
    "while": "while (TRUE) {}",
    "repeat": "repeat 1",
    "sleep": "Sys.sleep(100)",
    "sleep loop": "repeat Sys.sleep(0.01)",
    "runif": "repeat sum(runif(1e6))",
    "vector": "v <- numeric(1e6); repeat v * 2",
    "matrix": "m <- matrix(1, 200, 200); repeat m %*% m",
    "sort": "repeat sort(runif(1e5))",
    "strings": "repeat paste0('a', 1:1e5)",
    "system": "system('sleep 100')",
    "system2": "system2('sh', c('-c', shQuote('sleep 50; sleep 50')))",
    "pipe": "readLines(pipe('sleep 100; echo a'))",
    "cat": "repeat cat('x')",
    "cat lines": "repeat cat('line\\n')",
    "message": "repeat message('m')",
    "print": "repeat print(1:10)",
    "lapply": "repeat lapply(1:1000, function(i) i)",
    "sapply": "repeat sapply(1:1e6, function(i) i)",
    "recursion": "f <- function(n) if (n > 0) f(n - 1) else 0; repeat f(500)",
    "try": "repeat try(stop('e'), silent = TRUE)",
    "tryCatch": "repeat tryCatch(stop('e'), error = function(e) 1)",
    "finally": "repeat tryCatch(Sys.sleep(0.001), finally = 1)",
    "regex": "repeat gsub('a+', 'b', rep('aaa', 1000))",
    "gc": "repeat gc()",
    "env": "e <- new.env(); repeat assign('x', 1, e)",
    "data.frame": "repeat data.frame(a = 1:100)$a",
    "lm": "repeat lm(mpg ~ wt, mtcars)",
    "display": "repeat IRdisplay::display_html('<b>')",
    "plot": "repeat plot(1:10)",
    "compile": "f <- function(x) x; repeat compiler::cmpfun(f)",
    "parse": "repeat parse(text = '1 + 1')",
    "socket": "s <- serverSocket(8e3 + sample(1e4, 1)); repeat socketSelect(list(s), timeout = 9)",
}

LONG = "SELECT sum(a.id % 7 * b.id) FROM range(1000000) a, range(1000000) b"
QUICK = (
    "invisible(dbExecute(spark, 'CREATE OR REPLACE TEMP VIEW quick AS SELECT id FROM range(9)'))"
)

SPARK = {
    "collect": f"dbGetQuery(spark, '{LONG}')",
    "queries": "repeat dbGetQuery(spark, 'SELECT 1')",
    "analysis": "repeat dbListFields(spark, 'quick')",
    "dplyr": "repeat tbl(spark, 'quick') |> filter(id > 1) |> collect()",
}


def interrupted(interpreter: RInterpreter, code: str, delay: float) -> tuple[Any, float]:
    """Runs `code`, presses stop after `delay` seconds; the result and how long stopping took.

    The seconds are those of a machine with nothing else to do (`pace`).
    """
    pace = Pace()
    pressed, ended = [0.0], threading.Event()

    def press() -> None:
        if not ended.is_set():
            pressed[0] = time.monotonic()
            os.kill(os.getpid(), signal.SIGINT)

    def too_early(*_: Any) -> None:  # the cell has not begun: press again
        threading.Timer(0.002, press).start()

    before = signal.signal(signal.SIGINT, too_early)
    timer = threading.Timer(delay, press)
    timer.start()
    try:
        result = run(interpreter, code, _Sink())
        took = pace.alone(time.monotonic() - pressed[0])
    finally:
        ended.set()
        timer.join()
        signal.signal(signal.SIGINT, before)
    return result, took


class _Sink(Recorder):
    def stream(self, name: str, text: str) -> None: ...

    def display(self, data: Any, metadata: Any = None, **options: Any) -> None: ...


@pytest.mark.parametrize("kind", ENDLESS)
def test_stops_within_a_second(r: RInterpreter, kind: str) -> None:
    do(r, "kept <- 42")
    result, took = interrupted(r, ENDLESS[kind], 0.4)
    assert isinstance(result, Failed) and result.name == "Interrupted", result
    assert took < 1.0
    assert value(r, "kept") == "[1] 42"


@pytest.mark.spark
@pytest.mark.parametrize("kind", SPARK)
def test_spark_stops_and_the_session_lives(rs: RInterpreter, kind: str) -> None:
    do(rs, QUICK)
    result, took = interrupted(rs, SPARK[kind], 1.5)
    assert isinstance(result, Failed) and result.name == "Interrupted", result
    assert took < 2.0
    assert value(rs, "dbGetQuery(spark, 'SELECT 41 + 1 AS x')$x") == "[1] 42"


@pytest.mark.spark
def test_random_moments(rs: RInterpreter) -> None:
    """A part of the 1,000: TOREE_SOAK=1000 runs them all."""
    count = int(os.environ.get("TOREE_SOAK", "60"))
    chance = random.Random(int(os.environ.get("TOREE_SEED", "1")))
    do(rs, "kept <- 42")
    do(rs, QUICK)
    cells = [*ENDLESS.values(), *SPARK.values()]
    times = []
    for i in range(count):
        code = chance.choice(cells)
        delay = chance.choice([0.0, chance.uniform(0, 0.005), chance.uniform(0, 0.3)])
        result, took = interrupted(rs, code, delay)
        assert isinstance(result, Failed) and result.name == "Interrupted", (i, code, result)
        times.append(took)
        # Nothing is left over for the next cell.
        result = run(rs, "for (i in 1:2000) NULL; kept", _Sink())
        assert isinstance(result, Ok) and result.data, (i, code, result)
        assert result.data["text/plain"] == "[1] 42"
    times.sort()
    print(
        f"\nstopped {count}: p50 {times[count // 2]:.3f} s, p99 {times[count * 99 // 100]:.3f} s, "
        f"max {times[-1]:.3f} s"
    )


def test_the_users_own_handler_gets_it(r: RInterpreter) -> None:
    result, _ = interrupted(r, "tryCatch(repeat 1, interrupt = function(c) 'mine')", 0.3)
    assert isinstance(result, Ok) and result.data and result.data["text/plain"] == '[1] "mine"'


def test_a_stop_while_a_question_waits(r: RInterpreter) -> None:
    class Waiting(Recorder):
        def ask(self, prompt: str, *, password: bool = False) -> str:
            time.sleep(30)
            return "never"

    timer = threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    result = run(r, "x <- readline('name? '); cat('went on')", Waiting())
    assert isinstance(result, Failed) and result.name == "Interrupted"
    assert value(r, "1 + 1") == "[1] 2"


def test_what_cannot_be_stopped_is_said(r: RInterpreter) -> None:
    recorder = Recorder()
    timer = threading.Timer(3.0, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    # LAPACK never looks for an interrupt.
    code = "x <- solve(matrix(rnorm(3500^2), 3500))"
    result = run(r, code, recorder)
    timer.join()
    assert isinstance(result, Failed) and result.name == "Interrupted"
    assert "%restart r" in recorder.text("stderr")
