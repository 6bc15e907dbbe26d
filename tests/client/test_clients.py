"""The programs in examples/clients, each as its users run it."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from lines import file_of, free_port
from session import Session

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "clients"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
QUIET = (
    "headless no-sandbox disable-gpu no-first-run disable-background-networking "
    "disable-component-update disable-sync dump-dom"
)

pytestmark = pytest.mark.spark


def test_batch(spark_kernel: Session, tmp_path: Path) -> None:
    source, target = tmp_path / "sales.csv", tmp_path / "totals.csv"
    source.write_text("city,amount\nBonn,5\nBonn,7\nOslo,20\nOslo,-1\nRome,3\n")
    command = [sys.executable, str(EXAMPLES / "batch.py"), str(source), str(target)]
    at = ["--existing", file_of(spark_kernel)]
    ran = subprocess.run([*command, *at], capture_output=True, text=True, timeout=200)
    assert (ran.returncode, ran.stdout) == (0, "2 cities\n"), ran.stderr
    assert "1 rows are no sales" in ran.stderr
    assert target.read_text() == '"city","sales","total"\n"Bonn",2,12\n"Oslo",1,20\n'
    source.write_text("town\nBonn\n")
    ran = subprocess.run([*command, *at], capture_output=True, text=True, timeout=200)
    assert ran.returncode == 1 and "amount" in ran.stderr
    ran = subprocess.run(
        [*command, "--existing", str(tmp_path / "absent")], capture_output=True, text=True
    )
    assert ran.returncode == 3 and "no connection file" in ran.stderr


def test_dashboard(spark_kernel: Session) -> None:
    ran = subprocess.run(
        [sys.executable, str(EXAMPLES / "dashboard.py"), "--existing", file_of(spark_kernel)],
        capture_output=True,
        text=True,
        timeout=250,
    )
    assert ran.returncode == 0, ran.stderr
    lines = ran.stdout.splitlines()
    for begin in ("rows     1000 ", "even     500 ", "largest  999 ", "broken   [UNRESOLVED"):
        assert len([line for line in lines if line.startswith(begin)]) == 3, ran.stdout
    assert lines[-1] == "the long cell has been stopped"


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")
def test_page(spark_kernel: Session, tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, str(EXAMPLES / "page.py"), "--port", str(port)]
    served = subprocess.Popen(
        [*command, "--existing", file_of(spark_kernel)], stderr=subprocess.PIPE, text=True
    )
    try:
        deadline = time.monotonic() + 120
        while True:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/"):
                break
            assert served.poll() is None and time.monotonic() < deadline
            time.sleep(0.2)
        first, second = (rows_of(seen(port, tmp_path / str(turn))) for turn in (1, 2))
        assert 0 < first < second, "the page does not follow the stream"
    finally:
        served.terminate()
        assert served.wait(60) == 0 or served.returncode == -15
        assert served.stderr is not None
        served.stderr.close()
    ended = spark_kernel.run("stream.isActive").result
    assert ended is not None and ended.endswith("false")


def seen(port: int, profile: Path) -> str:
    """The page's text after some seconds in a browser."""
    options = [f"--{word}" for word in QUIET.split()]
    ran = subprocess.run(
        [
            str(CHROMIUM),
            *options,
            f"--user-data-dir={profile}",
            "--timeout=15000",
            f"http://127.0.0.1:{port}/",
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    return ran.stdout


def rows_of(page: str) -> int:
    state = page.partition('<p id="state">')[2].partition("</p>")[0]
    assert state.endswith(" rows"), page
    assert page.count("<tr><td>") == 3, page
    return int(state.split()[0])
