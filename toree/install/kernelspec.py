"""Kernel specs: what Jupyter reads to offer Toree's kernels, one for each default language.

Names are Apache Toree's, so that notebooks and scripts that name a kernel find it here:
`<kernel_name>_<interpreter>` in lower case, which for `--kernel_name='Apache Toree'` makes
`apache_toree_scala`, shown as "Apache Toree - Scala".
"""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from ipykernel.kernelspec import get_kernel_dict
from jupyter_client.kernelspec import KernelSpecManager

from .. import registry
from ..foreign import Json
from ..interpreters.services import Language

#: Apache Toree's default name: with it even its display names are kept.
APACHE = "Apache Toree"
LOGOS = Path(__file__).with_name("logos")
#: Not `-m toree`: that looks in the working folder first, for Python's own modules too.
APART = "import sys; sys.path[:1] == [''] and sys.path.pop(0); "
LAUNCH = APART + "from toree.__main__ import main; main()"


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kernel that can be installed: Toree with one default language."""

    language: Language

    @property
    def interpreter(self) -> str:
        """Apache Toree's name for it, where it has one."""
        return self.language.kernel or self.language.title

    def folder(self, kernel_name: str) -> str:
        return re.sub(r"[^a-z0-9._-]", "_", f"{kernel_name}_{self.interpreter}".lower())

    def display_name(self, kernel_name: str) -> str:
        of = self.interpreter if kernel_name == APACHE else self.language.title
        return f"{kernel_name} - {of}"


def all_kinds() -> list[Kind]:
    """One for each language there is, those of other packages too."""
    return [Kind(language) for language in registry.languages().values()]


def kinds(names: str) -> list[Kind]:
    """The kinds of a comma list such as "Scala,PySpark", in any case; Python and R are names too.

    Raises:
        ValueError: a name is none of them; the message lists those that are.
    """
    table = registry.languages()
    by_name = {name: Kind(row) for name, row in registry.magic_names(table).items()}
    by_name |= {kind.interpreter.lower(): kind for kind in map(Kind, table.values())}
    asked = [name.strip() for name in names.split(",") if name.strip()]
    unknown = [name for name in asked if name.lower() not in by_name]
    if unknown or not asked:
        said = f"No such interpreter: {', '.join(unknown)}." if unknown else "No interpreter given."
        known = ", ".join(Kind(row).interpreter for row in table.values())
        raise ValueError(f"{said} There are {known}.")
    return list(
        {by_name[name.lower()].language.name: by_name[name.lower()] for name in asked}.values()
    )


def content(
    kind: Kind,
    kernel_name: str,
    *,
    spark_home: str = "",
    spark_opts: str = "",
    toree_opts: str = "",
    python_exec: str = "",
) -> dict[str, object]:
    """The kernel.json of one kernel."""
    env = {
        "DEFAULT_INTERPRETER": kind.interpreter,
        "__TOREE_SPARK_OPTS__": spark_opts,
        "__TOREE_OPTS__": toree_opts,
        "PYTHON_EXEC": python_exec or sys.executable,
    }
    if spark_home:
        env["SPARK_HOME"] = spark_home
    return {
        "argv": [sys.executable, "-c", LAUNCH, "-f", "{connection_file}"],
        "display_name": kind.display_name(kernel_name),
        "language": kind.language.jupyter_name,
        "env": env,
        # What ipykernel's sockets can do (encryption: from 7.3 on) ours can: they are ipykernel's.
        # "debugger" is how JupyterLab asks for the variables; only Python cells have breakpoints.
        "metadata": {**get_kernel_dict()["metadata"], "debugger": True},
    }


def write(folder: Path, kind: Kind, spec: dict[str, object]) -> None:
    """Fills a folder from which Jupyter can install the kernel: kernel.json and its logos."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(spec, indent=1, ensure_ascii=False) + "\n"
    (folder / "kernel.json").write_text(text, encoding="utf-8")
    logos = kind.language.logos or LOGOS / kind.language.name
    for logo in sorted(logos.glob("logo-*")):  # without any, Jupyter draws a letter
        shutil.copyfile(logo, folder / logo.name)


def folder_of(kernel_name: str, *, user: bool = False, prefix: str = "") -> Path:
    """Where Jupyter would install a kernel: the user's place, PREFIX's, or the system's."""
    return Path(KernelSpecManager()._get_destination_dir(kernel_name, user, prefix or None))


def install(folder: Path, kernel_name: str, *, user: bool = False, prefix: str = "") -> None:
    """Copies a folder made by `write` to its place.

    Raises:
        OSError: that place can't be written.
    """
    specs = KernelSpecManager()
    specs.install_kernel_spec(str(folder), kernel_name, user=user, prefix=prefix or None)


def searched() -> list[Path]:
    """Jupyter's folders of kernels."""
    return [Path(folder) for folder in KernelSpecManager().kernel_dirs]


@dataclasses.dataclass(frozen=True)
class Installed:
    """A kernel spec of Toree's that was found on this machine."""

    folder: Path
    display_name: str
    python: str
    spare: bool = False  # whether its kernels keep one

    @property
    def packaged(self) -> bool:
        """Whether it came with the package: Jupyter starts it with its own Python."""
        return not Path(self.python).is_absolute()

    @property
    def ours(self) -> bool:
        """Whether it starts the Toree of this Python and not that of another environment."""
        if self.packaged:
            return Path(sys.prefix) in self.folder.parents
        return Path(self.python) == Path(sys.executable)

    def remove(self) -> None:
        shutil.rmtree(self.folder)


def installed(folders: Sequence[Path]) -> Iterator[Installed]:
    """Toree's kernel specs in Jupyter's folders of kernels; Apache Toree's are not among them."""
    for kernels in folders:
        for file in sorted(kernels.glob("*/kernel.json")):
            if is_toree(file.parent):
                spec = read(file)
                options = str(spec.get("env", {}).get("__TOREE_OPTS__", "")).split()
                yield Installed(
                    file.parent,
                    str(spec.get("display_name", "")),
                    str(spec["argv"][0]),
                    "--spare" in options,
                )


def is_toree(folder: Path) -> bool:
    argv = read(folder / "kernel.json").get("argv")
    return isinstance(argv, list) and argv[1:3] in (["-c", LAUNCH], ["-m", "toree"])


def read(file: Path) -> Json:
    """A kernel.json; empty when it can't be read (it is not ours to complain about)."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
