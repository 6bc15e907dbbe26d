"""`jupyter toree`: install, uninstall and doctor.

Option names are Apache Toree's (its `toreeapp.py`), so that install scripts keep working.
"""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

from jupyter_core.application import JupyterApp, base_flags
from traitlets import Bool, Unicode

from .. import __version__, apache
from ..companion import build, cache, cds, java, sparkhome
from ..companion.training import Training
from ..errors import ToreeError
from ..foreign import Json, Jupyter
from . import doctor, kernelspec

#: What the start of a kernel loads.
LOADED = kernelspec.APART + "import toree.beginning, ipykernel.kernelapp, toree.jupyter.kernel"
SECRET = re.compile(r"password|secret|token|credential|access\.?key", re.IGNORECASE)


def option(default: str, help: str) -> Jupyter:
    return Unicode(default, help=help).tag(config=True)


def spelled(*names: str, of: str) -> dict[Jupyter, Jupyter]:
    """Aliases for options: `--spark_home` as Apache Toree has it, and `--spark-home`."""
    forms = {name: (name, name.replace("_", "-")) if "_" in name else name for name in names}
    return {form: f"{of}.{name}" for name, form in forms.items()}


class Base(JupyterApp):  # type: ignore[misc,unused-ignore]
    """A Jupyter command that is quiet and does not pass over an option it does not know."""

    version = __version__
    flags = {"debug": base_flags["debug"]}
    aliases: dict[Jupyter, Jupyter] = {}

    def _log_level_default(self) -> int:
        return logging.WARNING

    def parse_command_line(self, argv: list[str] | None = None) -> None:
        if argv and argv[0] in self.subcommands:
            return super().parse_command_line(argv)  # the subcommand reads the rest itself
        known = {"help", "help-all", "version"}
        for names in (*self.flags, *self.aliases):
            known.update([names] if isinstance(names, str) else names)
        for argument in argv or ():
            name = argument.split("=")[0].removeprefix("--")
            # traitlets itself would warn of `--spark_hom=...` and go on without it.
            if argument.startswith("--") and name not in known and "." not in name:
                self.fail(f"There is no option --{name}; see {self.name} --help.")
        return super().parse_command_line(argv)

    def fail(self, text: str) -> NoReturn:
        print(text, file=sys.stderr)
        sys.exit(1)


class Command(Base):
    """What `install` and `uninstall` share: which kernels, and where."""

    kernel_name = option("Toree", "Start of the kernels' names.")
    prefix = option("", "Use PREFIX/share/jupyter/kernels.")
    user = Bool(False, help="Use this user's own folder of kernels.").tag(config=True)

    flags = {
        **Base.flags,
        "user": ({"Command": {"user": True}}, "Use this user's own folder of kernels."),
        "sys-prefix": (
            {"Command": {"prefix": sys.prefix}},
            "Use this Python's own folder of kernels: right for a virtual environment.",
        ),
    }
    aliases = spelled("kernel_name", "prefix", of="Command")

    def start(self) -> None:
        super().start()
        if self.extra_args:
            self.fail(f"What is {' '.join(self.extra_args)!r}? See {self.name} --help.")
        if self.user and self.prefix:
            self.fail("--user and --prefix (or --sys-prefix) exclude each other.")
        self.work()

    def work(self) -> None:
        raise NotImplementedError

    @property
    def place(self) -> Json:
        return {"user": self.user, "prefix": self.prefix}


