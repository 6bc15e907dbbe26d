"""The programs in examples/clients, each as its users run it."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lines import file_of, free_port
from session import Session
from websockets.sync.client import connect

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "clients"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
QUIET = (
    "headless no-sandbox disable-gpu no-first-run disable-background-networking "
    "disable-component-update disable-sync remote-debugging-port=0"
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
        with browser(f"http://127.0.0.1:{port}/", tmp_path / "profile") as page:
            first = rows_of(page)
            deadline = time.monotonic() + 60
            while page("document.querySelectorAll('#rows tr td').length") != 9:  # it is drawn anew
                assert time.monotonic() < deadline
            while rows_of(page) <= first:
                assert time.monotonic() < deadline, "the page does not follow the stream"
                time.sleep(0.2)
    finally:
        served.terminate()
        assert served.wait(60) == 0 or served.returncode == -15
        assert served.stderr is not None
        served.stderr.close()
    ended = spark_kernel.run("stream.isActive").result
    assert ended is not None and ended.endswith("false")


@contextlib.contextmanager
def browser(url: str, profile: Path) -> Iterator[Callable[[str], Any]]:
    """A page in Chromium: a function that evaluates JavaScript in it."""
    options = [f"--{word}" for word in QUIET.split()]
    process = subprocess.Popen(
        [str(CHROMIUM), *options, f"--user-data-dir={profile}", url], stderr=subprocess.DEVNULL
    )
    try:
        address, deadline = profile / "DevToolsActivePort", time.monotonic() + 60
        while not address.exists() or len(address.read_text().splitlines()) < 2:
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.1)
        port = address.read_text().splitlines()[0]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list") as listed:
            [page] = [row for row in json.load(listed) if row["type"] == "page"]
        with connect(page["webSocketDebuggerUrl"], max_size=None) as line:

            def evaluate(code: str) -> Any:
                params = {"expression": code, "returnByValue": True}
                line.send(json.dumps({"id": 1, "method": "Runtime.evaluate", "params": params}))
                while (answer := json.loads(line.recv(30))).get("id") != 1:
                    pass
                return answer["result"]["result"].get("value")

            yield evaluate
    finally:
        process.terminate()
        process.wait(30)


def rows_of(page: Callable[[str], Any]) -> int:
    """The number of rows the page tells of, once it does."""
    deadline = time.monotonic() + 60
    while True:
        state = str(page("document.querySelector('#state')?.textContent"))
        if state.endswith(" rows"):
            break
        assert time.monotonic() < deadline, state
        time.sleep(0.2)
    return int(state.split()[0])
