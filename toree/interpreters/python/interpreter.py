"""Python cells: IPython in the kernel process, with PySpark attached to the shared session."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...api import Kernel
from ...signals import stopping
from ...spark.frames import Frames
from ...spark.session import PythonSpark
from ..base import (
    Assignment,
    Bundle,
    Completeness,
    Completion,
    Failed,
    Interpreter,
    Ok,
    Output,
    Result,
)
from .variables import PythonVariables, SharedValues

if TYPE_CHECKING:
    from ...host import Host

_TYPES = "_jupyter_types_experimental"


class PythonInterpreter(Interpreter):
    """Runs cells as ipykernel does; `spark` and `sc` appear when the JVM is ready."""

    language = "python"

    def __init__(self, host: Host) -> None:
        self._ipython = host.ipython
        self._spark = PythonSpark(host.companion, host.ipython.shell, host.display)
        self._eager = host.config.initialization_mode == "eager"
        self._host = host
        self.frames = Frames(self._spark)
        self._variables = PythonVariables(host.ipython.shell, self.frames, host.sharing.store)

    def start(self) -> None:
        self._register_magics()
        kernel = Kernel(SharedValues(self._host.sharing, self._variables), self._output)
        self._ipython.shell.user_ns["kernel"] = kernel
        self._ipython.shell.user_ns_hidden["kernel"] = kernel
        if self._eager:
            self._spark.attach_when_ready()

    async def execute(self, code: str, output: Output, **options: Any) -> Result:
        life = self._host.companion.life
        with stopping(self._spark.cancel):
            self._spark.prepare(code, output)
            self._variables.begin()
            reply = await self._ipython.run(code)
        self._variables.end(code, reply["status"] == "ok")
        if reply["status"] != "ok":
            if reply["ename"].startswith(("Py4J", "Connection")) and (
                why := self._host.companion.obituary(life)
            ):
                output.stream("stderr", f"{why}\n")
            return Failed(reply["ename"], reply["evalue"], reply["traceback"], shown=True)
        return Ok(payload=reply["payload"], expressions=reply["user_expressions"])

    def restart(self) -> bool:
        shell = self._ipython.shell
        names, hidden = shell.user_ns, shell.user_ns_hidden
        ours = ("spark", "sc", "kernel")
        kept = {n: names[n] for n in ours if n in names and names[n] is hidden.get(n)}
        shell.reset(new_session=False)
        shell.user_ns.update(kept)
        shell.user_ns_hidden.update(kept)
        return True

    def _output(self) -> Output:
        return self._ipython.output

    def interrupt(self) -> None:
        self._spark.cancel()

    def complete(self, code: str, cursor: int) -> Completion:
        reply = self._ipython.complete(code, cursor)
        types = reply.get("metadata", {}).get(_TYPES, [])
        return Completion(
            reply["matches"],
            reply["cursor_start"],
            reply["cursor_end"],
            [found.get("type") or "" for found in types],
            [found.get("signature") or "" for found in types],
        )

    def inspect(self, code: str, cursor: int, detail: int = 0) -> Bundle | None:
        reply = self._ipython.inspect(code, cursor, detail)
        data: Bundle = reply["data"]
        return data if reply["found"] else None

    def is_complete(self, code: str) -> Completeness:
        reply = self._ipython.is_complete(code)
        return Completeness(reply["status"], reply.get("indent", ""))

    # Shared names

    def assigned(self) -> Sequence[Assignment]:
        return self._variables.assigned()

    def references(self, code: str) -> frozenset[str]:
        return self._variables.references(code)

    def get(self, name: str) -> Any:
        return self._variables.get(name)

    def put(self, name: str, value: Any) -> None:
        self._variables.put(name, value)

    def drop(self, name: str) -> None:
        self._variables.drop(name)

    def mentions(self, code: str, names: Sequence[str]) -> Sequence[str]:
        return self._variables.mentions(code, names)

    def own(self, name: str) -> bool:
        return hasattr(builtins, name)

    def close(self) -> None:
        self.frames.close()

    def _register_magics(self) -> None:
        """Makes Toree's line magics known to IPython, except where it has one of that name."""
        from ...magics import Context, Magic

        shell, host = self._ipython.shell, self._host

        def bridge(magic: Magic) -> Any:
            def run(line: str, body: str = "") -> None:
                output = host.ipython.output
                context = Context(host, output, "python", body)
                result = magic.run(context, magic.parse(line))
                if result:
                    output.display(result)

            run.__doc__ = f"{magic.usage}\n\n{magic.description}"
            return run

        for magic in host.magics:
            for name in {magic.name, magic.name.lower()}:
                known = shell.magics_manager.magics[magic.kind]
                if name not in known:
                    shell.register_magic_function(bridge(magic), magic.kind, name)
