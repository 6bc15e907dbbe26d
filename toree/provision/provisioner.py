"""The provisioner of jupyter_client's (entry point `toree-provisioner`): kernels elsewhere.

A kernel spec asks for it, and says where:

    "metadata": {"kernel_provisioner": {
      "provisioner_name": "toree-provisioner",
      "config": {"place": "ssh", "host": "me@edge", "python": "/opt/toree/bin/python"}}}
"""

from __future__ import annotations

import asyncio
import functools
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import zmq
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase
from traitlets import Bool, CaselessStrEnum, Dict, Float, List, Unicode

from .. import scratch
from ..errors import LaunchFailed
from ..foreign import Json, Jupyter
from .launch import Kernel, Order, launched
from .places import Place, Wanted
from .places.kubernetes import Kubernetes
from .places.near import Command, Local
from .places.ssh import Ssh
from .places.yarn import Yarn
from .reception import Reception

PLACES: dict[str, type[Place]] = {
    "local": Local,
    "ssh": Ssh,
    "command": Command,
    "yarn": Yarn,
    "kubernetes": Kubernetes,
}
#: Places that see this machine's Python.
_HERE = ("local", "command")
#: Of the near side's environment the far side gets what the kernel spec says, and these.
_PASSED = ("KERNEL_", "JPY_SESSION_NAME")
#: What the installer wrote for this machine.
_NEAR_ONLY = ("PYTHON_EXEC", "SPARK_HOME", "JAVA_HOME")
_PATIENCE = 10.0  # seconds for a killed kernel's end to be told
T = TypeVar("T")


