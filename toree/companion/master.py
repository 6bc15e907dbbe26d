"""Where Spark will run, from all the places a user can say it: in spark-submit's own order."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from .sparkhome import SparkHome

_PROPERTY = re.compile(r"^\s*spark\.master(?:\s*[=:]\s*|\s+)(\S+)", re.M)
_FLAGS = frozenset({"--supervise", "--verbose", "-v", "--load-spark-defaults"})


def of(spark: SparkHome, options: Sequence[str]) -> str:
    """The master of a start with these options of spark-submit's."""
    given = list(_pairs(options))
    configured = [text for name, text in given if name in ("--conf", "-c")]
    named = [text for name, text in given if name == "--properties-file"]
    usual = str(spark.conf / "spark-defaults.conf")
    # A file of the user's stands for spark-defaults.conf, unless both are asked for.
    files = named[-1:] or [usual]
    if named and "--load-spark-defaults" in options:
        files.append(usual)
    found = (
        [text for name, text in reversed(given) if name == "--master"]
        + [value for text in reversed(configured) for value in _PROPERTY.findall(text)]
        + [value for file in files for value in reversed(_PROPERTY.findall(_text(file)))]
    )
    return found[0] if found else os.environ.get("MASTER") or "local[*]"


def is_local(master: str) -> bool:
    """Whether Spark then runs in the companion alone, with no executor elsewhere."""
    return re.fullmatch(r"local(\[.*\])?", master) is not None


def _pairs(options: Sequence[str]) -> Iterator[tuple[str, str]]:
    words = iter(options)
    for word in words:
        name, equals, value = word.partition("=")
        if word.startswith("-") and word not in _FLAGS:
            yield (name, value) if equals and name.startswith("--") else (word, next(words, ""))


def _text(file: str) -> str:
    try:
        return Path(file).read_text("utf-8", errors="replace")
    except OSError:
        return ""
