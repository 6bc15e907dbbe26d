"""A companion that waits for the next kernel: who gets it, what it knows, when it ends."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from session import Session, result
from victim import gone, until

from toree import scratch

pytestmark = [pytest.mark.spark, pytest.mark.timeout(900)]

PID = "%%scala\nProcessHandle.current.pid"


@pytest.fixture(scope="module")
def runtime(
    specs: Path, tmp_path_factory: pytest.TempPathFactory, first: pytest.MonkeyPatch
) -> Path:
    folder = tmp_path_factory.mktemp("runtime")
    folder.chmod(0o700)
    first.setenv("JUPYTER_RUNTIME_DIR", str(folder))
    first.setenv("TOREE_OPTS", "--spare")
    return folder


@pytest.fixture(scope="module")
def first() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


def spare(runtime: Path) -> tuple[Path, dict[str, Any]]:
    """The one that waits, once it does."""
    until(lambda: list(runtime.glob("toree/spares/*/address")) != [], 600)
    [address] = runtime.glob("toree/spares/*/address")
    return address, json.loads(address.read_text())


def jvm(session: Session) -> int:
    return int(str(session.run(PID, timeout=300).result))


def test_the_life_of_spares(runtime: Path) -> None:
    environ = {**os.environ, "JPY_SESSION_NAME": "own.ipynb"}
    with Session("toree_sql", env=environ) as kernel:
        own = jvm(kernel)
        address, facts = spare(runtime)
        assert facts["pid"] != own
        assert address.stat().st_mode & 0o777 == 0o600
        assert address.parent.stat().st_mode & 0o777 == 0o700
        assert facts["secret"] not in " ".join(psutil.Process(facts["pid"]).cmdline())
        # The last kernel ends, and the next one comes a moment later.
        kernel.manager.restart_kernel()
        kernel.client.wait_for_ready(timeout=60)
        assert jvm(kernel) == facts["pid"]
        assert not address.exists()
        nothing_of_before(kernel)
        killed(runtime, kernel)


def nothing_of_before(session: Session) -> None:
    """What identifies a kernel is this one's, and what the spare has done is gone."""
    scala = "%%scala\n"
    assert result(session, scala + 'sys.env("JPY_SESSION_NAME")') == "own.ipynb"
    assert result(session, scala + "spark.range(1000).count()") == "1000"
    assert result(session, scala + "spark.sparkContext.appName") == "Toree"
    assert result(session, scala + "spark.catalog.listTables().count()") == "0"
    warehouse = result(session, scala + 'spark.conf.get("spark.sql.warehouse.dir")')
    assert warehouse == f"file:{Path.cwd()}/spark-warehouse"
    assert result(session, scala + 'new java.io.File("x").getAbsolutePath') == f"{Path.cwd()}/x"
    assert session.run(scala + "xs").status == "error"
    assert result(session, "%%python\nspark.range(5).count()") == "5"


def killed(runtime: Path, *sessions: Session) -> None:
    """Every kernel of the user's dies while another spare is on its way: none is left behind."""
    until(lambda: list(runtime.glob("toree/spares/*/making")) != [], 120)
    [making] = runtime.glob("toree/spares/*/making")
    until(lambda: len(making.read_text().split()) == 2, 10)
    pid, _ = making.read_text().split()
    spare = psutil.Process(int(pid))
    until(lambda: list(scratch.root().glob(f"toree-*-{pid}-*")) != [], 60)
    [folder] = scratch.root().glob(f"toree-*-{pid}-*")
    for session in sessions:
        os.kill(session.pid, signal.SIGKILL)
    until(lambda: gone([spare]), 120)
    until(lambda: not folder.exists(), 60)
