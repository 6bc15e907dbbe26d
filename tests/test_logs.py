"""Logs stay bounded, private, and go after a while."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from toree import logs

LINES = 20_000
WRITER = f"for i in range({LINES}): print('line', i, flush=True)"


def test_a_log_is_cut_while_its_process_writes_and_ends_with_the_newest_lines(
    tmp_path: Path,
) -> None:
    path = tmp_path / "companion.log"
    limit = 20_000
    rotation = logs.Rotation(path, limit=limit, every=0.005)
    with logs.opened(path) as log:
        subprocess.run([sys.executable, "-c", WRITER], stdout=log, check=True, timeout=60)
    deadline = time.monotonic() + 10
    while path.stat().st_size > limit and time.monotonic() < deadline:
        time.sleep(0.01)
    rotation.close()
    assert path.stat().st_size <= limit
    older = path.with_name("companion.log.1")
    assert {oct(p.stat().st_mode & 0o777) for p in (path, older)} == {"0o600"}
    last = logs.tail(path, 1) or logs.tail(older, 1)
    assert last == [f"line {LINES - 1}"]


def test_the_tail_of_a_log(tmp_path: Path) -> None:
    path = tmp_path / "r.log"
    path.write_bytes(b"".join(b"line %d\n" % i for i in range(100_000)) + b"caf\xe9\n")
    assert logs.tail(path, 2) == ["line 99999", "caf\ufffd"]
    assert logs.tail(tmp_path / "none.log", 2) == []


def test_old_logs_and_those_beyond_the_newest_are_removed(tmp_path: Path) -> None:
    now = time.time()
    for number in range(5):
        path = tmp_path / f"log-{number}.log"
        path.touch()
        os.utime(path, (now - number * 86400, now - number * 86400))
    (tmp_path / "address").touch()
    logs.prune(tmp_path, days=2.5, files=50)
    assert {p.name for p in tmp_path.iterdir()} == {
        *(f"log-{n}.log" for n in range(3)),
        "address",
    }
    logs.prune(tmp_path, days=2.5, files=1)
    assert {p.name for p in tmp_path.iterdir()} == {"log-0.log", "address"}


def test_a_living_kernel_keeps_its_logs(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    for pid in (os.getpid(), ended.pid):
        for name in (f"r-{pid}.log", f"companion-{pid}-ab12.log.1"):
            (tmp_path / name).touch()
            os.utime(tmp_path / name, (0, 0))
    logs.prune(tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {
        f"r-{os.getpid()}.log",
        f"companion-{os.getpid()}-ab12.log.1",
    }
