"""What Spark's scripts and launcher, a JVM of its own, make of a command: kept for the next.

What they have made is what the JVM runs as: its command line and its environment, read from the
system once it answers. It is kept under all that they read (`footprint`), and used again with the
folders of another kernel in it. Where it may hold a secret it is not kept, and a start from it that
fails is made anew by the scripts.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import time
from pathlib import Path

from . import cache
from .command import Command

_SECRET = re.compile(r"password|secret|token|credential|key", re.IGNORECASE)
_DAY = 86400.0
_KEPT = 20  # answers, each some KB
_PROC = Path("/proc")


@dataclasses.dataclass(frozen=True)
class Answer:
    """The place of one, and what in it is this kernel's: folders."""

    file: Path
    own: dict[str, str]  # marks, by what they stand for

    @classmethod
    def of(cls, key: str | None, archive: Path | None, command: Command) -> Answer | None:
        """None where it can't be known all that it depends on."""
        if key is None or not (_PROC / "self" / "environ").exists():
            return None
        name = cache.key(key, str(archive))
        folders = ("TOREE_TEMPORARY", "TOREE_SCRATCH")  # the longer one first
        own = {command.environment[n]: f"\0{n}\0" for n in folders}
        return cls(cache.folder("launcher") / f"{name}.json", own)

    def read(self, command: Command) -> Command | None:
        """The JVM's own command, if it is known."""
        try:
            if time.time() - self.file.stat().st_mtime > _DAY:
                return None  # however much is known, it is looked at again
            found = json.loads(self.file.read_text())
        except (OSError, ValueError):
            return None
        words = [self._swapped(word, back=True) for word in found["words"]]
        if not os.access(words[0], os.X_OK):
            return None
        return Command(words, {**command.environment, **found["added"]})

    def learn(self, pid: int, command: Command) -> None:
        """Keeps what a JVM that was started by the scripts runs as."""
        with contextlib.suppress(OSError, ValueError):
            words = _texts(pid, "cmdline")
            environment = dict(text.split("=", 1) for text in _texts(pid, "environ"))
            added = {
                name: text
                for name, text in environment.items()
                if command.environment.get(name) != text and name not in ("_", "PWD", "SHLVL")
            }
            if command.environment.keys() - environment.keys() - {"_", "OLDPWD"}:
                return  # they have taken something away
            kept = {"words": [self._swapped(word) for word in words], "added": added}
            text = json.dumps(kept)
            if any(_SECRET.search(part) for part in (*words, *added)) or "toree.Main" not in words:
                return
            cache.write(self.file, text.encode())
            old = sorted(self.file.parent.glob("*.json"), key=lambda file: file.stat().st_mtime)
            for file in old[:-_KEPT]:
                file.unlink(missing_ok=True)

    def forget(self) -> None:
        self.file.unlink(missing_ok=True)

    def _swapped(self, text: str, back: bool = False) -> str:
        for own, mark in self.own.items():
            text = text.replace(mark, own) if back else text.replace(own, mark)
        return text


def _texts(pid: int, of: str) -> list[str]:
    return (_PROC / str(pid) / of).read_bytes().decode(errors="surrogateescape").split("\0")[:-1]
