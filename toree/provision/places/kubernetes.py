"""On Kubernetes: front and companion in one pod, which a Job owns.

The Job goes some time after it has ended, by Kubernetes itself: also when nobody is left to delete
it. The invitation is a secret that the Job owns, so it goes with it, and the driver's pod owns the
pods of Spark's executors.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from ...errors import LaunchFailed
from ...foreign import Facts, Json, KubernetesObject
from ..invitation import Invitation
from ..line import Line
from . import FAR, Place

_FOLDER = "/var/run/secrets/toree"
_FILE = "invitation.json"
_LABEL = "toree-kernel"
_KEPT = 60  # seconds an ended Job stays, for its log
_PATIENCE = (5.0, 15.0)  # seconds to connect, and for an answer
#: What `toree.companion.pod` reads, by Kubernetes' downward API.
_SELF = {
    "TOREE_POD_NAME": "metadata.name",
    "TOREE_POD_NAMESPACE": "metadata.namespace",
    "TOREE_POD_IP": "status.podIP",
}


class Kubernetes(Place):
    """A Job of one pod; `pod` of the settings is its template, whose first container is ours."""

    def __init__(self, wanted: KubernetesObject) -> None:
        super().__init__(wanted)
        self.name = f"toree-{wanted.kernel[:8] or 'kernel'}-{secrets.token_hex(3)}".lower()
        self.namespace = ""
        self._core: KubernetesObject = None
        self._batch: KubernetesObject = None

    def start(self, invitation: Invitation | None) -> Line | None:
        assert invitation
        self._connect()
        job = self._answer(self._batch.create_namespaced_job, self.namespace, self.job())
        owner = {"apiVersion": "batch/v1", "kind": "Job", "name": self.name}
        secret = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": self.name,
                "labels": {_LABEL: self.name},
                "ownerReferences": [{**owner, "uid": job["metadata"]["uid"]}],
            },
            "stringData": {_FILE: invitation.text()},
        }
        # The pod waits for it: the other way round it would stay when we end between the two.
        self._answer(self._core.create_namespaced_secret, self.namespace, secret)
        return None

    def job(self) -> Json:
        """The manifest: the template of the kernel spec, and what makes its pod a kernel."""
        template: Json = copy.deepcopy(dict(self.wanted.pod))
        spec = template.setdefault("spec", {})
        container = first(spec.setdefault("containers", []))
        container.setdefault("name", "kernel")
        if self.wanted.image:
            container["image"] = self.wanted.image
        if not container.get("image"):
            raise LaunchFailed(
                "The kernel spec's kernel_provisioner names no image for Kubernetes."
            )
        container["command"] = [self.wanted.python, "-c", FAR, f"{_FOLDER}/{_FILE}"]
        container["args"] = []
        container.setdefault("env", []).extend(
            {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}
            for name, path in _SELF.items()
        )
        container.setdefault("volumeMounts", []).append(
            {"name": "toree-invitation", "mountPath": _FOLDER, "readOnly": True}
        )
        spec.setdefault("volumes", []).append(
            {
                "name": "toree-invitation",
                "secret": {"secretName": self.name, "defaultMode": 0o440},
            }
        )
        spec["restartPolicy"] = "Never"  # a second one would have nobody to call
        labels = template.setdefault("metadata", {}).setdefault("labels", {})
        labels[_LABEL] = self.name
        return {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": self.name, "labels": {_LABEL: self.name}},
            "spec": {
                "backoffLimit": 0,
                "ttlSecondsAfterFinished": _KEPT,
                "template": template,
            },
        }

    def _connect(self) -> None:
        """Raises LaunchFailed: no client is installed, or nothing says where the cluster is."""
        try:
            from kubernetes import client, config
        except ImportError as error:
            raise LaunchFailed(
                "Kernels on Kubernetes need its Python client beside the Jupyter server.",
                advice="pip install 'spark-polyglot-kernel[kubernetes]'",
            ) from error
        settings = client.Configuration()
        settings.retries = False
        try:
            near, inside = config.load_kube_config, config.load_incluster_config
            load: KubernetesObject = (
                functools.partial(near, file) if (file := _configuration()) else inside
            )
            load(client_configuration=settings)
        except config.ConfigException as error:
            raise LaunchFailed(
                f"No Kubernetes cluster is configured here ({error}).",
                advice="Set KUBECONFIG, or run the Jupyter server in a pod.",
            ) from error
        api = client.ApiClient(settings)
        self._core, self._batch = client.CoreV1Api(api), client.BatchV1Api(api)
        self.namespace = self.wanted.namespace or own_namespace() or "default"

    def _answer(
        self, call: Callable[..., KubernetesObject], *arguments: object, **options: object
    ) -> Json:
        """Raises LaunchFailed: the API server refuses, or can't be reached."""
        from kubernetes.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError

        try:
            answer = call(*arguments, _preload_content=False, _request_timeout=_PATIENCE, **options)
            found: Json = json.loads(answer.data)
            return found
        except ApiException as error:
            raise LaunchFailed(
                f"Kubernetes refuses: {refusal(error.body, error.reason)}",
                advice="The token has expired, or is another cluster's: log in again, so that "
                "KUBECONFIG has a new one." * (error.status == 401),
            ) from error
        except HTTPError as error:
            raise LaunchFailed(f"Kubernetes' API server can't be reached: {error}") from error

    # ---------------------------------------------------------------- what becomes of it

    def _pod(self) -> Facts:
        """The kernel's pod as the API server describes it, {} while there is none."""
        pods = self._answer(
            self._core.list_namespaced_pod,
            self.namespace,
            label_selector=f"{_LABEL}={self.name}",
        )
        items = pods.get("items") or []
        return items[-1] if items else {}

    def ended(self) -> str:
        try:
            job = self._answer(self._batch.read_namespaced_job, self.name, self.namespace)
        except LaunchFailed as error:
            return f"The job {self.name} can't be seen any more: {error}"
        status = job.get("status") or {}
        if status.get("failed") or status.get("succeeded"):
            return f"The job {self.name} has ended{self._why()}"
        return ""

    def _why(self) -> str:
        """Of a pod that has ended or does not begin: what its container's state says."""
        with contextlib.suppress(LaunchFailed):
            for container in (self._pod().get("status") or {}).get("containerStatuses") or []:
                for state in (container.get("state") or {}).values():
                    said = [state.get("reason"), state.get("message")]
                    if "exitCode" in state:
                        said.append(f"status {state['exitCode']}")
                    if words := ", ".join(map(str, filter(None, said))):
                        return f" ({words})"
        return ""

    def waits_for(self) -> str:
        try:
            pod = self._pod()
        except LaunchFailed as error:
            return f"the job {self.name} in {self.namespace} ({error.message})"
        if not pod:
            return f"a pod of the job {self.name} in {self.namespace}{self._events()}"
        phase = (pod.get("status") or {}).get("phase", "Pending")
        named = f"the pod {pod['metadata']['name']}, which is {phase}"
        return f"{named}{self._why()}{self._events()}, to call back"

    def _events(self) -> str:
        """The last warning: a quota that is full, no node with enough cores, no such image."""
        with contextlib.suppress(LaunchFailed):
            found = self._answer(self._core.list_namespaced_event, self.namespace)
            warnings = [
                str(event.get("message", "")).strip()
                for event in found.get("items") or []
                if event.get("type") == "Warning"
                and str((event.get("involvedObject") or {}).get("name")).startswith(self.name)
            ]
            if warnings:
                return f": {warnings[-1]}"
        return ""

    def log(self) -> str:
        from kubernetes.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError

        with contextlib.suppress(LaunchFailed, ApiException, HTTPError):
            if name := (self._pod().get("metadata") or {}).get("name"):
                answer = self._core.read_namespaced_pod_log(
                    name,
                    self.namespace,
                    tail_lines=40,
                    _preload_content=False,
                    _request_timeout=_PATIENCE,
                )
                return str(answer.data.decode(errors="replace")).strip()
        return ""

    def kill(self) -> None:
        """Deletes the Job, and by it the secret, the pod and its executors."""
        if self._batch is not None:
            with contextlib.suppress(LaunchFailed):  # it is gone already
                self._answer(
                    self._batch.delete_namespaced_job,
                    self.name,
                    self.namespace,
                    propagation_policy="Background",
                )


def first(containers: list[Json]) -> Json:
    if not containers:
        containers.append({})
    return containers[0]


def _configuration() -> str:
    """The files that say where the cluster is, as they are named now: the client looks once, when
    it is imported. "" where there are none.
    """
    usual = Path("~/.kube/config").expanduser()
    return os.environ.get("KUBECONFIG") or (str(usual) if usual.exists() else "")


def own_namespace() -> str:
    """Of the context in use, or of the pod this is."""
    from kubernetes import config

    with contextlib.suppress(config.ConfigException, OSError):
        contexts: KubernetesObject = config.list_kube_config_contexts  # it has no types
        if file := _configuration():
            return str(contexts(file)[1]["context"].get("namespace") or "")
    with contextlib.suppress(OSError):
        return Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace").read_text().strip()
    return ""


def refusal(body: object, reason: object) -> str:
    """The sentence in Kubernetes' answer."""
    with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError):
        return str(json.loads(body)["message"])  # type: ignore[arg-type]
    return str(reason)
