"""argparse as magics and cell options use it."""

from __future__ import annotations

import argparse
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
