"""An API server that Spark's own client speaks to, and a kubelet: each pod's command is a process.

The server is fabric8's, which limits nothing and keeps nobody out, or Kubernetes' own
(`apiserver`).
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toree.companion import java, sparkhome

from .apiserver import ApiServer
from .hadoop import class_path

HERE = Path(__file__).with_name("kubernetes")
PODS = "/api/v1/namespaces/default/pods"
EVENTS = "/api/v1/namespaces/default/events"
SECRETS = "/api/v1/namespaces/default/secrets"
JOBS = "/apis/batch/v1/namespaces/default/jobs"


class Mock:
    """fabric8's API server."""

    headers: Mapping[str, str] = {}
    trusted: ssl.SSLContext | None = None

    def __init__(self, folder: Path) -> None:
        spark = sparkhome.find(None)
        runtime = java.find(*spark.java_range)
        jars = [class_path(folder, HERE / "pom.xml"), f"{spark.jars}/*"]
        command = [str(runtime.executable), "-cp", os.pathsep.join(jars), "-Xmx256m"]
        command += ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", str(HERE / "ApiServer.java")]
        with (folder / "server.log").open("wb") as log:
            self._server = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
            )
        assert self._server.stdout
        said = self._server.stdout.readline().split()
        assert said[:1] == [b"port"], (folder / "server.log").read_text()[-2000:]
        self.url = f"http://127.0.0.1:{int(said[1])}"

    def close(self) -> None:
        assert self._server.stdin and self._server.stdout
        self._server.stdin.close()
        self._server.stdout.close()
        self._server.wait(20)


