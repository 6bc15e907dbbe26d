"""JupyterLab in headless Chromium: a server, a page, and notebooks in it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
SETTINGS = {
    # All cells are in the page, seen or not.
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
    # A busy machine may need more than the second that is usual.
    "@jupyterlab/completer-extension/manager": {"providerTimeout": 60_000},
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}


class Notebook:
    """One that is open in the page; cells by their place among the cells of code."""

    def __init__(self, page: Any) -> None:
        self.page = page

    def cell(self, number: int) -> Any:
        return self.page.locator(".jp-Notebook .jp-CodeCell").nth(number)

    def start(self, number: int) -> None:
        """Runs a cell and does not wait for its end."""
        self.page.evaluate(
            """number => {
                const app = window.jupyterapp, panel = app.shell.currentWidget.content;
                panel.activeCellIndex = panel.widgets.indexOf(
                    panel.widgets.filter(cell => cell.model.type === "code")[number]);
                window.ran = {...window.ran, [number]: false};
                app.commands.execute("notebook:run-cell").then(() => window.ran[number] = true);
            }""",
            number,
        )

    def wait(self, number: int, seconds: float = 120) -> None:
        self.page.wait_for_function(
            "number => window.ran[number]", arg=number, timeout=seconds * 1000
        )

    def run(self, number: int) -> Any:
        self.start(number)
        self.wait(number)
        return self.cell(number)


class Lab:
    def __init__(self, url: str, page: Any, folder: Path) -> None:
        self.folder = folder
        self._url = url
        self._page = page

    def open(self, path: str) -> Notebook:
        self._page.goto(f"{self._url}/lab/tree/{path}?token=x&reset", timeout=120_000)
        self._page.wait_for_function(
            "window.jupyterapp?.shell.currentWidget?.context?.isReady", timeout=120_000
        )
        self._page.wait_for_function(
            "window.jupyterapp.shell.currentWidget.context.sessionContext.session?.kernel",
            timeout=120_000,
        )
        return Notebook(self._page)

    def notebook(self, *cells: str, kernel: str = "scala") -> Notebook:
        spec = {"name": f"toree_{kernel}", "display_name": kernel}
        made = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
            metadata={"kernelspec": spec},
        )
        nbformat.write(made, self.folder / "new.ipynb")
        return self.open("new.ipynb")

    def theme(self, name: str) -> None:
        """`Light` or `Dark`, of the page that is open."""
        self._page.evaluate(
            "name => window.jupyterapp.commands.execute('apputils:change-theme', "
            "{theme: `JupyterLab ${name}`})",
            name,
        )
        self._page.wait_for_function(
            "name => document.body.dataset.jpThemeName === `JupyterLab ${name}`", arg=name
        )


@contextlib.contextmanager
def running(folder: Path, size: tuple[int, int] = (1400, 1000)) -> Iterator[Lab]:
    """A server and a page of it; what they keep is in the folder."""
    from playwright.sync_api import sync_playwright

    for name, settings in SETTINGS.items():
        file = folder / "settings" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(settings))
    (folder / "root").mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
            *("--ip=127.0.0.1", f"--port={port}", "--IdentityProvider.token=x"),
            *(f"--ServerApp.root_dir={folder / 'root'}", "--LabApp.expose_app_in_browser=True"),
        ],
        env={
            **os.environ,
            "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
            "JUPYTER_CONFIG_DIR": str(folder / "config"),
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(f"{url}/api?token=x", server)
        with sync_playwright() as play:
            options = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
            browser = play.chromium.launch(executable_path=CHROMIUM, args=options)
            page = browser.new_page(viewport={"width": size[0], "height": size[1]})
            page.set_default_timeout(60_000)
            yield Lab(url, page, folder / "root")
            browser.close()
    finally:
        server.terminate()  # ends its kernels too
        server.wait(60)


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 90
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            assert server.poll() is None and time.monotonic() < deadline, "no JupyterLab"
            time.sleep(0.2)
