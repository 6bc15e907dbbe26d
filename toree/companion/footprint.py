"""All that makes a companion what it is, as a key: those of one key are alike to every kernel."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from .. import scratch
from ..config import Config
from . import build, cache, cds, master
from .command import of as made
from .java import Java
from .sparkhome import SparkHome

#: What the environment says of one kernel, or of the front alone. Java learns of it afterwards.
KERNELS_OWN = re.compile(
    r"JPY_\w+|KERNEL_ID|PWD|OLDPWD|SHLVL|_|DEFAULT_INTERPRETER|TOREE_OPTS|__TOREE_OPTS__"
    r"|TOREE_(FRONT|TEMPORARY|SCRATCH)"
    r"|TERM|CLICOLOR|CLICOLOR_FORCE|FORCE_COLOR|PAGER|GIT_PAGER|MPLBACKEND"  # set by ipykernel
)
#: Of a process, besides its environment: who it is, what it may do, what it sees.
_RIGHTS = ("self/ns/mnt", "self/ns/net", "self/ns/user", "self/cgroup")
_CLASS_PATHS = re.compile(r"driver-class-path|extraClassPath|^SPARK_(DIST_)?CLASSPATH$", re.I)
_FOLDERS = ("HADOOP_CONF_DIR", "YARN_CONF_DIR", "HIVE_CONF_DIR")
_MANY = 2000  # files of one folder


def of(
    config: Config,
    spark: SparkHome,
    runtime: Java,
    jar: Path,
    environ: Mapping[str, str] | None = None,
) -> str | None:
    """The key; None where a companion depends on more than can be told, or is not here alone."""
    nowhere = Path("/")  # neither an archive nor folders of one kernel
    bare = build.Built(jar)
    command = made(config, spark, runtime, bare, nowhere, temporary=nowhere, environ=environ)
    options = command.words[1:]
    if not master.is_local(master.of(spark, options)) or (spark.conf / "spark-env.sh").exists():
        return None
    try:
        facts = [
            *command.words,
            *sorted(
                f"{name}={text}"
                for name, text in command.environment.items()
                if not KERNELS_OWN.fullmatch(name)
            ),
            str(cds.place(spark, runtime, jar)),  # Spark's jars and Java
            *(fact for text in _texts(spark, options) for fact in _named(text)),
            *_class_paths(options, command.environment),
            *_folder(spark.conf),
            *_folder(spark.home / "bin"),  # vendors have scripts of their own
            *(fact for name in _FOLDERS for fact in _folder(Path(os.environ.get(name, "/-")))),
            *_rights(),
        ]
    except OSError:
        return None
    return cache.key(*facts)


def _texts(spark: SparkHome, options: list[str]) -> Iterator[str]:
    """The options, and what properties files say."""
    yield from options
    named = [b for a, b in itertools.pairwise(options) if a == "--properties-file"]
    named += [o.partition("=")[2] for o in options if o.startswith("--properties-file=")]
    for file in (spark.conf / "spark-defaults.conf", *map(Path, named)):
        if file.is_file():
            yield _state(file)
            yield file.read_text("utf-8", errors="replace")


def _named(text: str) -> Iterator[str]:
    """The files a text names, as they are now: jars, archives, Python files."""
    for word in re.split(r"[\s,=:;#\"']+", text):
        if "." in word and os.path.isfile(word):
            yield _state(word)


def _class_paths(options: list[str], environment: dict[str, str]) -> Iterator[str]:
    pairs = [*itertools.pairwise(options), *environment.items()]
    pairs += [(option, option.partition("=")[2]) for option in options]
    for name, value in pairs:
        if _CLASS_PATHS.search(name):
            for place in filter(None, value.rpartition("=")[2].split(os.pathsep)):
                yield from _folder(Path(place.removesuffix("*")), "**/*")


def _folder(folder: Path, pattern: str = "*") -> Iterator[str]:
    if not folder.is_dir():
        return
    for number, path in enumerate(sorted(folder.glob(pattern))):
        if number > _MANY:
            raise OSError(f"{folder} has too many files")
        if path.is_file():
            yield _state(path)


def _state(path: str | Path) -> str:
    found = os.stat(path)
    return f"{os.path.abspath(path)} {found.st_size} {found.st_mtime_ns} {found.st_ino}"


def _rights() -> Iterator[str]:
    import resource

    yield scratch.machine()
    yield repr((os.getuid(), os.getgid(), sorted(os.getgroups())))
    for name in sorted(n for n in dir(resource) if n.startswith("RLIMIT_")):
        yield repr(resource.getrlimit(getattr(resource, name)))
    for name in _RIGHTS:
        place = Path("/proc", name)
        if place.exists():
            yield os.readlink(place) if place.is_symlink() else place.read_text()
    status = Path("/proc/self/status")
    yield re.findall(r"Umask:.*", status.read_text())[0] if status.exists() else ""
