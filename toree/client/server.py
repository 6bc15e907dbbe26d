"""A Jupyter server's or Kernel Gateway's list of kernels, over HTTP."""

from __future__ import annotations

import asyncio
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping

from ..foreign import Json, JsonValue
from .errors import ClientError, ConnectionLost, KernelGone, Refused

_ID = re.compile(r"\w+(-\w+){4}")
_PAGES = re.compile(r"/(lab|tree|notebooks|nbclassic|doc)(/.*)?$")


class Server:
    """A server by its address: as Jupyter prints it, token and page too, if you like."""

    def __init__(self, url: str, token: str | None = None) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise Refused(f"{url!r} is no address of a server: http://host:8888 is one.")
        given = urllib.parse.parse_qs(parts.query).get("token", [None])[0]
        self.token = token or given or ""
        self.url = f"{parts.scheme}://{parts.netloc}{_PAGES.sub('', parts.path).rstrip('/')}"

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"token {self.token}"} if self.token else {}

    def channels(self, kernel: str, session: str) -> str:
        """The WebSocket of a kernel."""
        query = urllib.parse.urlencode({"session_id": session})
        return f"ws{self.url.removeprefix('http')}/api/kernels/{kernel}/channels?{query}"

    async def kernels(self) -> list[Json]:
        found: list[Json] = await self._call("GET", "/api/kernels")
        return found

    async def kernel(self, identity: str) -> Json:
        """
        Raises:
            KernelGone: the server has no such kernel.
        """
        found: Json = await self._call("GET", f"/api/kernels/{identity}")
        return found

    async def start(self, name: str, env: Mapping[str, str] | None = None) -> str:
        """Starts a kernel by its kernel spec's name; its id."""
        body = {"name": name, **({"env": dict(env)} if env else {})}
        try:
            return str((await self._call("POST", "/api/kernels", body))["id"])
        except Refused as error:  # a server says no more than that something went wrong
            known = (await self._call("GET", "/api/kernelspecs"))["kernelspecs"]
            if name in known:
                raise
            names = ", ".join(sorted(known)) or "none"
            raise Refused(f"{self.url} has no kernel {name!r}. It has: {names}.") from error

    async def interrupt(self, identity: str) -> None:
        await self._call("POST", f"/api/kernels/{identity}/interrupt", {})

    async def stop(self, identity: str) -> None:
        await self._call("DELETE", f"/api/kernels/{identity}")

    async def choose(self, kernel: str | None, env: Mapping[str, str] | None) -> tuple[str, bool]:
        """The id of the kernel that is meant, and whether it was started for it.

        Raises:
            Refused: there is none, or more than one that could be meant.
        """
        if kernel is not None:
            try:
                await self.kernel(kernel)
                return kernel, False
            except KernelGone:
                if _ID.fullmatch(kernel):
                    raise
                return await self.start(kernel, env), True
        running = await self.kernels()  # which a Kernel Gateway keeps to itself, unless told
        if len(running) == 1:
            return str(running[0]["id"]), False
        names = ", ".join(f"{row['id']} ({row['name']})" for row in running)
        raise Refused(
            f"{self.url} runs {len(running)} kernels{': ' + names if names else ''}. Say which: "
            "kernel= takes the id of one that runs, or a kernel spec's name to start one."
        )

    async def _call(self, method: str, path: str, body: object = None) -> JsonValue:
        return await asyncio.to_thread(self._fetch, method, path, body)

    def _fetch(self, method: str, path: str, body: object) -> JsonValue:
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", **self.headers},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                text = response.read()
        except urllib.error.HTTPError as error:
            raise self.refusal(error.code, path, error.read()) from None
        except (OSError, ValueError) as error:
            raise ConnectionLost(f"{self.url} can't be reached: {error}") from error
        try:
            return json.loads(text) if text else None
        except ValueError:
            raise Refused(f"{self.url} is no Jupyter server: {path} is not JSON.") from None

    def refusal(self, status: int, path: str, body: bytes = b"") -> ClientError:
        """What a status of HTTP means here."""
        try:
            said = str(json.loads(body)["message"])
        except (ValueError, KeyError, TypeError):
            said = body[:200].decode(errors="replace")
        if status in (401, 403):
            lack = "does not take this token" if self.token else "wants a token"
            hint = ", or does not list its kernels: say which" if path == "/api/kernels" else ""
            why = "" if said in ("", "Forbidden", "Unauthorized") else f" {said}"
            return Refused(f"{self.url} {lack}{hint} ({status}).{why}")
        if status == 404 and "/api/kernels/" in path:
            return KernelGone(f"The kernel has ended: {self.url} no longer has it.")
        if status >= 502:
            return ConnectionLost(f"{self.url} answered {status}.")
        return Refused(f"{self.url}{path} answered {status}. {said}".rstrip())
