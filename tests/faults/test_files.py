"""What a kernel writes is its user's alone, in the table, and goes with it."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil
import pytest
from IPython.paths import get_ipython_dir
from pages import logs, rows_of
from session import Session, has_r
from victim import companion, processes, until

pytestmark = pytest.mark.spark


def mode(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


def test_files_are_the_users_alone_and_go(specs: Path, tmp_path: Path) -> None:
    """What a running kernel has written is in the table, and what the table says is there."""
    with Session("toree_scala", env={**os.environ, "TMPDIR": str(tmp_path)}) as session:
        session.run("spark.range(10).repartition(3).count()")
        session.run("%%python\nimport numpy; big = numpy.zeros(1_000_000)")
        assert session.run("big.length").result == "1000000"
        if has_r:
            assert session.run("%%r\nlength(big)").result == "[1] 1000000"
        environment = companion(session).environ()
        folders = [Path(environment[name]) for name in ("TOREE_SCRATCH", "TOREE_TEMPORARY")]
        assert [mode(folder) for folder in folders] == ["0o700", "0o700"]
        assert not list(folders[1].glob("address"))  # read, then removed
        assert {mode(log) for log in logs(session)} == {"0o600"}
        assert any(folders[1].iterdir())
        assert list(tmp_path.iterdir()) == [folders[0]]
        parts = {part.name.partition("-")[0] for part in folders[0].iterdir()}
        assert parts == {"jvm", "values", *(["r"] if has_r else [])}
        rows = " ".join(row[0] for row in rows_of("## Files"))
        assert [part for part in parts if f"`{part}-*` in it" not in rows] == []
        known = (*folders, *logs(session), Path(get_ipython_dir()))
        assert [path for path in written(session) if not within(path, known)] == []
    until(lambda: not any(folder.exists() for folder in folders), 10)


def written(session: Session) -> Iterator[Path]:
    """Files that the kernel's processes have open to write to."""
    for process in processes(session):
        with contextlib.suppress(psutil.Error):  # a worker that has just ended
            for file in process.open_files():
                if not getattr(file, "mode", "r").startswith("r") or "+" in file.mode:
                    yield Path(file.path)


def within(path: Path, known: Iterable[Path]) -> bool:
    return any(path == one or one in path.parents for one in known)
