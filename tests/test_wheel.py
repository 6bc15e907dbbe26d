"""What users get: the wheel, installed into an empty environment."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from toree import __version__

ROOT = Path(__file__).resolve().parents[1]

NAME = "spark_polyglot_kernel"
DATA = f"{NAME}-{__version__}.data/data/share/jupyter"
KERNELS = ("toree_scala", "toree_pyspark", "toree_sql", "toree_sparkr")
FILES = ("kernel.json", "logo-32x32.png", "logo-64x64.png", "logo-svg.svg")

network = pytest.mark.network


#: A client of its own: the environment has no pytest, and no `tests`.
CELLS = """
import sys
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel(kernel_name=sys.argv[1], startup_timeout=120)
for code in ("%%python\\nprint(6*7)", "%%scala\\n1", "%%r\\n1"):
    said = []
    reply = client.execute_interactive(
        code, timeout=120, output_hook=lambda m: said.append(m["content"].get("text", ""))
    )["content"]
    print(reply["status"], reply.get("ename") or "".join(said).strip())
client.stop_channels()
manager.shutdown_kernel()
"""


def run(*command: str | Path, **environment: str) -> str:
    done = subprocess.run(
        command,
        cwd=environment.pop("cwd", None),
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of what git has, so that nothing else can get into it."""
    source = tmp_path_factory.mktemp("source")
    files = run("git", "-C", ROOT, "ls-files", "-z").split("\0")
    for name in filter(None, files):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    out = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", out, source)
    return next(out.glob("*.whl"))


@network
def test_the_wheel_holds_what_is_needed_and_no_more(wheel: Path) -> None:
    assert wheel.name == f"{NAME}-{__version__}-py3-none-any.whl"
    names = set(zipfile.ZipFile(wheel).namelist())
    for needed in (
        "toree/__main__.py",
        "toree/jvm/scala/toree/Main.scala",
        "toree/install/logos/scala/logo-64x64.png",
        f"{NAME}-{__version__}.dist-info/licenses/LICENSE",
        *(f"{DATA}/kernels/{kernel}/{file}" for kernel in KERNELS for file in FILES),
        f"{DATA}/labextensions/toree-cells/package.json",
        f"{DATA}/labextensions/toree-cells/static/remoteEntry.js",
    ):
        assert needed in names
    scala = {path.name for path in (ROOT / "jvm" / "src" / "main").rglob("*.scala")}
    assert {name.split("/")[-1] for name in names if name.endswith(".scala")} <= scala
    tops = {name.split("/")[0] for name in names}
    assert tops == {"toree", f"{NAME}-{__version__}.dist-info", f"{NAME}-{__version__}.data"}


class Environment:
    """A Python of its own that has nothing but the wheel."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        venv.create(folder / "env", with_pip=True)
        self.folder = folder
        self._bin = folder / "env" / ("Scripts" if os.name == "nt" else "bin")
        self.install(wheel)

    def run(self, command: str, *arguments: str | Path) -> str:
        where = {
            "cwd": str(self.folder),
            "XDG_CACHE_HOME": str(self.folder),
            "SPARK_HOME": "",
            "JUPYTER_PATH": "",
            "PYTHONPATH": "",
        }
        return run(self._bin / command, *arguments, **where)

    def install(self, package: Path) -> None:
        self.run("python", "-m", "pip", "install", "-q", "--disable-pip-version-check", package)


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return Environment(tmp_path_factory.mktemp("environment"), wheel)


@network
def test_the_wheel_in_an_empty_environment(environment: Environment) -> None:
    """The kernels are there, and run what needs neither Spark nor R without them."""
    listed = environment.run("jupyter", "kernelspec", "list")
    here = re.escape(str(environment.folder))
    for name in KERNELS:
        assert re.search(rf"^\s*{name}\s+{here}", listed, re.MULTILINE)
    for kernel in ("toree_pyspark", "toree_scala"):
        said = environment.run("python", "-c", CELLS, kernel)
        assert said.splitlines()[-3:] == ["ok 42", "error SparkMissing", "error LanguageMissing"]
    said = environment.run("jupyter", "toree", "install", "--sys-prefix", "--no-compile")
    assert "No Spark was found" in said  # a warning: it can still come
    code = (
        "from toree.companion import build; "
        "print(build.source_root(), build.source_root().is_dir())"
    )
    found = environment.run("python", "-c", code)
    assert found.endswith("site-packages/toree/jvm True\n")


#: A notebook of a language that another package brings, as a front end runs it.
ECHO_NOTEBOOK = """
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel(kernel_name="toree_echo")
def told(sent):
    while (reply := client.get_shell_msg(timeout=60))["parent_header"].get("msg_id") != sent:
        pass
    return reply["content"]
info = told(client.kernel_info())["language_info"]
print(info["name"], info["version"], info["file_extension"])
for cell in ("said = hello", "say $said", "%ShowTypes", "%%parrot say again", "fail oh",
             "%%python said + '!'", "$said", "!echo shell"):
    reply = client.execute_interactive(cell, timeout=60, output_hook=lambda message: print(
        message["msg_type"], {k: v for k, v in message["content"].items() if k != "execution_count"}
    ) if message["msg_type"] not in ("status", "execute_input", "error") else None)
    print(reply["content"]["status"])
print(told(client.complete("sa", 2))["matches"], told(client.complete("%ShowT", 6))["matches"])
client.stop_channels()
manager.shutdown_kernel()
"""


@network
def test_a_language_of_another_package(environment: Environment) -> None:
    environment.install(ROOT / "examples" / "toree-echo")
    said = environment.run(
        "jupyter", "toree", "install", "--sys-prefix", "--no-compile", "--interpreters=Echo"
    )
    assert "Installed 'Toree - Echo'" in said
    shown = environment.run("python", "-c", ECHO_NOTEBOOK)
    shown = shown[shown.index("echo 1") :]  # ipykernel may warn before
    assert shown.replace("\\r\\n", "\\n") == (  # IPython's shell lines have a terminal
        "echo 1 .echo\n"
        "ok\n"
        "stream {'name': 'stdout', 'text': 'hello\\n'}\nok\n"
        "stream {'name': 'stdout', 'text': 'ShowTypes is currently off \\n'}\nok\n"
        "stream {'name': 'stdout', 'text': 'again\\n'}\nok\n"
        "error\n"
        "execute_result {'data': {'text/plain': \"'hello!'\"}, 'metadata': {}}\nok\n"
        "execute_result {'data': {'text/plain': 'hello'}, 'metadata': {}}\nok\n"
        "stream {'name': 'stdout', 'text': 'shell\\n'}\nok\n"
        "['say'] ['%ShowTypes']\n"
    )
    environment.run("jupyter", "toree", "uninstall", "--sys-prefix")
    assert "toree_echo" not in environment.run("jupyter", "kernelspec", "list")


def test_the_changelog_and_the_version_agree() -> None:
    heading = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert heading is not None
    assert heading[1] == __version__
