"""The port to a kernel's private workspaces."""

from __future__ import annotations

from typing import Protocol


class Sessions(Protocol):
    """The private workspaces of a kernel, as one of its cells may use them (`%session`)."""

    def names(self) -> list[str]: ...
    def enter(self, name: str) -> None:
        """The cells of who sent this one run there from now on; "main": with all the others."""

    def end(self, name: str) -> None:
        """Ends a private workspace; MagicError when there is none."""
