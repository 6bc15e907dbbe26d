"""One Scala kernel for all tests of magics, with an Ivy cache of its own, and a repository."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from session import Session

from .maven import Repository, Server, classes

PACKAGES = (
    "one",
    "two",
    "three",
    "four",
    "five",
    "rooms",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
)


@pytest.fixture(scope="session")
def kernel(specs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """The Scala kernel; shared by all tests of this folder: tidy up."""
    cache = tmp_path_factory.mktemp("ivy")
    options = f"--conf spark.jars.ivy={cache} {os.environ.get('SPARK_OPTS', '')}"
    with Session("toree_scala", env={**os.environ, "SPARK_OPTS": options}) as session:
        session.run("spark.range(1).count()", timeout=600)  # a busy machine starts slowly
        yield session


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("classes")
    classes(folder, PACKAGES)
    return folder


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory, compiled: Path) -> Repository:
    return Repository(tmp_path_factory.mktemp("repository"), compiled)


@pytest.fixture
def server(repository: Repository) -> Iterator[Server]:
    """A server of this test's own: what it does wrong ends with it."""
    made = Server(repository.folder)
    yield made
    made.close()