class Install(Command):
    """Installs Toree's kernels, then compiles the companion for the Spark at hand."""

    name = "jupyter toree install"
    description = __doc__
    examples = """
    jupyter toree install --sys-prefix
    jupyter toree install --user --spark_home=/opt/spark --interpreters=Scala,SQL
    jupyter toree install --user --spark_opts='--master=local[4] --driver-memory=4g'
    """

    spark_home = option("", "Folder of Spark. Default: $SPARK_HOME, else the pyspark package.")
    interpreters = option(
        ",".join(kind.interpreter for kind in kernelspec.all_kinds()),
        "Comma list of the kernels to install; Python and R are names too.",
    )
    spark_opts = option("", "Options for spark-submit.")
    toree_opts = option("", "Options for Toree.")
    python_exec = option("", "Python of Spark's workers. Default: the one that runs this.")
    spare = Bool(False, help="A companion waits for the next kernel.").tag(config=True)
    replace = Bool(False, help="Replace kernels of the same name that are not Toree's.")
    replace.tag(config=True)
    compile = Bool(True, help="Compile the companion now, not at first use.").tag(config=True)

    flags = {
        **Command.flags,
        "replace": ({"Install": {"replace": True}}, "Replace kernels that are not Toree's."),
        "spare": (
            {"Install": {"spare": True}},
            "While a kernel runs, one more companion waits for the next: a start within a second.",
        ),
        "no-compile": ({"Install": {"compile": False}}, "Compile the companion at first use."),
    }
    aliases = {
        **Command.aliases,
        **spelled(
            *("spark_home", "interpreters", "spark_opts", "toree_opts", "python_exec"),
            of="Install",
        ),
    }

    def work(self) -> None:
        try:
            kinds = kernelspec.kinds(self.interpreters)
        except ValueError as error:
            self.fail(str(error))
        if SECRET.search(self.spark_opts + self.toree_opts):
            print(
                "Warning: these options look as if they hold a secret, and kernel.json can be read "
                "by others. spark-defaults.conf or SPARK_OPTS in the environment is safer."
            )
        for kind in kinds:
            self.install(kind)
        for language in {kind.language.name: kind.language for kind in kinds}.values():
            if lacks := " ".join(found.sentence for found in language.needs() if found.advice):
                print(f"Note: {language.title} cells can't run yet. {lacks}")
        self.prepare()

    def install(self, kind: kernelspec.Kind) -> None:
        target = kernelspec.folder_of(kind.folder(self.kernel_name), **self.place)
        if target.exists() and not self.replace and not kernelspec.is_toree(target):
            self.fail(f"{target} is another program's kernel; --replace puts Toree's in its place.")
        home = self.spark_home or os.environ.get("SPARK_HOME", "")
        spec = kernelspec.content(
            kind,
            self.kernel_name,
            spark_home=str(Path(home).expanduser().resolve()) if home else "",
            spark_opts=self.spark_opts,
            toree_opts=" ".join(filter(None, [self.toree_opts, "--spare" if self.spare else ""])),
            python_exec=self.python_exec,
        )
        with tempfile.TemporaryDirectory() as name:
            source = Path(name) / "kernel"
            kernelspec.write(source, kind, spec)
            try:
                kernelspec.install(source, target.name, **self.place)
            except OSError as error:
                self.fail(
                    f"{error}\nInstall for yourself with --user, or into this Python with "
                    "--sys-prefix."
                )
        print(f"Installed {spec['display_name']!r} in {target}")

    def prepare(self) -> None:
        """Compiles and trains, so that the first start is as fast as the others.

        What is missing can still come later: then the first start does it, and says so.
        """
        if self.compile:
            keep_bytecode()
        try:
            spark = sparkhome.find(self.spark_home or None)
            runtime = java.find(*spark.java_range)
            if not self.compile:
                return
            built = build.companion(spark, runtime, print)
            if built.archive is None and cds.place(spark, runtime, built.jar):
                print("Teaching Java to start it fast (once, about 20 s) ...", flush=True)
                if Training(spark, runtime, built.jar).run() is None:
                    print("That did not work; the kernels run all the same, but start slower.")
            print(f"Ready: Spark {spark.version}, Scala {spark.scala}, Java {runtime.version}.")
        except ToreeError as error:
            print(f"Warning: Scala, SQL and Spark can't run yet. {error}")
            print("`jupyter toree doctor` shows what is there and what is missing.")


def keep_bytecode() -> None:
    """Has Python keep what a start loads as bytecode: those who run kernels may not write there.

    As pip does, uv and an editable install not, whatever PYTHONDONTWRITEBYTECODE says (images set
    it): without it each start compiles all of Toree, 0.2 s.
    """
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([sys.executable, "-c", LOADED], env=environment, capture_output=True)


class Uninstall(Command):
    """Removes the kernels that this Python's Toree installed."""

    name = "jupyter toree uninstall"
    description = __doc__
    kernel_name = option("", "Only kernels of this name. Default: all.")
    cache = Bool(False, help="Remove the compiled companions too.").tag(config=True)
    flags = {
        **Command.flags,
        "cache": ({"Uninstall": {"cache": True}}, "Remove the compiled companions too."),
    }

    def work(self) -> None:
        folders = kernelspec.searched()
        if self.user or self.prefix:
            folders = [kernelspec.folder_of("any", **self.place).parent]
        names = {kind.folder(self.kernel_name) for kind in kernelspec.all_kinds()}
        for spec in list(kernelspec.installed(folders)):
            if self.kernel_name and spec.folder.name not in names:
                continue
            if spec.packaged:
                print(f"Left {spec.display_name!r} in {spec.folder}: it goes with the package")
                continue
            if not spec.ours:
                print(f"Left {spec.display_name!r} in {spec.folder}: it is of {spec.python}")
                continue
            try:
                spec.remove()
            except OSError as error:
                self.fail(f"{spec.folder} can't be removed: {error}")
            print(f"Removed {spec.display_name!r} from {spec.folder}")
        if self.cache:
            cache.remove()
            print(f"Removed {cache.root()}")


class Doctor(Base):
    """Shows what Toree found on this machine, what is missing and how to get it."""

    name = "jupyter toree doctor"
    description = __doc__
    spark_home = option("", "Folder of Spark. Default: $SPARK_HOME, else the pyspark package.")
    aliases = spelled("spark_home", of="Doctor")

    def start(self) -> None:
        super().start()
        findings = doctor.examine(self.spark_home or None)
        print(doctor.report(findings))
        self.exit(int(any(finding.fatal for finding in findings)))


class Toree(Base):
    """A polyglot Jupyter kernel for Apache Spark."""

    name = "jupyter toree"
    description = __doc__
    subcommands = {
        "install": (Install, Install.__doc__),
        "uninstall": (Uninstall, Uninstall.__doc__),
        "doctor": (Doctor, Doctor.__doc__),
    }

    def start(self) -> None:
        if self.subapp is None:
            self.print_help()
            self.exit(1)
        super().start()


def main() -> None:
    apache.refuse()
    Toree.launch_instance()
