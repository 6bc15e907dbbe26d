"""Spark's own standalone cluster, from the installed Spark: a master, workers, secrets on."""

from __future__ import annotations

import os
import re
import subprocess
import time
from pathlib import Path

from toree.companion import java, sparkhome

from .hosts import Hosts

DEFAULTS = """
spark.authenticate true
spark.authenticate.secret {secret}
spark.network.crypto.enabled true
spark.io.encryption.enabled true
spark.master.rest.enabled false
spark.deploy.recoveryMode FILESYSTEM
spark.deploy.recoveryDirectory {state}
spark.executor.memory 512m
spark.executor.cores 1
spark.scheduler.minRegisteredResourcesRatio 0.6
spark.scheduler.maxRegisteredResourcesWaitingTime 90s
spark.eventLog.enabled true
spark.eventLog.dir {state}
spark.yarn.historyServer.address history:18080
"""


class Standalone:
    """A cluster on hosts `master`, `one`, `two` ...; its folder has logs and configuration."""

    def __init__(self, hosts: Hosts, folder: Path) -> None:
        self.hosts = hosts
        self.folder = folder
        self.conf = folder / "conf"
        self.port = hosts.free_port()
        self._spark = sparkhome.find(None)
        self._java = java.find(*self._spark.java_range)
        self.conf.mkdir()
        (folder / "state").mkdir()
        defaults = DEFAULTS.format(secret=os.urandom(16).hex(), state=folder / "state")
        (self.conf / "spark-defaults.conf").touch(0o600)
        (self.conf / "spark-defaults.conf").write_text(defaults)
        self.started: dict[str, subprocess.Popen[bytes]] = {}
        self.start_master()

    @property
    def url(self) -> str:
        return f"spark://{self.hosts.address('master')}:{self.port}"

    def environment(self, host: str) -> dict[str, str]:
        """For any process of the cluster, or of its users, on a host."""
        return {
            **os.environ,
            "SPARK_CONF_DIR": str(self.conf),
            "SPARK_LOCAL_IP": self.hosts.address(host),
        }

    def _start(self, host: str, name: str, *arguments: str) -> Path:
        env = self.environment(host) | {
            "JAVA_HOME": str(self._java.launch_home()),
            "SPARK_HOME": str(self._spark.home),
            "SPARK_DAEMON_MEMORY": "256m",
            "SPARK_DAEMON_JAVA_OPTS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
            "SPARK_WORKER_DIR": str(self.folder / "work" / host),
        }
        log = self.folder / f"{host}.log"
        command = [str(self._spark.home / "bin" / "spark-class"), name]
        command += ["--host", self.hosts.address(host), "--webui-port", "0", *arguments]
        log.write_bytes(b"")
        self.started[host] = self.hosts.start(host, command, log, env)
        return log

    def start_master(self) -> None:
        log = self._start(
            "master", "org.apache.spark.deploy.master.Master", "--port", str(self.port)
        )
        deadline = time.monotonic() + 60
        while not re.search("New state: ALIVE|Recovery complete", log.read_text()):
            assert self.started["master"].poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)

    def start_worker(self, host: str) -> None:
        options = ("--cores", "1", "--memory", "600m", self.url)
        self._start(host, "org.apache.spark.deploy.worker.Worker", *options)

    def kill(self, host: str) -> None:
        self.hosts.kill(self.started.pop(host))
