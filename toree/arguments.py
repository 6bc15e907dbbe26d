"""argparse as magics and cell options use it."""

from __future__ import annotations

import argparse
import re
from typing import NoReturn

from .errors import MagicError

Arguments = argparse.Namespace


class ArgumentParser(argparse.ArgumentParser):
    """argparse with Toree's errors instead of an exit of the process."""

    def __init__(self, usage: str, description: str) -> None:
        # argparse formats the usage with %, and not the description.
        super().__init__(
            prog=usage.split()[0],
            usage=usage.replace("%", "%%"),
            description=description,
            add_help=False,
        )

    def error(self, message: str) -> NoReturn:
        raise MagicError(f"{self.prog}: {message}", advice=self.format_help().rstrip())


def place(message: str, called: str) -> int:
    """Where in a call the argument stands that a message of argparse's is about."""
    quoted = re.findall(r"'([^']+)'", message)
    named = re.findall(r"unrecognized arguments: (\S+)|argument (-[\w-]+)", message)
    for word in [*quoted[:1], *(word for pair in named for word in pair if word)]:
        if (at := called.find(word, 1)) > 0:
            return at
    return len(called)
