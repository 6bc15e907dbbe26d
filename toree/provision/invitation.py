"""What the far side gets to call back with: where to, the certificate to find there, a secret.

Whoever has it may call once. It goes by a file or a pipe and never by a command line.
"""

from __future__ import annotations

import dataclasses
import json
import secrets
import socket
import ssl
from pathlib import Path

from ..errors import LaunchFailed
from .line import Line, Socket

PATIENCE = 10.0  # seconds for one address to answer


@dataclasses.dataclass(frozen=True)
class Invitation:
    addresses: tuple[str, ...]
    port: int
    certificate: str
    secret: str = dataclasses.field(default_factory=lambda: secrets.token_hex(32), repr=False)

    def text(self) -> str:
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def read(cls, text: str) -> Invitation:
        found = json.loads(text)
        return cls(tuple(found["addresses"]), found["port"], found["certificate"], found["secret"])

    def write(self, path: Path) -> Path:
        path.touch(0o600)
        path.write_text(self.text())
        return path

    def accepts(self, secret: object) -> bool:
        return isinstance(secret, str) and secrets.compare_digest(
            secret.encode(), self.secret.encode()
        )

    def call(self) -> tuple[Line, str]:
        """The line to the near side, and the address of this machine that it goes by.

        Raises:
            LaunchFailed: none of the addresses can be reached, or somebody else is there.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.check_hostname = False  # the certificate itself is what is known
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=self.certificate)
        tried = []
        for address in self.addresses:
            try:
                plain = socket.create_connection((address, self.port), PATIENCE)
            except OSError as error:
                tried.append(f"{address}:{self.port} ({error.strerror or error})")
                continue
            own = str(plain.getsockname()[0])
            try:
                return Line(Socket(context.wrap_socket(plain))), own
            except OSError as error:
                plain.close()
                tried.append(f"{address}:{self.port} ({error.args[-1]})")
        raise LaunchFailed(
            f"{socket.gethostname()} can't reach the Jupyter server at {', '.join(tried)}.",
            advice="Set response_address (and response_ports, for a firewall) in the kernel spec's "
            "kernel_provisioner to what this machine can reach.",
        )
