"""Kubernetes' own API server over etcd, both started here: who may do what, quotas and tokens.

`TOREE_KUBE_APISERVER` and `TOREE_ETCD` name the programs. Go makes the first from its modules
(`docs/clusters.md` says how), Debian's package `etcd-server` has the second.
"""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from toree.provision.places.ssh import free_ports

SERVER = os.environ.get("TOREE_KUBE_APISERVER") or shutil.which("kube-apiserver")
ETCD = os.environ.get("TOREE_ETCD") or shutil.which("etcd")

_ADMIN = os.urandom(16).hex()
_DEFAULT = "/api/v1/namespaces/default"
#: What docs/clusters.md says that a kernel's pod needs, for its executors.
RIGHTS = [
    {
        "apiGroups": [""],
        "resources": ["pods", "configmaps", "services", "persistentvolumeclaims"],
        "verbs": [
            "create",
            "get",
            "list",
            "watch",
            "update",
            "patch",
            "delete",
            "deletecollection",
        ],
    }
]
#: What the Jupyter server needs.
SERVERS = [
    {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create", "get", "delete"]},
    {"apiGroups": [""], "resources": ["secrets"], "verbs": ["create"]},
    {"apiGroups": [""], "resources": ["pods", "pods/log", "events"], "verbs": ["get", "list"]},
]


class ApiServer:
    """An empty cluster with the service accounts `notebooks`, `executors` and `jupyter`."""

    def __init__(self, folder: Path) -> None:
        assert SERVER and ETCD
        self.folder = folder
        storage, peers, port = free_ports(3)
        key = folder / "accounts.key"
        subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, timeout=60)
        (folder / "tokens.csv").touch(0o600)
        (folder / "tokens.csv").write_text(f"{_ADMIN},admin,1,system:masters\n")
        self._processes = [
            self._start(
                *(ETCD, "--data-dir", f"{folder}/etcd", "--unsafe-no-fsync"),
                *("--listen-client-urls", f"http://127.0.0.1:{storage}"),
                *("--advertise-client-urls", f"http://127.0.0.1:{storage}"),
                *("--listen-peer-urls", f"http://127.0.0.1:{peers}"),
            ),
            self._start(
                *(SERVER, f"--etcd-servers=http://127.0.0.1:{storage}", f"--secure-port={port}"),
                *("--bind-address=127.0.0.1", f"--cert-dir={folder}/certificates"),
                *(f"--token-auth-file={folder}/tokens.csv", "--authorization-mode=RBAC"),
                *("--service-account-issuer=https://kubernetes.default.svc",),
                *(f"--service-account-key-file={key}", f"--service-account-signing-key-file={key}"),
                # Debian's etcd can't tell how far a watch is, which the cache of watches asks it.
                *("--service-cluster-ip-range=10.96.0.0/16", "--watch-cache=false"),
            ),
        ]
        self.url = f"https://127.0.0.1:{port}"
        self.certificate = folder / "certificates" / "apiserver.crt"
        self.headers = {"Authorization": f"Bearer {_ADMIN}"}
        self.trusted: ssl.SSLContext | None = None
        self._wait()
        for account, rights in (("notebooks", RIGHTS), ("jupyter", SERVERS)):
            self._account(account)
            self._allow(account, rights)
        self._account("executors")
        self._account("default")

    def _start(self, *command: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{Path(command[0]).name}.log").open("wb") as log:
            return subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)

    def _wait(self) -> None:
        deadline = time.monotonic() + 240
        while True:
            assert all(p.poll() is None for p in self._processes), self.folder
            assert time.monotonic() < deadline, self.folder
            try:
                self.trusted = ssl.create_default_context(cafile=str(self.certificate))
                self.ask("/readyz", read=False)
                self.ask(_DEFAULT)
                return
            except (OSError, urllib.error.URLError):
                time.sleep(0.3)

    def ask(self, path: str, body: Any = None, method: str = "", read: bool = True) -> Any:
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        request = urllib.request.Request(
            self.url + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": kind, **self.headers},
            method=method or ("GET" if body is None else "POST"),
        )
        with urllib.request.urlopen(request, timeout=20, context=self.trusted) as answer:
            return json.load(answer) if read else answer.read()

    def _account(self, name: str) -> None:
        self.ask(f"{_DEFAULT}/serviceaccounts", {"metadata": {"name": name}})

    def _allow(self, account: str, rules: list[dict[str, list[str]]]) -> None:
        group = "/apis/rbac.authorization.k8s.io/v1/namespaces/default"
        self.ask(f"{group}/roles", {"metadata": {"name": account}, "rules": rules})
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": account}
        subject = {"kind": "ServiceAccount", "name": account, "namespace": "default"}
        binding = {"metadata": {"name": account}, "roleRef": role, "subjects": [subject]}
        self.ask(f"{group}/rolebindings", binding)

    def token(self, account: str) -> str:
        """What a pod of this account is given."""
        made = self.ask(f"{_DEFAULT}/serviceaccounts/{account}/token", {"spec": {}})
        return str(made["status"]["token"])

    def revoke(self, account: str) -> None:
        """Its tokens are worth nothing from now on, as when their time has come."""
        self.ask(f"{_DEFAULT}/serviceaccounts/{account}", method="DELETE")

    def renew(self, account: str) -> None:
        """Has an account again that was revoked: what was allowed is so by its name."""
        self._account(account)

    def limit(self, pods: int) -> None:
        """A quota; what a controller counts is set at once, there being none here."""
        path, hard = f"{_DEFAULT}/resourcequotas", {"pods": str(pods)}
        if self.ask(path)["items"]:
            self.ask(f"{path}/team", {"spec": {"hard": hard}}, "PATCH")
        else:
            self.ask(path, {"metadata": {"name": "team"}, "spec": {"hard": hard}})
        status = {"hard": hard, "used": {"pods": "0"}}
        self.ask(f"{path}/team/status", {"status": status}, "PATCH")

    def close(self) -> None:
        for process in reversed(self._processes):
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
