"""Every setting of the kernel: environment variables, Toree's options, and their defaults.

Names and precedence are Apache Toree's (its `run.sh` and `CommandLineOptions.scala`), so that its
kernel specs and scripts keep working: at run time SPARK_OPTS and TOREE_OPTS replace what the
installer wrote to __TOREE_SPARK_OPTS__ and __TOREE_OPTS__.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import shlex
from collections.abc import Mapping
from types import MappingProxyType

INITIALIZATION_MODES = ("none", "lazy", "eager")
SPARE = 600.0  # seconds that a spare companion waits, where it is not said how long


@dataclasses.dataclass(frozen=True)
class Config:
    """What one kernel was told. Times are seconds, sizes are bytes unless named otherwise."""

    language: str = "scala"
    spark_home: str | None = None
    spark_options: tuple[str, ...] = ()
    initialization_mode: str = "eager"
    start_timeout: float = 120.0
    python: str = ""
    #: Rows of a table that are shown.
    rows: int = 20
    #: Whether cells show how far their Spark jobs are; `%progress` changes it.
    progress: bool = True
    #: What one cell may print before the rest is cut, bytes. 0: no limit.
    output_limit: int = 32 * 1024 * 1024
    #: Seconds an interrupted cell has before the user is told that it does not stop.
    interrupt_patience: float = 5.0
    #: "private": every client of the kernel has a workspace of its own.
    sessions: str = "shared"
    #: Seconds a private workspace is kept when nobody uses it.
    session_timeout: float = 3600.0
    #: Seconds that a spare companion waits for the next kernel while no cell runs. 0: none.
    spare: float = 0.0
    #: Jars with magics, loaded when a magic is asked for that nobody else has.
    magic_urls: tuple[str, ...] = ()
    #: Repositories asked before the others, and files with credentials (`%AddDeps`).
    repositories: tuple[str, ...] = ()
    credentials: tuple[str, ...] = ()
    #: Options of Apache Toree that are known and mean nothing here.
    ignored: tuple[str, ...] = ()

    @classmethod
    def from_environment(
        cls,
        environ: Mapping[str, str] | None = None,
        languages: Mapping[str, str] = MappingProxyType({}),
    ) -> Config:
        """Reads the environment of the kernel process.

        Args:
            environ: another environment.
            languages: names that languages answer to besides their own (Apache Toree's PySpark).

        Raises:
            ValueError: an option has a value it cannot have; the message names both.
        """
        env = os.environ if environ is None else environ
        spark = env.get("SPARK_OPTS") or env.get("__TOREE_SPARK_OPTS__") or ""
        toree = env.get("TOREE_OPTS") or env.get("__TOREE_OPTS__") or ""
        options, ignored = _options().parse_known_args(shlex.split(toree))
        interpreter = options.default_interpreter or env.get("DEFAULT_INTERPRETER") or "Scala"
        mode = "none" if options.nosparkcontext else options.spark_context_initialization_mode
        mode = mode or env.get("SPARK_CONTEXT_INITIALIZATION_MODE") or "eager"
        if mode not in INITIALIZATION_MODES:
            raise ValueError(
                f"spark-context-initialization-mode is {mode!r}; "
                f"it must be one of {', '.join(INITIALIZATION_MODES)}"
            )
        timeout = options.spark_context_initialization_timeout or env.get(
            "SPARK_CONTEXT_INITIALIZATION_TIMEOUT"
        )
        return cls(
            language=languages.get(interpreter.lower(), interpreter.lower()),
            spark_home=env.get("SPARK_HOME") or None,
            spark_options=tuple(shlex.split(spark)),
            initialization_mode=mode,
            start_timeout=float(timeout) / 1000 if timeout else cls.start_timeout,
            python=env.get("PYTHON_EXEC", ""),
            rows=options.rows or cls.rows,
            progress=options.progress != "off",
            sessions=options.sessions or cls.sessions,
            session_timeout=(
                cls.session_timeout if options.session_timeout is None else options.session_timeout
            ),
            spare=options.spare,
            magic_urls=_several(options.magic_url, env.get("MAGIC_URLS")),
            repositories=_several(options.default_repositories, env.get("DEFAULT_REPOSITORIES")),
            credentials=_several(
                options.default_repository_credentials,
                env.get("DEFAULT_REPOSITORY_CREDENTIALS"),
            ),
            output_limit=(
                cls.output_limit if options.output_limit is None else options.output_limit
            ),
            ignored=tuple(ignored),
        )


def _several(options: list[str] | None, variable: str | None) -> tuple[str, ...]:
    """Values between commas; the options go before the environment."""
    texts = options or ([variable] if variable else [])
    return tuple(part.strip() for text in texts for part in text.split(",") if part.strip())


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--default-interpreter")
    parser.add_argument("--nosparkcontext", action="store_true")
    parser.add_argument("--spark-context-initialization-mode")
    parser.add_argument("--spark-context-initialization-timeout", help="milliseconds")
    for name in ("--magic-url", "--default-repositories", "--default-repository-credentials"):
        parser.add_argument(name, action="append", help="several: by commas, or once more")
    parser.add_argument("--rows", type=int, help="rows of a table that are shown")
    parser.add_argument("--progress", choices=("on", "off"), help="bars of cells' Spark jobs")
    parser.add_argument(
        "--sessions",
        choices=("shared", "private"),
        help="private: each client has names of its own",
    )
    parser.add_argument(
        "--session-timeout", type=float, help="seconds a session is kept that nobody uses"
    )
    parser.add_argument(
        "--spare",
        type=float,
        nargs="?",
        const=SPARE,
        default=0.0,
        help="a companion waits for the next kernel, for so many seconds without a cell",
    )
    parser.add_argument("--output-limit", type=int, help="bytes one cell may print; 0: no limit")
    return parser
