"""Every language passes the contract of the seam, without Jupyter in between."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from toree import registry
from toree.config import Config
from toree.host import Host
from toree.interpreters.base import Interpreter
from toree.testing import EchoInterpreter, InterpreterContract, Recorder


class Shell:
    """IPython without a kernel around it (`toree.host.IPython`)."""

    def __init__(self) -> None:
        self.shell = InteractiveShell.instance()
        self.output = Recorder()

    async def run(self, code: str) -> dict[str, Any]:
        ran = self.shell.run_cell(code, store_history=False)
        error = ran.error_before_exec or ran.error_in_exec
        if error is not None:
            text = f"{type(error).__name__}: {error}"
            return {
                "status": "error",
                "ename": type(error).__name__,
                "evalue": str(error),
                "traceback": [text],
            }
        return {"status": "ok", "payload": [], "user_expressions": {}, "result": ran.result}

    def complete(self, code: str, cursor: int) -> dict[str, Any]:
        return {"matches": [], "cursor_start": cursor, "cursor_end": cursor}

    def inspect(self, code: str, cursor: int, detail: int) -> dict[str, Any]:
        return {"found": False, "data": {}}

    def is_complete(self, code: str) -> dict[str, Any]:
        return {"status": self.shell.check_complete(code)[0]}


class TestEcho(InterpreterContract):
    value = ("42", "42")
    prints = (">hello", "hello\n")
    fails = ("!oh", "EchoError")
    comment = ""
    incomplete = "a\\"

    @pytest.fixture
    def interpreter(self) -> Interpreter:
        return EchoInterpreter()


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    made = Host(Config(language="scala"), Shell(), registry.languages())
    made.start()
    made.companion.entry()  # else the first cell says that it waits
    yield made
    made.close()


@pytest.mark.spark
class TestScala(InterpreterContract):
    value = ("6 * 7", "42")
    prints = ('println("hello")', "hello\n")
    fails = ("1 / 0", "java.lang.ArithmeticException")
    comment = "// nothing"
    incomplete = "def f = {"

    @pytest.fixture
    def interpreter(self, host: Host) -> Interpreter:
        return host.workspace.interpreter("scala")


@pytest.mark.spark
class TestSql(InterpreterContract):
    value = (
        "select 1 as one",
        "+-----+\n| one |\n| int |\n+-----+\n| 1   |\n+-----+\n1 row",
    )
    fails = ("selec 1", "org.apache.spark.sql.catalyst.parser.ParseException")
    keeps = ("create or replace temp view kept as select 1 as one", "select * from kept")
    comment = "-- nothing"
    incomplete = "select 'open"

    @pytest.fixture
    def interpreter(self, host: Host) -> Interpreter:
        return host.workspace.interpreter("sql")
