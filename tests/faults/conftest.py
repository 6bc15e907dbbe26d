"""Real kernels to be ill-treated."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from session import Session, has_r


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not has_r:
        for item in items:
            if item.get_closest_marker("r"):
                item.add_marker(pytest.mark.skip(reason="needs R and rpy2"))


@pytest.fixture(scope="session")
def kernel(specs: Path) -> Iterator[Session]:
    """The Scala kernel of all tests that leave it alive; other languages by their cell magics."""
    with Session("toree_scala") as session:
        yield session


MEASURED: dict[str, float] = {}


@pytest.fixture(scope="session")
def measured() -> dict[str, float]:
    """Figures by what was measured, shown at the end of the run."""
    return MEASURED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if MEASURED:
        terminalreporter.section("measured")
        for what, value in MEASURED.items():
            terminalreporter.write_line(f"{what}: {value:.3f}")
