"""R itself, and Spark in a companion of its own, as the kernel has them."""

from __future__ import annotations

import importlib.util
import shutil
import types
from collections.abc import Iterator
from typing import Any

import pytest

from toree.companion.companion import Companion
from toree.config import Config
from toree.interpreters.base import Failed, Ok
from toree.interpreters.r.interpreter import RInterpreter
from toree.registry import languages
from toree.testing import Recorder, run
from toree.workspace import Workspace

if shutil.which("R") is None or importlib.util.find_spec("rpy2") is None:
    collect_ignore_glob = ["test_*.py"]


def interpreter_on(companion: Any) -> RInterpreter:
    """R as a kernel has it, without the kernel."""
    ipython = types.SimpleNamespace(shell=None)
    workspace = Workspace(companion.config, languages(), companion, ipython)  # type: ignore[arg-type]
    return RInterpreter(workspace.services("r"))


def without_spark() -> RInterpreter:
    return interpreter_on(Companion(Config(spark_home="/there/is/none")))


@pytest.fixture(scope="module")
def r() -> Iterator[RInterpreter]:
    """An R without Spark."""
    interpreter = without_spark()
    do(interpreter, "invisible(1)")
    yield interpreter
    interpreter.close()


@pytest.fixture(scope="session")
def companion(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    settings = {
        "spark.ui.enabled": "false",
        "spark.sql.warehouse.dir": tmp_path_factory.mktemp("warehouse"),
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.session.timeZone": "Europe/Berlin",
    }
    options = ["--master", "local[2]", "--driver-memory", "1g"]
    for key, setting in settings.items():
        options += ["--conf", f"{key}={setting}"]
    made = Companion(Config(spark_options=tuple(options)))
    yield made
    made.close()


@pytest.fixture(scope="module")
def rs(companion: Any) -> Iterator[RInterpreter]:
    """An R on a Spark session."""
    interpreter = interpreter_on(companion)
    do(interpreter, "suppressMessages({library(DBI); library(dplyr)}); spark")
    yield interpreter
    interpreter.close()


def do(interpreter: RInterpreter, code: str, answers: list[str] | None = None) -> Recorder:
    """Runs a cell that must end well; its value, if any, is the recorder's last event."""
    recorder = Recorder(answers or [])
    result = run(interpreter, code, recorder)
    assert isinstance(result, Ok), result
    if result.data is not None:
        recorder.events.append(("result", dict(result.data)))
    return recorder


def value(interpreter: RInterpreter, code: str) -> str:
    """The text of a cell's value."""
    kind, data = do(interpreter, code).events[-1]
    assert kind == "result"
    return str(data["text/plain"])


def fails(interpreter: RInterpreter, code: str) -> Failed:
    result = run(interpreter, code)
    assert isinstance(result, Failed), result
    return result
