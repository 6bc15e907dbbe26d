"""Languages that run in the companion: Scala and SQL."""

from __future__ import annotations

from ...companion import sparkhome
from ...config import Config
from ...errors import ToreeError
from ..base import Interpreter
from ..services import Language, Services
from . import text


def _scala(services: Services) -> Interpreter:
    from .scala import ScalaInterpreter

    return ScalaInterpreter(services)


def _sql(services: Services) -> Interpreter:
    from .sql import SqlInterpreter

    return SqlInterpreter(services)


def _spark(config: Config) -> sparkhome.SparkHome | None:
    try:
        return sparkhome.find(config.spark_home)
    except ToreeError:
        return None


def _scala_version(config: Config) -> str:
    found = _spark(config)
    return found.scala if found else ""


def _spark_version(config: Config) -> str:
    found = _spark(config)
    return found.version if found else ""


SCALA = Language(
    "scala",
    "Scala",
    _scala,
    aliases=("scalaspark",),  # EMR's
    info={
        "name": "scala",
        "file_extension": ".scala",
        "mimetype": "text/x-scala",
        "pygments_lexer": "scala",
        "codemirror_mode": "text/x-scala",
    },
    version=_scala_version,
    reserved=frozenset({"this"}),
    syntax=text.SCALA_SYNTAX,
    needs_jvm=True,
)

SQL = Language(
    "sql",
    "SQL",
    _sql,
    info={
        "name": "sql",
        "file_extension": ".sql",
        "mimetype": "text/x-sql",
        "pygments_lexer": "sql",
        "codemirror_mode": "text/x-sql",
    },
    version=_spark_version,
    syntax=text.SQL_SYNTAX,
    needs_jvm=True,
)
