"""Hadoop's own HDFS and YARN as one process of a test's (`yarn/Cluster.java`)."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

from toree.companion import java, sparkhome

HERE = Path(__file__).with_name("yarn")


def class_path(folder: Path, pom: Path = HERE / "pom.xml") -> str:
    """From Maven's registry; log4j is Spark's."""
    out = folder / "class.path"
    command = ["mvn", "-q", "-B", "-f", str(pom), "dependency:build-classpath"]
    subprocess.run(
        [*command, f"-Dmdep.outputFile={out}"], check=True, capture_output=True, timeout=600
    )
    log4j = sorted(map(str, sparkhome.find(None).jars.glob("log4j*.jar")))
    return os.pathsep.join([out.read_text().strip(), *log4j])


class Hadoop:
    """It runs as long as its stdin is open."""

    def __init__(self, folder: Path, *how: str) -> None:
        """`secure` asks for Kerberos."""
        runtime = java.find(*sparkhome.find(None).java_range)
        command = [str(runtime.executable), "-cp", class_path(folder), "-Xmx512m"]
        command += ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
        self.folder = folder
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [*command, str(HERE / "Cluster.java"), str(folder), *how],
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env={**os.environ, "JAVA_HOME": str(runtime.home)},
                start_new_session=True,
            )
        self.conf = folder / "conf"
        deadline = time.monotonic() + 120
        while not self.conf.exists():
            assert self._process.poll() is None, (folder / "log").read_text()[-3000:]
            assert time.monotonic() < deadline, (folder / "log").read_text()[-3000:]
            time.sleep(0.2)

    def setting(self, name: str) -> str:
        text = "".join(file.read_text() for file in self.conf.iterdir())
        found = re.search(rf"<name>{re.escape(name)}</name>\s*<value>([^<]*)</value>", text)
        assert found, name
        return found[1]

    def environment(self) -> dict[str, str]:
        return {**os.environ, "HADOOP_CONF_DIR": str(self.conf)}

    def options(self, *more: str) -> list[str]:
        """spark-submit's, for small containers and Spark's jars where they are."""
        settings = {
            "spark.yarn.jars": f"local:{sparkhome.find(None).jars}/*",
            "spark.executor.memory": "512m",
            "spark.executor.instances": "1",
            "spark.scheduler.minRegisteredResourcesRatio": "1.0",
            "spark.authenticate": "true",
            "spark.network.crypto.enabled": "true",
        }
        words = [word for pair in settings.items() for word in ("--conf", "=".join(pair))]
        return [*words, "--queue", "team", *more]

    def applications(self) -> list[dict[str, Any]]:
        """What the resource manager knows."""
        url = f"http://{self.setting('yarn.resourcemanager.webapp.address')}/ws/v1/cluster/apps"
        with urllib.request.urlopen(url, timeout=30) as answer:
            return list((json.load(answer)["apps"] or {}).get("app", []))

    def kill(self, application: str) -> None:
        """As an administrator would."""
        url = f"http://{self.setting('yarn.resourcemanager.webapp.address')}"
        who = os.environ.get("USER", "root")
        request = urllib.request.Request(
            f"{url}/ws/v1/cluster/apps/{application}/state?user.name={who}",
            data=b'{"state": "KILLED"}',
            headers={"Content-Type": "application/json"},
            method="PUT",
        )
        urllib.request.urlopen(request, timeout=30).close()

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
