"""Jars and private sessions: one class loader for all, so one version of each library."""

from __future__ import annotations

from pathlib import Path

import pytest
from session import Session

from toree.client import Client, ExecutionError

from .maven import GROUP, Repository, Server

pytestmark = pytest.mark.spark

GREET = 'new rooms.Greeter().greet("Al")'


def test_jars_of_another_session(
    kernel: Session, repository: Repository, server: Server, tmp_path: Path
) -> None:
    repository.add("rooms", "1.0", package="rooms")
    newer = repository.add("rooms", "2.0", package="rooms")
    add = f"%AddDeps {GROUP} rooms {{0}} --repository {server.url}"
    with Client.connect(kernel.manager.connection_file) as client:
        one, two = client.session("jars-1"), client.session("jars-2")

        def text(place: Session, code: str) -> str:
            return place.execute(code, language="scala", timeout=120).result().text

        with pytest.raises(ExecutionError, match="not found"):
            text(two, GREET)  # its compiler has looked, and is there before the jar
        text(one, add.format("1.0"))
        for place in (one, two, client):
            assert text(place, GREET) == "Hello, Al, from rooms"
            mapped = f"sc.parallelize(Seq(1)).map(_ => {GREET}).collect().head"
            assert text(place, mapped) == "Hello, Al, from rooms"
        assert "greet" in two.complete("new rooms.Greeter().gr")["matches"]
        text(two, add.format("1.0"))  # what is there is no fault
        with pytest.raises(ExecutionError) as refused:
            text(two, add.format("2.0"))
        said = "this session has version 1.0, which stays until the kernel restarts"
        assert said in refused.value.evalue
        with pytest.raises(ExecutionError) as refused:
            text(two, f"%AddJar file://{newer}")
        assert "rooms-2.0.jar is not added: its classes are there already" in refused.value.evalue
        one.end()  # its jars stay, and so does the refusal
        assert text(two, GREET) == "Hello, Al, from rooms"
        with pytest.raises(ExecutionError, match=r"has version 1\.0"):
            text(client, add.format("2.0"))
        three = client.session("jars-3")
        assert text(three, GREET) == "Hello, Al, from rooms"
        for place in (two, three):
            place.end()
