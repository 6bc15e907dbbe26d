"""A real kernel, with its JVM, for the whole test session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from session import Session


@pytest.fixture(scope="session")
def kernel(specs: Path) -> Iterator[Session]:
    """The Scala kernel; other languages by their cell magics. Shared by all tests: tidy up."""
    with Session("toree_scala") as session:
        yield session
