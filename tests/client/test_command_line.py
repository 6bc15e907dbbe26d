"""`toree exec` and `toree sql` as scripts use them."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pytest
from lines import TOKEN, file_of
from session import Session

from toree.client import formats


def toree(
    *words: str, stdin: str = "", timeout: float = 120, **env: str
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "toree.client.app", *words],
        input=stdin.encode(),
        capture_output=True,
        timeout=timeout,
        env={**os.environ, **env},
    )


def test_exec(python_kernel: Session, tmp_path: Path) -> None:
    at = ("--existing", file_of(python_kernel))
    ran = toree("exec", *at, "import sys\nprint('out'); print('err', file=sys.stderr)\n6 * 7")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, b"out\n42\n", b"err\n")
    ran = toree("exec", *at, "print('before'); 1 / 0")
    assert (ran.returncode, ran.stdout) == (1, b"before\n")
    assert b"ZeroDivisionError" in ran.stderr and b"\x1b" not in ran.stderr
    assert toree("exec", *at, "-", stdin="'é' * 2").stdout.decode() == "'éé'\n"
    assert toree("exec", *at, stdin="1 + 1").stdout == b"2\n"
    script = tmp_path / "script.py"
    script.write_text("name = input('who? ')\nprint(name)")
    ran = toree("exec", *at, str(script), stdin="me\n")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, b"me\n", b"who? ")
    assert toree("exec", *at, str(script)).returncode == 1  # input ends
    ran = toree("exec", *at, "--timeout", "0.5", "import time; time.sleep(60)")
    assert ran.returncode == 124 and b"longer than 0.5 s" in ran.stderr
    ran = toree("exec", *at, "-l", "cobol", "1")
    assert ran.returncode == 2 and b"no language 'cobol'. It has python, " in ran.stderr


def test_without_a_kernel(server: str, tmp_path: Path) -> None:
    for name, content in (("absent.py", None), ("latin.sql", b"select '\xe9'")):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        ran = toree("exec", "--existing", "unused.json", str(tmp_path / name))
        assert ran.returncode == 2 and name.encode() in ran.stderr
        assert b"Traceback" not in ran.stderr
    ran = toree("exec", "--existing", str(tmp_path / "absent.json"), "1")
    assert ran.returncode == 3 and b"no connection file" in ran.stderr
    assert b"Traceback" not in ran.stderr
    ran = toree("exec", "--kernel", "absent", "1")
    assert ran.returncode == 3 and b"no kernel 'absent'" in ran.stderr
    ran = toree("exec", "--url", server, "--token", "wrong", "1")
    assert ran.returncode == 3 and b"token" in ran.stderr
    assert toree("exec", "--existing", "a", "--url", server, "1").returncode == 2
    ran = toree("exec", "-u", server, "-k", "toree_pyspark", "3 * 5", TOREE_TOKEN=TOKEN)
    assert (ran.returncode, ran.stdout) == (0, b"15\n"), ran.stderr


def started(*words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "toree.client.app", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    )


def test_ctrl_c_stops_the_cell_and_not_the_kernel(python_kernel: Session) -> None:
    at = ("exec", "--existing", file_of(python_kernel))
    with started(*at, "print('begun', flush=True)\nimport time\ntime.sleep(60)") as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == b"begun\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert b"KeyboardInterrupt" in process.stderr.read()
    assert toree(*at, "'alive'").stdout == b"'alive'\n"


def test_ctrl_c_while_a_question_waits(python_kernel: Session) -> None:
    """The line that nobody types is not waited for."""
    at = ("exec", "--existing", file_of(python_kernel), "input('who? ')")
    read, write = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "toree.client.app", *at], stdin=read, stderr=subprocess.PIPE
    )
    with process:
        assert process.stderr is not None
        assert process.stderr.read(5) == b"who? "
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
    os.close(read)
    os.close(write)


def test_a_reader_that_has_enough(python_kernel: Session) -> None:
    at = ("exec", "--existing", file_of(python_kernel))
    endless = (
        "import time\nn = 0\nwhile True: print('y' * 1000, flush=True); n += 1; time.sleep(0.001)"
    )
    with started(*at, endless) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(60) == 141
        assert process.stderr.read() == b""
    begun = time.monotonic()
    assert toree(*at, "n > 0").stdout == b"True\n"  # it has been stopped
    assert time.monotonic() - begun < 60


@pytest.mark.spark
def test_sql(spark_kernel: Session) -> None:
    at = ("sql", "--existing", file_of(spark_kernel))
    query = "select id, cast(id as string) s, if(id = 0, null, id / 2) h from range(:n)"
    ran = toree(*at, query, "-p", "n=2")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == b"id  s     h\n--  -  ----\n 0  0  NULL\n 1  1   0.5\n"
    assert toree(*at, query, "-p", "n=2", "-f", "csv").stdout == b"id,s,h\n0,0,\n1,1,0.5\n"
    lines = toree(*at, query, "-p", "n=2", "-f", "json").stdout.splitlines()
    assert [json.loads(line) for line in lines] == [
        {"id": 0, "s": "0", "h": None},
        {"id": 1, "s": "1", "h": 0.5},
    ]
    ran = toree(*at, query, "-p", "n=200000", "-f", "arrow")
    with pa.ipc.open_stream(io.BytesIO(ran.stdout)) as reader:
        assert reader.read_all()["id"].to_pylist() == list(range(200_000))
    ran = toree(*at, "select nothing_like_it", "-f", "csv")
    assert (ran.returncode, ran.stdout) == (1, b"") and b"nothing_like_it" in ran.stderr
    ran = toree(*at, "select 1 where false", "-f", "csv")
    assert (ran.returncode, ran.stdout) == (0, b"1\n")
    assert toree(*at, "select 1", "-p", "wrong").returncode == 2
    with started(*at, "select id from range(0, 100000000, 1, 200)", "-f", "csv") as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(60) == 141
        assert process.stderr.read() == b""


def test_rows_as_text() -> None:
    batch = pa.record_batch(
        {
            "b": [True, None],
            "f": [float("nan"), 1.5],
            "d": [{"a": [1]}, None],
            "x": [b"\x00\xff", b""],
            "q": ['a,"b"\n', "é"],
        }
    )

    def written(name: str) -> str:
        out = io.StringIO()
        writer = formats.writer(name, out)
        writer.batch(batch.slice(0, 0))
        writer.batch(batch)
        writer.end()
        return out.getvalue()

    assert written("csv") == ('b,f,d,x,q\ntrue,nan,"{""a"": [1]}",00ff,"a,""b""\n"\n,1.5,,,é\n')
    first, second = (json.loads(line) for line in written("json").splitlines())
    assert first == {"b": True, "f": None, "d": {"a": [1]}, "x": "00ff", "q": 'a,"b"\n'}
    assert second["q"] == "é"
    assert [formats.literal(text) for text in ("1", "1.5", "true", "null", "x", "'x'", "[1]")] == [
        1, 1.5, True, None, "x", "x", "[1]",
    ]  # fmt: skip
