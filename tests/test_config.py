"""Settings from the environment, with Apache Toree's names and precedence."""

from __future__ import annotations

import pytest

from toree import registry
from toree.config import Config


def config(**environ: str) -> Config:
    return Config.from_environment(environ)


def test_defaults() -> None:
    assert config() == Config(language="scala", initialization_mode="eager")


@pytest.mark.parametrize(
    ("name", "language"),
    [("Scala", "scala"), ("PySpark", "python"), ("SparkR", "r"), ("SQL", "sql"), ("echo", "echo")],
)
def test_default_interpreter(name: str, language: str) -> None:
    table = registry.magic_names(registry.languages())
    names = {name: row.name for name, row in table.items()}
    for environ in (
        {"DEFAULT_INTERPRETER": name},
        {"TOREE_OPTS": f"--default-interpreter {name}"},
    ):
        assert Config.from_environment(environ, names).language == language


def test_run_time_options_replace_the_installed_ones() -> None:
    installed = {"__TOREE_SPARK_OPTS__": "--master local[1]", "__TOREE_OPTS__": "--rows 5"}
    assert config(**installed).spark_options == ("--master", "local[1]")
    assert config(**installed).rows == 5
    changed = config(**installed, SPARK_OPTS="--name 'my app'", TOREE_OPTS="--rows=7")
    assert changed.spark_options == ("--name", "my app")
    assert changed.rows == 7


def test_initialization_mode() -> None:
    assert config(TOREE_OPTS="--nosparkcontext").initialization_mode == "none"
    assert config(SPARK_CONTEXT_INITIALIZATION_MODE="lazy").initialization_mode == "lazy"
    assert (
        config(TOREE_OPTS="--spark-context-initialization-mode lazy").initialization_mode == "lazy"
    )
    with pytest.raises(ValueError, match="none, lazy, eager"):
        config(TOREE_OPTS="--spark-context-initialization-mode sometimes")


def test_timeout_is_given_in_milliseconds() -> None:
    assert config(SPARK_CONTEXT_INITIALIZATION_TIMEOUT="30000").start_timeout == 30.0


def test_unknown_options_of_toree_are_kept_apart() -> None:
    assert config(TOREE_OPTS="--max-interpreter-threads 4").ignored == (
        "--max-interpreter-threads",
        "4",
    )
