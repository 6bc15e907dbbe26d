"""How a JVM is ended, without one: told, waited for, and not longer than it has something to do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from toree.companion import launch

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a shell stands for the JVM")

#: Makes its mark, says where it listens, and waits for the end of its input as the JVM does.
SHELL = """
touch "$1"
printf '{"port": 1, "secret": "s"}' > "$2/new" && mv "$2/new" "$2/address"
cat > /dev/null
"""


def begun(tmp_path: Path, end: str) -> launch.CompanionProcess:
    temporary = tmp_path / "jvm-x"
    temporary.mkdir()
    mark = launch.mark_of(temporary)
    process = subprocess.Popen(
        ["sh", "-c", SHELL + end, "sh", mark, temporary], stdin=subprocess.PIPE
    )
    made = launch.CompanionProcess(process, temporary, [], tmp_path / "log")
    made.wait_for_address(300)
    assert mark.exists()
    return made


def test_one_that_has_done_all_is_waited_for_no_more(tmp_path: Path) -> None:
    jvm = begun(tmp_path, f'touch "{tmp_path}/hooks"; rm "$1"; exec sleep 3600')
    jvm.close(timeout=1800)
    assert jvm.process.returncode == -signal.SIGKILL
    assert (tmp_path / "hooks").exists()
    assert not jvm.temporary.exists()


def test_one_with_something_to_do_is_waited_for(tmp_path: Path) -> None:
    jvm = begun(tmp_path, f'sleep 0.3; touch "{tmp_path}/hooks"')
    jvm.let_go()
    jvm.let_go()  # the number of its pipe may be another's by then
    jvm.close(timeout=300)
    assert jvm.process.returncode == 0
    assert (tmp_path / "hooks").exists()
    assert not jvm.mark.exists()


def test_one_that_does_not_end_is_ended(tmp_path: Path) -> None:
    jvm = begun(tmp_path, "exec sleep 3600")
    jvm.close(timeout=0.1)
    assert jvm.process.returncode == -signal.SIGKILL
    assert not jvm.mark.exists()


def test_one_without_a_mark_ends_by_itself(tmp_path: Path) -> None:
    """An agent, or Java itself, may write something after all hooks."""
    temporary = tmp_path / "jvm-x"
    temporary.mkdir()
    (temporary / "address").write_text(json.dumps({"port": 1, "secret": "s"}))
    process = subprocess.Popen(["sh", "-c", "cat > /dev/null; exit 3"], stdin=subprocess.PIPE)
    jvm = launch.CompanionProcess(process, temporary, [], tmp_path / "log")
    jvm.wait_for_address(300)
    jvm.close(timeout=300)
    assert jvm.process.returncode == 3
