"""What a kernel leaves: nothing, whoever was killed, and whoever holds its pipes open."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from session import Session, has_r
from victim import companion, gone, processes, scratch_of, trained, until

pytestmark = pytest.mark.spark

POOL = """%%python
import multiprocessing
pool = multiprocessing.get_context("fork").Pool(2)
pool.map(abs, [-1, -2])
"""
#: A fork Python knows nothing of: a C library's.
NATIVE = """%%python
import ctypes
libc = ctypes.CDLL(None)
if (child := libc.fork()) == 0:
    libc.pause()
child
"""


@pytest.fixture
def forked(specs: Path) -> Iterator[tuple[Session, list[psutil.Process]]]:
    """A kernel with all its processes and forks of its front, which are ended here."""
    forks: list[psutil.Process] = []
    session = Session("toree_scala")
    with session:
        session.run("spark.range(3).count()", timeout=300)
        if has_r:
            session.run("%%r\n1")
        until(lambda: trained(session), 200)
        before = set(processes(session))
        assert session.run(POOL).result == "[1, 2]"
        forks += set(processes(session)) - before
        assert len(forks) >= 2
        yield session, forks
    for fork in forks:
        if fork.is_running():
            fork.kill()


def test_forks_do_not_keep_the_others_alive(
    forked: tuple[Session, list[psutil.Process]],
) -> None:
    session, forks = forked
    forks.append(psutil.Process(int(session.run(NATIVE).result)))
    ours = [p for p in processes(session) if p not in forks]
    folder = scratch_of(session)
    os.kill(session.pid, signal.SIGKILL)
    until(lambda: gone(ours), 10)
    assert all(fork.is_running() for fork in forks)  # else the test tests nothing
    until(lambda: not folder.exists(), 10)


def test_a_shutdown_does_not_wait_for_forks(
    forked: tuple[Session, list[psutil.Process]], tmp_path: Path
) -> None:
    session, _ = forked
    ours = [companion(session)]
    hooked = tmp_path / "hooked"  # what the user has asked for is done to its end
    hook = f'Thread.sleep(300); new java.io.File("{hooked}").createNewFile()'
    assert session.run(f"sys.addShutdownHook {{ {hook} }}").status == "ok"
    session.client.shutdown()
    before = time.monotonic()
    until(lambda: gone(ours), 10)
    assert time.monotonic() - before < 3.5
    assert hooked.exists()


@pytest.fixture(scope="module")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A temporary folder that no other test's kernel sweeps when it starts."""
    return tmp_path_factory.mktemp("t")


@pytest.fixture(scope="module")
def writer(specs: Path, temporary: Path) -> Iterator[Session]:
    with Session("toree_scala", env={**os.environ, "TMPDIR": str(temporary)}) as session:
        yield session


@pytest.mark.r
def test_what_crosses_by_file_leaves_none(writer: Session) -> None:
    """`kernel.data` in a loop, in each language, over values of another."""
    made = "%%python\nimport numpy as np, pandas as pd\n"
    made += "big = np.zeros(2_000_000); table = pd.DataFrame({'x': range(200_000)})"
    assert writer.run(made, timeout=300).status == "ok"
    folder = scratch_of(writer)
    reads = 'kernel.data.get("big").asInstanceOf[Array[Double]].length'
    assert writer.run(f"(1 to 4).map(_ => {reads}).sum").result == "8000000"
    count = 'kernel.data.get("table").asInstanceOf[org.apache.spark.sql.DataFrame].count'
    assert writer.run(f"(1 to 3).map(_ => {count}).sum").result == "600000"
    assert writer.run("val mine = Array.fill(2000000)(1.0)").status == "ok"
    assert writer.run("%%python\nsum(len(kernel.data['mine']) for _ in range(4))").result == (
        "8000000"
    )
    assert writer.run(
        "%%r\nsum(sapply(1:3, function(i) length(kernel$data$get('mine'))))"
    ).result == ("[1] 6000000")
    assert writer.run("%%python\nlen(mine)").result == "2000000"
    assert writer.run("%%r\nnrow(table)").result == "[1] 200000"
    assert list(folder.glob("values-*/*")) == []


def test_the_next_start_sweeps_what_the_killed_have_left(
    writer: Session, specs: Path, temporary: Path, tmp_path: Path
) -> None:
    alive = scratch_of(writer)
    assert alive.parent == temporary
    local = tmp_path / "local"
    local.mkdir()
    lazy = {**os.environ, "TOREE_OPTS": "--spark-context-initialization-mode lazy"}
    lazy |= {"SPARK_LOCAL_DIRS": str(local), "TMPDIR": str(temporary)}
    with Session("toree_pyspark", env=lazy) as session:
        session.run("spark.range(3).repartition(2).count()", timeout=300)
        left, jvm = scratch_of(session), companion(session)
        [own] = local.iterdir()  # everybody could read what Spark makes there
        assert own.stat().st_mode & 0o777 == 0o700
        assert any(own.rglob("shuffle_*"))
        until(lambda: trained(session), 200)
        jvm.suspend()  # so that it does not clean up
        os.kill(session.pid, signal.SIGKILL)
        jvm.kill()
        until(lambda: gone([jvm]))
        assert left.exists()
        assert own.exists()
    # Others' are left alone: another machine's, and what only looks like ours.
    foreign = left.with_name(left.name.replace(left.name.split("-")[1], "0" * 8))
    foreign.mkdir()
    draft = cache_of(writer) / left.name
    draft.write_text("half of a jar")
    try:
        with Session("toree_pyspark", env=lazy) as session:
            session.run("spark.range(3).count()", timeout=300)
            until(lambda: not left.exists() and not draft.exists() and not own.exists())
            assert len(list(local.iterdir())) == 1
            assert foreign.exists()
            assert alive.exists()
    finally:
        shutil.rmtree(foreign)
    until(lambda: list(local.iterdir()) == [])
    assert writer.run("case class P(x: Int); P(1)").result == "P(1)"


def cache_of(session: Session) -> Path:
    return next(
        Path(word).parent for word in companion(session).cmdline() if word.endswith("companion.jar")
    )