class ToreeProvisioner(KernelProvisionerBase):
    """One kernel; jupyter_client calls its verbs."""

    place = CaselessStrEnum(tuple(PLACES), default_value="local", config=True)
    host = Unicode(config=True, help="ssh: the host, as ssh is told it")
    python = Unicode(config=True, help="the Python there that has Toree; python3 by default")
    options = List(Unicode(), config=True, help="options of ssh's, or of spark-submit's")
    command = List(Unicode(), config=True, help="command: what runs {far} somewhere")
    image = Unicode(config=True, help="kubernetes: the image that has Toree and Spark")
    namespace = Unicode(config=True, help="kubernetes: the context's by default")
    pod = Dict(config=True, help="kubernetes: a template of the pod, its first container ours")
    launch_timeout = Float(120.0, config=True, help="seconds until the kernel must answer")
    response_address = Unicode(config=True, help="where the far side can reach this machine")
    response_bind = Unicode(config=True, help="the address here that stands behind it")
    response_ports = Unicode(config=True, help="such as 40000..40050; any by default")
    kernel_address = Unicode(config=True, help="where the kernel listens")
    encryption = Bool(True, config=True, help="whether ZeroMQ has to be encrypted")

    _kernel: Kernel | None = None
    _last: Json = {}
    log_text = ""
    folder = ""

    # ---------------------------------------------------------------- launch

    async def pre_launch(self, **kwargs: Jupyter) -> Json:
        extra = kwargs.pop("extra_arguments", [])
        return await super().pre_launch(cmd=[*self.kernel_spec.argv, *extra], **kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Jupyter) -> KernelConnectionInfo:
        remote = self.place != "local"
        env: dict[str, str] = kwargs.get("env", {})
        names = {*self.kernel_spec.env, *(n for n in env if n.startswith(_PASSED))}
        passed = {n: env[n] for n in names if n in env} if remote else dict(env)
        passed = {n: text for n, text in passed.items() if not remote or n not in _NEAR_ONLY}
        command = [word.replace("{resource_dir}", self.kernel_spec.resource_dir) for word in cmd]
        if remote or command[0] == "python":
            command[0] = "{python}"
        order = Order(
            command=command,
            env=passed,
            connection=self._connection(),
            folder=str(kwargs.get("cwd") or ""),
            kernel_address=self.kernel_address,
            encrypted=self.encryption,
            before=self._last,
        )
        self.folder = order.folder
        self._kernel = await aside(functools.partial(self._launched, order, passed))
        self._last = dict(self._kernel.connection)
        # Jupyter compares the key as bytes, whatever its types say.
        info: Jupyter = {**self._kernel.connection, "key": order.connection["key"].encode()}
        self.connection_info = info
        return self.connection_info

    def _launched(self, order: Order, env: dict[str, str]) -> Kernel:
        kind = PLACES[self.place]
        drafts = scratch.part("invitation")
        try:
            wanted = Wanted(
                kernel=str(self.kernel_id or ""),
                python=self.python or (sys.executable if self.place in _HERE else "python3"),
                spark_home=self.kernel_spec.env.get("SPARK_HOME", ""),
                host=self.host,
                options=tuple(self.options),
                command=tuple(self.command),
                image=self.image,
                namespace=self.namespace,
                pod=self.pod,
                env=env,
                folder=drafts,
            )
            reception = None
            if kind.calls_back:
                reception = Reception(
                    self.response_address, self.response_bind, self.response_ports
                )
            return launched(kind(wanted), reception, order, self.launch_timeout)
        except LaunchFailed as error:
            self.log.error("%s", error)
            raise
        finally:
            shutil.rmtree(drafts, ignore_errors=True)

    def _connection(self) -> Json:
        """What Jupyter's side decides: the keys. Address and ports are the far side's."""
        manager: Jupyter = self.parent
        found: Json = {
            "transport": "tcp",
            "key": manager.session.key.decode(),
            "signature_scheme": manager.session.signature_scheme,
            "kernel_name": manager.kernel_name,
        }
        encrypted = self.encryption and PLACES[self.place].calls_back
        if encrypted and hasattr(manager, "curve_publickey") and zmq.has("curve"):
            if manager.curve_publickey is None:
                manager.curve_publickey, manager.curve_secretkey = zmq.curve_keypair()
            found["curve_publickey"] = manager.curve_publickey.decode()
            found["curve_secretkey"] = manager.curve_secretkey.decode()
        return found

    # ---------------------------------------------------------------- life

    @property
    def has_process(self) -> bool:
        return self._kernel is not None

    @property
    def pid(self) -> int | None:
        return self._kernel.pid if self._kernel else None

    async def poll(self) -> int | None:
        return 0 if self._kernel is None else self._kernel.status

    async def wait(self) -> int | None:
        kernel = self._kernel
        if kernel is None:
            return 0
        while not kernel.over.is_set():
            await asyncio.sleep(0.05)
        if kernel.status or kernel.cut:
            said = kernel.log or kernel.place.log()
            self.log_text = said
            how = "its line is cut" if kernel.cut else f"status {kernel.status}"
            self.log.warning("Kernel %s has ended, %s. Its log:\n%s", self.kernel_id, how, said)
        await aside(kernel.close)
        self._kernel = None
        return kernel.status

    async def send_signal(self, signum: int) -> None:
        if self._kernel and signum:
            self._kernel.signal(int(signum))

    async def kill(self, restart: bool = False) -> None:
        kernel = self._kernel
        if kernel is None:
            return
        kernel.signal(signal.SIGKILL)
        if not await aside(lambda: kernel.over.wait(_PATIENCE)):
            await aside(kernel.place.kill)
            kernel.line.close()

    async def terminate(self, restart: bool = False) -> None:
        await self.send_signal(signal.SIGTERM)

    async def cleanup(self, restart: bool = False) -> None:
        if self._kernel is not None:
            await aside(self._kernel.close)
            self._kernel = None

    def get_shutdown_wait_time(self, recommended: float = 5.0) -> float:
        return max(recommended, 10.0)

    def get_stable_start_time(self, recommended: float = 10.0) -> float:
        return max(recommended, 30.0)

    def resolve_path(self, path: str) -> str | None:
        """Only where the kernel sees the files that Jupyter sees."""
        found = Path(self.folder, path).expanduser()
        return found.as_posix() if self.place == "local" and found.exists() else None


async def aside(call: Callable[[], T]) -> T:
    """What blocks, on a thread: the server's loop goes on."""
    return await asyncio.get_running_loop().run_in_executor(None, call)