class Kubernetes:
    def __init__(self, folder: Path, server: Mock | ApiServer | None = None) -> None:
        self._spark = sparkhome.find(None)
        self._java = java.find(*self._spark.java_range)
        self._folder = folder
        self._server = server or Mock(folder)
        self.url = self._server.url
        self._ended: dict[str, float] = {}  # when a Job has
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.kept = 2.0  # seconds a Job that has ended stays: its ttlSecondsAfterFinished is longer
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def ask(self, path: str, method: str = "GET", body: Any = None) -> Any:
        request = urllib.request.Request(
            self.url + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", **self._server.headers},
            method=method,
        )
        trusted = self._server.trusted
        with urllib.request.urlopen(request, timeout=10, context=trusted) as answer:
            return json.load(answer)

    def pods(self) -> dict[str, Any]:
        return self.all(PODS)

    def all(self, path: str) -> dict[str, Any]:
        return {each["metadata"]["name"]: each for each in self.ask(path)["items"]}

    def _watch(self) -> None:
        while not self._over.wait(0.2):
            with contextlib.suppress(urllib.error.URLError, TimeoutError):
                self._work(self.all(JOBS), self.pods())
                self._collect()
                self._look(self.pods())

    def _work(self, jobs: dict[str, Any], pods: dict[str, Any]) -> None:
        """What Kubernetes' controllers of Jobs do: one pod each, and no Job for ever."""
        for name, job in jobs.items():
            uid = job["metadata"]["uid"]
            owner = {"apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": uid}
            own = [p for p in pods.values() if owner["uid"] in owners(p)]
            if not own:
                template = job["spec"]["template"]
                metadata = {**template["metadata"], "name": f"{name}-x", "ownerReferences": [owner]}
                try:
                    self.ask(
                        PODS,
                        "POST",
                        {"apiVersion": "v1", "kind": "Pod", **template, "metadata": metadata},
                    )
                except urllib.error.HTTPError as error:
                    self._complain(name, error)
            elif own[0].get("status", {}).get("phase") in ("Failed", "Succeeded"):
                if name not in self._ended:
                    how = "failed" if own[0]["status"]["phase"] == "Failed" else "succeeded"
                    job["status"] = {how: 1}
                    self.ask(f"{JOBS}/{name}/status", "PUT", job)
                    self._ended[name] = time.monotonic()
                elif time.monotonic() - self._ended[name] > self.kept:
                    self.ask(f"{JOBS}/{name}", "DELETE", {"propagationPolicy": "Background"})

    def _complain(self, job: str, error: urllib.error.HTTPError) -> None:
        """The event that says why there is no pod: once, where Kubernetes' counts."""
        name = f"{job}.refused"
        if name not in self.all(EVENTS):
            said = json.load(error)["message"]
            subject = {"kind": "Job", "name": job, "namespace": "default"}
            event = {"metadata": {"name": name}, "involvedObject": subject, "type": "Warning"}
            event |= {"reason": "FailedCreate", "message": f"Error creating: {said}"}
            self.ask(EVENTS, "POST", {"apiVersion": "v1", "kind": "Event", **event})

    def _collect(self) -> None:
        """What has lost its owner goes."""
        found = {path: self.all(path) for path in (JOBS, PODS, SECRETS)}
        living = {each["metadata"]["uid"] for of in found.values() for each in of.values()}
        for path in (PODS, SECRETS):
            for name, each in found[path].items():
                if owners(each) - living:
                    self.ask(f"{path}/{name}", "DELETE")

    def _look(self, pods: dict[str, Any]) -> None:
        for name, pod in pods.items():
            phase = pod.get("status", {}).get("phase")
            begun = name in self.processes
            if phase in (None, "Pending") and not begun:
                try:
                    self.processes[name] = self._start(name, pod)
                except OSError as error:  # in Kubernetes' own words
                    self._tell(
                        name, pod, "Failed", exitCode=128, reason="StartError", message=f"{error}"
                    )
                else:
                    self._tell(name, pod, "Running")
            elif phase in (None, "Pending"):
                self._tell(name, pod, "Running")  # somebody else has changed it meanwhile
            elif phase == "Running":
                status = self.processes[name].poll()
                if status is not None:
                    self._tell(name, pod, "Failed" if status else "Succeeded", exitCode=status)
        for name, process in self.processes.items():
            if name not in pods and process.poll() is None:
                end(process)

    def _start(self, name: str, pod: Any) -> subprocess.Popen[bytes]:
        container = pod["spec"]["containers"][0]
        local = self._folder / name
        local.mkdir()
        if container.get("args") == ["executor"]:
            return self._executor(name, container, local)
        return self._run(container["command"], environment(pod, container), local, pod)

    def _run(
        self, command: list[str], env: dict[str, str], local: Path, pod: Any
    ) -> subprocess.Popen[bytes]:
        """Its secrets are where its command is told that they are: there is no mount here."""
        for volume in pod["spec"].get("volumes", []):
            if secret := volume.get("secret"):
                found = self.ask(f"{SECRETS}/{secret['secretName']}")
                content = {n: text.encode() for n, text in found.get("stringData", {}).items()}
                content |= {n: base64.b64decode(b) for n, b in found.get("data", {}).items()}
                for file, text in content.items():
                    (local / file).write_bytes(text)
        mounts = [m["mountPath"] for m in pod["spec"]["containers"][0].get("volumeMounts", [])]
        for mount in mounts:
            command = [word.replace(f"{mount}/", f"{local}/") for word in command]
        with (local / "log").open("wb") as log:
            return subprocess.Popen(
                command,
                env={**os.environ, **env},
                cwd=local,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _executor(self, name: str, container: Any, local: Path) -> subprocess.Popen[bytes]:
        """What the entry point of Spark's image does."""
        env = {each["name"]: each.get("value", "") for each in container["env"]}
        env |= {"SPARK_EXECUTOR_POD_IP": "127.0.0.1", "SPARK_EXECUTOR_POD_NAME": name}
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

    def _tell(self, name: str, pod: Any, phase: str, **ended: object) -> None:
        state = {"terminated": ended} if ended else {"running": {}}
        container = pod["spec"]["containers"][0]
        ready = {"name": container["name"], "ready": not ended, "state": state}
        pod["status"] = {"phase": phase, "podIP": "127.0.0.1", "containerStatuses": [ready]}
        with contextlib.suppress(urllib.error.HTTPError):  # deleted meanwhile
            self.ask(f"{PODS}/{name}/status", "PUT", pod)

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        for process in self.processes.values():
            end(process)
        self._server.close()


def owners(each: Any) -> set[str]:
    return {owner["uid"] for owner in each["metadata"].get("ownerReferences") or []}


def environment(pod: Any, container: Any) -> dict[str, str]:
    """With what the downward API says."""
    known = {
        "metadata.name": pod["metadata"]["name"],
        "metadata.namespace": "default",
        "status.podIP": "127.0.0.1",
    }
    found = {}
    for each in container.get("env", []):
        source = each.get("valueFrom", {}).get("fieldRef", {}).get("fieldPath")
        found[each["name"]] = known[source] if source else each.get("value", "")
    return found


def end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)
