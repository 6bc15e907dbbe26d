"""What Spark's launcher has answered, kept for the next start."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from toree.companion.command import Command
from toree.companion.launcher import Answer

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")


def asked(temporary: str, **more: str) -> Command:
    environment = {"PATH": os.environ["PATH"], "TOREE_TEMPORARY": f"{temporary}/jvm-1"}
    environment |= {"TOREE_SCRATCH": temporary, **more}
    return Command(["spark-submit", f"{temporary}/jvm-1/address"], environment)


@pytest.fixture
def began(own_cache: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that stand for what the scripts have become."""
    found: list[subprocess.Popen[bytes]] = []
    yield found
    for process in found:
        process.kill()
        process.wait()


def learned(began: list[subprocess.Popen[bytes]], command: Command, *words: str) -> Answer:
    answer = Answer.of("key", None, command)
    assert answer is not None
    line = [sys.executable, "-c", "import time; time.sleep(60)", "toree.Main"]
    line += [*words, command.words[1]]
    process = subprocess.Popen(line, env={**command.environment, "SPARK_SCALA_VERSION": "2.13"})
    began.append(process)
    until = time.monotonic() + 30
    while b"toree.Main" not in Path(f"/proc/{process.pid}/cmdline").read_bytes():
        assert time.monotonic() < until
        time.sleep(0.01)
    answer.learn(process.pid, command)
    return answer


def test_the_next_kernel_has_it_with_its_own_folders(
    began: list[subprocess.Popen[bytes]],
) -> None:
    first = asked("/tmp/toree-a")
    learned(began, first, "--conf", "a=b c")
    second = asked("/tmp/toree-b", OWN="1")
    answer = Answer.of("key", None, second)
    assert answer is not None
    found = answer.read(second)
    assert found is not None
    assert found.words[-3:] == ["--conf", "a=b c", "/tmp/toree-b/jvm-1/address"]
    assert found.words[0] == sys.executable
    assert found.environment == {**second.environment, "SPARK_SCALA_VERSION": "2.13"}
    assert answer.file.stat().st_mode & 0o777 == 0o600


def test_what_may_be_secret_is_not_kept(began: list[subprocess.Popen[bytes]]) -> None:
    command = asked("/tmp/toree-a")
    answer = learned(began, command, "-Djavax.net.ssl.trustStorePassword=x")
    assert not answer.file.exists()
    assert answer.read(command) is None


def test_an_environment_says_nothing_of_it(began: list[subprocess.Popen[bytes]]) -> None:
    """Only what the scripts have added is kept: the user's own variables are not written down."""
    command = asked("/tmp/toree-a", AWS_THING="only mine")
    answer = learned(began, command)
    assert "only mine" not in answer.file.read_text()


def test_another_key_archive_or_day_is_asked_anew(began: list[subprocess.Popen[bytes]]) -> None:
    command = asked("/tmp/toree-a")
    answer = learned(began, command)
    assert answer.read(command) is not None
    for other in (Answer.of("other", None, command), Answer.of("key", Path("/a"), command)):
        assert other is not None
        assert other.read(command) is None
    assert Answer.of(None, None, command) is None
    os.utime(answer.file, (0, time.time() - 2 * 86400))
    assert answer.read(command) is None


def test_a_java_that_is_gone_or_a_broken_file(began: list[subprocess.Popen[bytes]]) -> None:
    command = asked("/tmp/toree-a")
    answer = learned(began, command)
    whole = answer.file.read_text()
    answer.file.write_text(whole.replace(sys.executable, "/no/java"))
    assert answer.read(command) is None
    answer.file.write_text(whole[:50])
    assert answer.read(command) is None
