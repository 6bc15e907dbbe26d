"""Folders that can't be used as usual: full, read-only, noexec. Needs the right to mount."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from session import Session
from victim import companion, line_of

pytestmark = pytest.mark.spark

Mount = Callable[[str], Path]


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Mount]:
    """Mounts a small memory file system with options; unmounts it at the end."""
    made: list[Path] = []

    def mount(options: str) -> Path:
        folder = tmp_path / f"mount{len(made)}"
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", options, "toree-test", str(folder)]
        if os.getuid() != 0 or subprocess.run(command, capture_output=True).returncode:
            pytest.skip("this user can't mount")
        made.append(folder)
        return folder

    yield mount
    for folder in made:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_temporary_folder(specs: Path, mounted: Mount) -> None:
    folder = mounted("size=48m,mode=0700")
    with Session("toree_scala", env={**os.environ, "TMPDIR": str(folder)}) as session:
        assert session.run("val kept = 1; spark.range(3).count()").status == "ok"
        assert companion(session).environ()["TOREE_TEMPORARY"].startswith(str(folder))
        filler = folder / "filler"
        with open(filler, "wb") as file, pytest.raises(OSError):
            while True:
                file.write(bytes(2**16))
                file.flush()
        ran = session.run("case class Q(x: Int); Q(1)")
        assert ran.status == "error"
        assert "No space left" in ran.traceback
        ran = session.run("spark.range(1000000).repartition(4).selectExpr('sum(id)').show()")
        assert ran.status == "error"
        assert session.run("%%python\n6*7").result == "42"
        filler.unlink()
        assert session.run("case class Q(x: Int); Q(kept)").result == "Q(1)"
        assert session.run("spark.range(1000).repartition(4).count()").result == "1000"


def test_a_temporary_folder_that_runs_no_programs(
    specs: Path, mounted: Mount, tmp_path: Path
) -> None:
    """Spark's compression libraries are unpacked elsewhere and can be loaded."""
    folder = mounted("size=48m,mode=0700,noexec")
    with Session("toree_scala", env={**os.environ, "TMPDIR": str(folder)}) as session:
        for codec in ("snappy", "zstd", "lz4"):
            out = tmp_path / codec
            code = f'spark.range(9).write.option("compression", "{codec}").parquet("{out}")'
            assert session.run(code).status == "ok", codec
            assert session.run(f'spark.read.parquet("{out}").count()').result == "9"


def test_a_cache_that_cannot_be_written(kernel: Session, mounted: Mount) -> None:
    """What is in it is used."""
    assert kernel.run("6*7").result == "42"
    jar = next(Path(word) for word in line_of(companion(kernel)) if word.endswith("companion.jar"))
    cache = mounted("size=300m,mode=0700")
    folder = cache / "toree" / jar.parent.name
    folder.mkdir(parents=True)
    shutil.copy2(jar, folder)
    subprocess.run(["mount", "-o", "remount,ro", str(cache)], check=True)
    with Session("toree_scala", env={**os.environ, "XDG_CACHE_HOME": str(cache)}) as session:
        ran = session.run("spark.range(3).count()")
        assert ran.result == "3"
        assert "Compiling" not in ran.text("stderr")
        assert str(folder) in " ".join(line_of(companion(session)))
