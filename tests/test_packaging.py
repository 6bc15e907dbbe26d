"""The recipes in packaging/: they say what pyproject.toml says, and call what there is."""

from __future__ import annotations

import re
from pathlib import Path

from toree import __version__
from toree.install.app import Toree

ROOT = Path(__file__).resolve().parents[1]
PROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
RECIPE = (ROOT / "packaging" / "conda" / "recipe.yaml").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "packaging" / "docker" / "Dockerfile").read_text(encoding="utf-8")


def block(text: str, start: str, end: str) -> str:
    return text[text.index(start) + len(start) :].partition(end)[0]


def bounds(requirements: str) -> dict[str, str]:
    found = re.findall(r"([a-z][\w.-]*)(?:\[\w+\])? ?([<>=][\d.,<>=]*)", requirements)
    return {name.lower(): bound for name, bound in found}


def test_conda_wants_what_pip_wants() -> None:
    run = bounds(block(RECIPE, "  run:\n", "  run_constraints:"))
    pip = bounds(block(PROJECT, "\ndependencies = [", "\n]"))
    pip |= bounds(block(PROJECT, "\nspark = [", "]\n"))
    assert pip  # the expressions above have read something
    assert {name: run.get(name) for name in pip} == pip
    python = block(PROJECT, "requires-python = ", "\n").strip('"')
    assert run["python"] == python
    assert f"version: {__version__}\n" in RECIPE


def test_the_image_installs_extras_and_options_that_exist() -> None:
    extras = block(DOCKERFILE, '"/tmp/toree[', ']"').split(",")
    known = re.findall(
        r"^(\w+) = \[", block(PROJECT, "[project.optional-dependencies]", "\n\n["), re.M
    )
    assert set(extras) <= set(known)
    commands = re.findall(r"jupyter toree (\w+)((?: --[\w-]+)*)", DOCKERFILE)
    assert {name for name, _ in commands} == {"install", "doctor"}
    for name, options in commands:
        command = Toree.subcommands[name][0]
        known = {f"--{flag}" for flag in (*command.flags, *command.aliases)}
        assert set(options.split()) <= known
