"""What may stand next in a magic's line: options, their values, files, coordinates."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from . import Magic
from .presets import PRESETS

#: Places of packages that were fetched before: Maven's, and Ivy's of Spark 3 and 4.
_CACHES = ("~/.m2/repository", "~/.ivy2.5.2/cache", "~/.ivy2/cache")


def completed(magic: Magic, line: str, languages: Iterable[str] = ()) -> tuple[list[str], str]:
    """Matches for the end of what stands behind a magic's name, and the text they replace."""
    if magic.raw:
        return [], re.split(r"\s", line)[-1]
    return following(magic.parser()._actions, line, languages)


def following(
    actions: Iterable[argparse.Action], line: str, languages: Iterable[str] = ()
) -> tuple[list[str], str]:
    """The same for what a parser's actions allow."""
    word = re.split(r"\s", line)[-1]
    before = line[: len(line) - len(word)].split()
    option, sign, value = word.partition("=")
    if sign and (owner := _option(actions, option)):
        return [f"{option}={found}" for found in _values(owner, value, languages)], word
    if before and (owner := _option(actions, before[-1])) and owner.nargs != 0:
        return list(_values(owner, word, languages)), word
    if word.startswith("-"):
        names = [name for action in actions for name in action.option_strings]
        return sorted(name for name in names if name.startswith(word)), word
    positional = [action for action in actions if not action.option_strings]
    return sorted(
        {found for action in positional for found in _values(action, word, languages)}
    ), word


def _option(actions: Iterable[argparse.Action], name: str) -> argparse.Action | None:
    return next((action for action in actions if name in action.option_strings), None)


def _values(action: argparse.Action, word: str, languages: Iterable[str]) -> Iterator[str]:
    if action.choices is not None:
        yield from (str(c) for c in action.choices if str(c).startswith(word.lower()))
    elif action.dest in ("language", "to"):
        yield from (name for name in languages if name.startswith(word.lower()))
    elif action.dest in ("url", "credential", "file"):
        yield from _files(word)
    elif action.dest == "preset":
        yield from (name for name in PRESETS if name.startswith(word.lower()))
    elif action.dest == "coordinates":
        yield from sorted(_coordinates(word))


def _files(word: str) -> Iterator[str]:
    folder, _, name = word.rpartition("/")
    root = Path(f"{folder}/").expanduser() if folder or word.startswith("/") else Path()
    try:
        entries = sorted(os.scandir(root), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith(name) and (name or not entry.name.startswith(".")):
            yield word[: len(word) - len(name)] + entry.name + ("/" if entry.is_dir() else "")


def _coordinates(word: str) -> set[str]:
    """Coordinates of the local caches: the next of group, artifact and version."""
    found: set[str] = set()
    group, colon, rest = word.partition(":")
    for cache in (Path(name).expanduser() for name in _CACHES):
        maven = cache.name == "repository"
        if not colon:
            found |= _groups(cache, group, maven)
            continue
        place = cache.joinpath(*group.split(".")) if maven else cache / group
        artifact, second, version = rest.lstrip(":").partition(":")
        double = ":" if rest.startswith(":") else ""
        if not second:
            names = {p.name for p in _folders(place)}
            if double:
                names = {re.sub(r"_\d+(\.\d+)?$", "", n) for n in names if re.search(r"_\d", n)}
            found |= {f"{group}:{double}{n}:" for n in names if n.startswith(artifact)}
            continue
        for module in _folders(place):
            if module.name == artifact or (double and module.name.startswith(f"{artifact}_")):
                found |= {
                    f"{group}:{double}{artifact}:{v}"
                    for v in _versions(module, maven)
                    if v.startswith(version)
                }
    return found


def _groups(cache: Path, group: str, maven: bool) -> set[str]:
    if not maven:
        return {f"{p.name}:" for p in _folders(cache) if p.name.startswith(group)}
    done, _, part = group.rpartition(".")
    place = cache.joinpath(*done.split(".")) if done else cache
    start = f"{done}." if done else ""
    found = set()
    for folder in _folders(place):
        if folder.name.startswith(part):
            is_group = any(any(m.glob("*/*.pom")) for m in _folders(folder))
            found.add(f"{start}{folder.name}{':' if is_group else '.'}")
    return found


def _versions(module: Path, maven: bool) -> Iterator[str]:
    if maven:
        yield from (p.name for p in _folders(module))
    else:
        for jar in module.glob("*/*.jar"):
            yield jar.stem.removeprefix(f"{module.name}-")


def _folders(place: Path) -> list[Path]:
    try:
        return [
            Path(e.path) for e in os.scandir(place) if e.is_dir() and not e.name.startswith(".")
        ]
    except OSError:
        return []
