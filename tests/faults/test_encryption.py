"""A kernel whose sockets are encrypted, which Jupyter asks for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import zmq
from jupyter_client.manager import KernelManager
from session import Session

pytestmark = pytest.mark.spark


@pytest.mark.skipif(
    not KernelManager.class_traits().get("transport_encryption"),
    reason="this jupyter_client has no transport encryption",
)
def test_an_encrypted_kernel_talks_to_those_with_its_key_alone(specs: Path) -> None:
    with Session("toree_scala", {"transport_encryption": "required"}) as session:
        cell = "%%python\nprint('for the owner')\n6*7"
        assert session.run(cell).result == "42"
        ports = json.loads(Path(session.manager.connection_file).read_text("utf-8"))
        with zmq.Context() as context, context.socket(zmq.SUB) as spy:
            spy.subscribe(b"")
            spy.connect(f"tcp://127.0.0.1:{ports['iopub_port']}")
            for _ in range(5):
                assert session.run(cell).text("stdout") == "for the owner\n"
            assert not spy.poll(500)
        assert session.run("6*7").result == "42"
