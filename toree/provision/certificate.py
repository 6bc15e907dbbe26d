"""The certificate this process shows to those it has invited. The door to `cryptography`."""

from __future__ import annotations

import contextlib
import datetime
import functools
import ssl
from collections.abc import Iterator
from pathlib import Path

from .. import scratch
from ..errors import LaunchFailed

_DAYS = 365


@functools.cache
def shown() -> tuple[ssl.SSLContext, str]:
    """A TLS server's side with a key made for this process, and its certificate as text.

    Raises:
        LaunchFailed: `cryptography` is not installed.
    """
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import NameOID
    except ImportError as error:
        raise LaunchFailed(
            "Kernels that call back need the package cryptography.",
            advice='Run `pip install "spark-polyglot-kernel[clusters]"` beside the Jupyter server.',
        ) from error
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "toree")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))  # clocks differ
        .not_valid_after(now + datetime.timedelta(days=_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    text = certificate.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    with _file(text + secret) as path:
        context.load_cert_chain(path)
    return context, text.decode()


@contextlib.contextmanager
def _file(data: bytes) -> Iterator[Path]:
    """The data in a file for this user alone: OpenSSL reads keys from files."""
    path = scratch.part("certificate") / "pair.pem"
    try:
        path.touch(0o600)
        path.write_bytes(data)
        yield path
    finally:
        path.unlink(missing_ok=True)
        path.parent.rmdir()
