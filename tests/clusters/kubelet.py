"""An API server that Spark's own client speaks to, and a kubelet: each pod's command is a process.

It is no Kubernetes: nothing is scheduled, limited, or let in or kept out.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from toree.companion import java, sparkhome

from .hadoop import class_path

HERE = Path(__file__).with_name("kubernetes")
PODS = "/api/v1/namespaces/default/pods"


class Kubernetes:
    def __init__(self, folder: Path) -> None:
        self._spark = sparkhome.find(None)
        self._java = java.find(*self._spark.java_range)
        self._folder = folder
        jars = [class_path(folder, HERE / "pom.xml"), f"{self._spark.jars}/*"]
        command = [str(self._java.executable), "-cp", os.pathsep.join(jars), "-Xmx256m"]
        command += ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", str(HERE / "ApiServer.java")]
        with (folder / "server.log").open("wb") as log:
            self._server = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
            )
        assert self._server.stdout
        said = self._server.stdout.readline().split()
        assert said[:1] == [b"port"], (folder / "server.log").read_text()[-2000:]
        self.url = f"http://127.0.0.1:{int(said[1])}"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def ask(self, path: str, method: str = "GET", body: Any = None) -> Any:
        request = urllib.request.Request(
            self.url + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def pods(self) -> dict[str, Any]:
        return {pod["metadata"]["name"]: pod for pod in self.ask(PODS)["items"]}

    def _watch(self) -> None:
        while not self._over.wait(0.2):
            with contextlib.suppress(urllib.error.URLError, TimeoutError):
                self._look(self.pods())

    def _look(self, pods: dict[str, Any]) -> None:
        for name, pod in pods.items():
            if name not in self.processes:
                self.processes[name] = self._start(name, pod)
                self._tell(name, pod, "Running")
            elif pod.get("status", {}).get("phase") == "Running":
                status = self.processes[name].poll()
                if status is not None:
                    self._tell(name, pod, "Failed" if status else "Succeeded", status)
        for name, process in self.processes.items():
            if name not in pods and process.poll() is None:
                end(process)

    def _start(self, name: str, pod: Any) -> subprocess.Popen[bytes]:
        """What the entry point of Spark's image does for an executor."""
        [container] = pod["spec"]["containers"]
        assert container["args"] == ["executor"]
        env = {each["name"]: each.get("value", "") for each in container["env"]}
        env |= {"SPARK_EXECUTOR_POD_IP": "127.0.0.1", "SPARK_EXECUTOR_POD_NAME": name}
        local = self._folder / name
        local.mkdir()
        options = [env[each] for each in sorted(env) if each.startswith("SPARK_JAVA_OPT_")]
        given = {
            "driver-url": env["SPARK_DRIVER_URL"],
            "executor-id": env["SPARK_EXECUTOR_ID"],
            "cores": env["SPARK_EXECUTOR_CORES"],
            "app-id": env["SPARK_APPLICATION_ID"],
            "hostname": env["SPARK_EXECUTOR_POD_IP"],
            "resourceProfileId": env["SPARK_RESOURCE_PROFILE_ID"],
            "podName": name,
        }
        own = {
            "SPARK_LOCAL_DIRS": str(local),
            "SPARK_HOME": str(self._spark.home),
            "PYSPARK_PYTHON": sys.executable,
        }
        with (local / "log").open("wb") as log:
            return subprocess.Popen(
                [
                    *(str(self._java.executable), *options, f"-Xmx{env['SPARK_EXECUTOR_MEMORY']}"),
                    *("-cp", f"{self._spark.jars}/*"),
                    "org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBackend",
                    *(word for key, value in given.items() for word in (f"--{key}", value)),
                ],
                env={**os.environ, **env, **own},
                cwd=local,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _tell(self, name: str, pod: Any, phase: str, status: int | None = None) -> None:
        state = {"running": {}} if status is None else {"terminated": {"exitCode": status}}
        [container] = pod["spec"]["containers"]
        ready = {"name": container["name"], "ready": status is None, "state": state}
        pod["status"] = {"phase": phase, "podIP": "127.0.0.1", "containerStatuses": [ready]}
        with contextlib.suppress(urllib.error.HTTPError):  # deleted meanwhile
            self.ask(f"{PODS}/{name}/status", "PUT", pod)

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        for process in self.processes.values():
            end(process)
        assert self._server.stdin and self._server.stdout
        self._server.stdin.close()
        self._server.stdout.close()
        self._server.wait(20)


def end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)
