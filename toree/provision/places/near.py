"""On this machine, over pipes; elsewhere by a command that finds its way there (Slurm, a shell)."""

from __future__ import annotations

import os

from ...errors import LaunchFailed
from ..invitation import Invitation
from ..line import Line
from . import FAR, Place


class Local(Place):
    """A child of this process."""

    calls_back = False
    kernel_address = "127.0.0.1"

    def start(self, invitation: Invitation | None) -> Line | None:
        return self.begin([self.wanted.python, "-c", FAR, "--pipes"], pipes=True).line()

    def waits_for(self) -> str:
        return f"{self.wanted.python} to start"


class Command(Place):
    """A command of the user's that runs `{far}` somewhere; what it reads is in `{invitation}`."""

    def start(self, invitation: Invitation | None) -> Line | None:
        assert invitation
        path = invitation.write(self.wanted.folder / "invitation.json")
        far = [self.wanted.python, "-c", FAR, str(path)]
        words: list[str] = []
        for word in self.wanted.command:
            words += far if word == "{far}" else [word.replace("{invitation}", str(path))]
        if words == [*self.wanted.command]:
            raise LaunchFailed(
                "The command of this kernel spec's kernel_provisioner has neither {far} nor "
                "{invitation}: it can't start a kernel."
            )
        self.begin(words, env={**os.environ, **self.wanted.env})
        return None

    def waits_for(self) -> str:
        return f"`{self.wanted.command[0]}` to start the kernel and the kernel to call back"
