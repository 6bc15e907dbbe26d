"""Questions to the user in every language, and to a front end that takes no input."""

from __future__ import annotations

import pytest
from session import Session

pytestmark = pytest.mark.spark

ASKING = {
    "scala": 'scala.io.StdIn.readLine("name? ")',
    "scala, by kernel.in": "new java.io.BufferedReader(new java.io.InputStreamReader("
    "kernel.in)).readLine()",
    "scala, a password": 'kernel.ask("name? ", password = true)',
    "python": "%%python\ninput('name? ')",
    "python, a password": "%%python\nimport getpass; getpass.getpass('name? ')",
}
R = {
    "kernel$ask": "%%r\nkernel$ask('name? ')",
    "askpass": "%%r\ngetOption('askpass')('name? ')",
    "readline": "%%r\nreadline('name? ')",
    "readLines": "%%r\nreadLines(stdin(), 1)",
    "menu": "%%r\nmenu(c('a', 'b'))",
    "scan": "%%r\nscan(stdin(), 1, quiet = TRUE)",
}


@pytest.mark.parametrize("how", ASKING)
def test_a_question_is_answered(kernel: Session, how: str) -> None:
    ran = kernel.run(ASKING[how], answers=["Ann"])
    assert ran.status == "ok", ran.traceback
    assert ran.result.strip("'") == "Ann"


@pytest.mark.r
@pytest.mark.parametrize("how", R)
def test_a_question_of_r_s_is_answered(kernel: Session, how: str) -> None:
    ran = kernel.run(R[how], answers=["2", ""])
    assert ran.status == "ok", ran.traceback
    assert "2" in ran.bundles("display_data")[-1]["text/plain"]


@pytest.mark.parametrize("how", ASKING)
def test_a_front_end_without_input_gets_an_error(kernel: Session, how: str) -> None:
    ran = kernel.run(ASKING[how])
    assert ran.status == "error"
    assert "take" in ran.reply["evalue"] or "not support input" in ran.reply["evalue"]
    assert kernel.run("6*7").result == "42"


@pytest.mark.r
@pytest.mark.parametrize("how", R)
def test_a_front_end_without_input_gets_an_error_of_r_s(kernel: Session, how: str) -> None:
    ran = kernel.run(f"{R[how]}\nreached <- 1")
    assert ran.status == "error"
    assert ran.reply["evalue"] == "This front end takes no input."
    assert "[1] 3" in kernel.run("%%r\n1 + 2").bundles("display_data")[-1]["text/plain"]


@pytest.mark.r
@pytest.mark.parametrize(
    "code",
    [
        ASKING["scala, a password"],
        ASKING["python, a password"],
        R["askpass"],
        "%%r\nkernel$ask('name? ', password = TRUE)",
    ],
)
def test_a_password_is_asked_for_as_one(kernel: Session, code: str) -> None:
    sent = kernel.client.execute(code, allow_stdin=True)
    asked = kernel.client.get_stdin_msg(timeout=60)
    assert asked["content"] == {"prompt": "name? ", "password": True}
    kernel.client.input("x")
    kernel._reply(sent, 60)
