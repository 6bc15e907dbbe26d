"""On YARN, in cluster mode: front and companion together in the driver's container.

`spark-submit --deploy-mode cluster` is given the companion's own jar; its JVM is the driver and
starts the far side beside it, which calls back. The invitation goes with `--files`: YARN's staging
folder, and where it is unpacked, are the user's alone.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import threading
import time
import urllib.request
from pathlib import Path
from xml.etree import ElementTree

from ...companion import build, java, sparkhome
from ...errors import LaunchFailed, ToreeError
from ...foreign import Json
from ..invitation import Invitation
from ..line import Line
from . import Place, Started

_INVITATION = "toree-invitation.json"
_ID = re.compile(r"\bapplication_\d+_\d+\b")
_TRACKING = re.compile(r"tracking URL: (https?://[^/\s]+)/")
_WEB = re.compile(r"yarn\.resourcemanager\.webapp(\.https)?\.address(\.\w+)?$")
#: Without a ticket YARN's client tries for a quarter of an hour, and each time says this.
_NOBODY = re.compile(
    r"Client cannot authenticate via:\[|No valid credentials provided|any Kerberos tgt"
)
_GRACE = 30.0  # seconds a driver whose kernel has ended may take
_OVER = ("FINISHED", "FAILED", "KILLED")


class Yarn(Place):
    """An application that is the kernel; `options` are spark-submit's, `--queue` among them."""

    def start(self, invitation: Invitation | None) -> Line | None:
        assert invitation
        try:
            spark = sparkhome.find(self.wanted.spark_home or None)
            runtime = java.find(*spark.java_range)
            jar = build.companion(spark, runtime, lambda text: None).jar
        except ToreeError as error:
            raise LaunchFailed(error.message, advice=error.advice) from error
        path = invitation.write(self.wanted.folder / "invitation.json")
        environment = {"PYSPARK_PYTHON": self.wanted.python, **self.wanted.env}
        settings = {
            "spark.yarn.maxAppAttempts": "1",  # a second one would have nobody to call
            "spark.yarn.submit.waitAppCompletion": "false",
            **{f"spark.yarn.appMasterEnv.{name}": text for name, text in environment.items()},
        }
        # Beside others' files, which an option would replace.
        options, files = _without_files(list(self.wanted.options))
        command = [
            *(str(spark.submit), "--master", "yarn", "--deploy-mode", "cluster"),
            *("--name", f"Toree {self.wanted.kernel[:8]}", "--class", "toree.Main"),
            *(word for pair in settings.items() for word in ("--conf", "=".join(pair))),
            *("--files", ",".join([*files, f"{path}#{_INVITATION}"])),
            *options,
            *(str(jar), "--front", self.wanted.python, "-m", "toree.provision.far", _INVITATION),
        ]
        env = {**os.environ, "JAVA_HOME": str(runtime.launch_home()), "SPARK_HOME": str(spark.home)}
        self.begin(command, env=env)
        return None

    # ---------------------------------------------------------------- what becomes of it

    @property
    def _said(self) -> str:
        return super().log()

    @property
    def application(self) -> str:
        found = _ID.search(self._said)
        return found[0] if found else ""

    def _ask(self, path: str, data: bytes | None = None) -> Json:
        """The resource manager's answer, {} when there is none."""
        for manager in managers(self._said):
            request = urllib.request.Request(
                f"{manager}/ws/v1/cluster/apps/{self.application}{path}",
                data=data,
                headers={"Content-Type": "application/json"},
                method="GET" if data is None else "PUT",
            )
            try:
                with urllib.request.urlopen(request, timeout=5) as answer:
                    found: Json = json.load(answer)
                    return found
            except (OSError, ValueError):
                continue
        return {}

    def _report(self) -> Json:
        found = self._ask("").get("app") if self.application else None
        return found if isinstance(found, dict) else {}

    def ended(self) -> str:
        report = self._report()
        if report.get("state") in _OVER:
            return f"YARN's {self.application} is {report['state']}"
        if not self.application and _NOBODY.search(self._said):
            return (
                "There is no valid Kerberos ticket: run kinit where the Jupyter server is, or give "
                "--principal and --keytab among the options"
            )
        # With the application given to YARN, spark-submit has done its work.
        return "" if self.application else super().ended()

    def waits_for(self) -> str:
        report = self._report()
        if not report:
            which = self.application  # known, of a resource manager that tells us no more
            return f"{which} to call back" if which else "spark-submit to give YARN the application"
        state = f"{self.application}, which is {report.get('state')} in the queue "
        full = "; end something there, or take another (--queue)"
        queued = report.get("state") == "ACCEPTED" and not report.get("amContainerLogs")
        return f"{state}{report.get('queue')!r}, to call back{full if queued else ''}"

    def log(self) -> str:
        report = self._report()
        said = str(report.get("diagnostics", "")).strip()
        logs = report.get("amContainerLogs")
        lines = (line for line in self._said.splitlines() if not line.startswith("\tat "))
        parts = [said, f"(log: {logs})" if logs else "", "" if report else "\n".join(lines)]
        return "\n".join(part for part in parts if part)

    def kill(self) -> None:
        """Asks the resource manager, which may want `yarn application -kill` instead."""
        alive = self.application and self._report().get("state") not in _OVER
        if alive and not self._ask("/state", b'{"state": "KILLED"}'):
            self._command_kill()
        super().kill()

    def close(self) -> None:
        """The driver ends after its front: only what does not end by itself is killed."""

        def see() -> None:
            deadline = time.monotonic() + _GRACE
            while self._report().get("state") not in (*_OVER, None):
                if time.monotonic() > deadline:
                    self.kill()
                    return
                time.sleep(1.0)

        threading.Thread(target=see, name="toree-yarn-end", daemon=True).start()

    def _command_kill(self) -> None:
        for variable in ("HADOOP_YARN_HOME", "HADOOP_HOME"):
            yarn = Path(os.environ.get(variable, ""), "bin", "yarn")
            if yarn.exists():
                Started([str(yarn), "application", "-kill", self.application]).process.wait(60)
                return


def managers(said: str) -> list[str]:
    """Where the resource manager may answer: what Hadoop's configuration says, or spark-submit."""
    folder = os.environ.get("HADOOP_CONF_DIR") or os.environ.get("YARN_CONF_DIR") or "."
    found: list[str] = []
    with contextlib.suppress(OSError, ElementTree.ParseError):
        for setting in ElementTree.parse(Path(folder, "yarn-site.xml")).iter("property"):
            name, value = setting.findtext("name", ""), setting.findtext("value", "")
            if match := _WEB.match(name):
                found.append(f"{'https' if match[1] else 'http'}://{value}")
    if tracked := _TRACKING.search(said):
        found.append(tracked[1])
    return [url for url in found if "$" not in url and not url.endswith(":0")]


def _without_files(options: list[str]) -> tuple[list[str], list[str]]:
    """The options without `--files`, and what those named."""
    rest, files = [], []
    words = iter(options)
    for word in words:
        if word == "--files":
            files.append(next(words, ""))
        elif word.startswith("--files="):
            files.append(word.partition("=")[2])
        else:
            rest.append(word)
    return rest, files
