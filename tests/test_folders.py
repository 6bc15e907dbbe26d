"""Which folders are trusted, and what stands in for those that are not."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from toree import folders, scratch
from toree.companion import cache

pytestmark = pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
root_only = pytest.mark.skipif(os.getuid() != 0, reason="makes files of other users")
STRANGER = 54321  # no entry in /etc/passwd


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def stands_in(path: Path) -> bool:
    return scratch.folder() in path.parents and mode(path) == 0o700


def test_what_is_made_is_private_whatever_the_umask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "new" / "home" / ".cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))
    before = os.umask(0)
    try:
        made = cache.folder("spark-x")
        cache.write(made / "file", b"x")
    finally:
        os.umask(before)
    assert made == home / "toree" / "spark-x"
    for path in (made, made.parent, home, home.parent, home.parent.parent):
        assert mode(path) == 0o700, path
    assert mode(made / "file") == 0o600
    assert [path.name for path in made.iterdir()] == ["file"]


def test_a_cache_that_was_open_is_closed(own_cache: Path) -> None:
    own_cache.mkdir(parents=True)
    own_cache.chmod(0o777)
    assert cache.folder("x") == own_cache / "x"
    assert mode(own_cache) == 0o700


def test_a_folder_above_that_others_may_change(own_cache: Path) -> None:
    """They could put another cache in the place of ours. With the sticky bit they can't."""
    own_cache.parent.mkdir(parents=True)
    own_cache.parent.chmod(0o777)
    assert stands_in(cache.folder("x"))
    own_cache.parent.chmod(0o1777)
    assert cache.folder("x") == own_cache / "x"


@root_only
@pytest.mark.parametrize("what", ["root", "folder", "jar"])
def test_a_strangers_jar_is_not_run(own_cache: Path, what: str) -> None:
    folder = own_cache / "spark-x"
    folder.mkdir(parents=True, mode=0o755)
    jar = folder / "companion.jar"
    jar.write_bytes(b"x")
    assert cache.trusted(jar)
    os.chown({"root": own_cache, "folder": folder, "jar": jar}[what], STRANGER, -1)
    assert not cache.trusted(jar)
    if what != "jar":
        assert stands_in(cache.folder("spark-x"))


def test_a_jar_others_can_write_is_not_run(own_cache: Path) -> None:
    jar = own_cache / "spark-x" / "companion.jar"
    jar.parent.mkdir(parents=True)
    jar.touch()
    jar.chmod(0o666)
    assert not cache.trusted(jar)


@pytest.mark.parametrize("named", ["", "relative/cache", "~/cache"])
def test_a_relative_cache_is_no_place(
    named: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", named)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache.root().is_relative_to(tmp_path)


WHERE = """
import os
from toree import folders, scratch
from toree.companion import cache
print(os.listdir("."), *(scratch.folder() in f.parents for f in (cache.folder("x"),
      folders.runtime())))
"""


@root_only
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv")
def test_a_user_without_home_and_name(tmp_path: Path) -> None:
    """`~` stays `~` then: no folder of that name is made in the working folder."""
    tmp_path.chmod(0o777)
    packages = [path for path in sys.path if path]
    # Its own Python may be where only root can read: the test is about folders, not about that.
    source = Path(folders.__file__).parents[1]
    for folder in (source, *source.parents):
        if folder.stat().st_mode & 0o005 != 0o005:
            pytest.skip(f"{folder} can be read by root alone")
    env = {"PYTHONPATH": os.pathsep.join(packages), "TMPDIR": str(tmp_path), "PATH": "/usr/bin"}
    command = ["setpriv", "--reuid", str(STRANGER), "--regid", str(STRANGER), "--clear-groups"]
    work = tmp_path / "work"
    work.mkdir(mode=0o777)
    work.chmod(0o777)
    done = subprocess.run(
        [*command, os.path.realpath(sys.executable), "-c", WHERE],
        cwd=work,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.split() == ["[]", "True", "True"], done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["work"]  # gone with the process


def test_a_lock_is_had_once(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with cache.alone(lock) as first:
        holder = "import sys, pathlib\nfrom toree.companion import cache\n"
        holder += "with cache.alone(pathlib.Path(sys.argv[1]), wait=False) as had: print(had)"
        command = [sys.executable, "-c", holder, str(lock)]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert (first, said) == (True, "False\n")
    assert subprocess.run(command, capture_output=True, text=True).stdout == "True\n"


@pytest.mark.parametrize("why", ["ENOLCK", "EOPNOTSUPP", "ENOSYS", "EINVAL"])
def test_a_file_system_without_locks_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    import fcntl

    def refused(*_: object) -> None:
        raise OSError(getattr(errno, why), why)

    monkeypatch.setattr(fcntl, "flock", refused)
    for wait in (True, False):
        with cache.alone(tmp_path / "lock", wait) as chosen:
            assert chosen
    with cache.alone(tmp_path / "no" / "folder", wait=False) as chosen:
        assert chosen


def test_the_scratch_folder_goes_with_its_process_and_not_with_a_fork(tmp_path: Path) -> None:
    code = (
        "import os, sys\nfrom toree import scratch\nprint(scratch.folder(), flush=True)\n"
        "if (child := os.fork()) == 0: sys.exit()\n"
        "os.waitpid(child, 0)\nassert scratch.folder().is_dir()\n"
    )
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).parent == tmp_path
    assert list(tmp_path.iterdir()) == []


def test_what_is_swept(tmp_path: Path) -> None:
    pid, born, machine = os.getpid(), scratch.born(os.getpid()), scratch.machine()
    child = subprocess.Popen([sys.executable, "-c", ""])
    dead, began = child.pid, scratch.born(child.pid)
    while scratch.born(dead):  # a zombie from now on: its parent has not looked
        pass
    keeps = [
        f"toree-{machine}-{pid}-{born}-a",
        f"toree-{'0' * 8}-{dead}-{began}-a",
        "toree-kept",
        f"other-{machine}-{dead}-{began}-a",
    ]
    goes = [f"toree-{machine}-{dead}-{began}-a", f"toree-{machine}-{pid}-{born + 1}-a"]
    for name in (*keeps, *goes):
        (tmp_path / name / "deep").mkdir(parents=True)
    (tmp_path / f"{goes[0]}b").touch()
    (tmp_path / f"{goes[0]}c").symlink_to(tmp_path / keeps[2])
    scratch.sweep(tmp_path)
    child.wait()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(keeps)
    assert (tmp_path / keeps[2] / "deep").is_dir()


def test_the_scratch_folder_can_be_removed_before_the_end(tmp_path: Path) -> None:
    code = (
        "from toree import scratch\nscratch.close()\nfirst = scratch.part('x').parent\n"
        "scratch.close()\nassert not first.exists()\nassert scratch.part('y').parent != first\n"
    )
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], env=env, check=True)
    assert list(tmp_path.iterdir()) == []
