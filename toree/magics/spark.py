"""The session: `%spark` looks at it, `%%configure` changes its settings."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Mapping

from ..errors import MagicError
from ..foreign import JavaObject, Json
from ..interpreters.base import Bundle, Failed, Ok, Result
from ..preview import Preview
from . import ArgumentParser, Arguments, Context, cell_magic, connect, line_magic
from .dependencies import add_coordinates
from .presets import PRESETS
from .session import facts

#: sparkmagic's names for what Spark calls otherwise.
_LIVY = {
    "driverMemory": "spark.driver.memory",
    "driverCores": "spark.driver.cores",
    "executorMemory": "spark.executor.memory",
    "executorCores": "spark.executor.cores",
    "numExecutors": "spark.executor.instances",
    "name": "spark.app.name",
    "queue": "spark.yarn.queue",
    "jars": "spark.jars",
    "pyFiles": "spark.submit.pyFiles",
    "archives": "spark.archives",
}
_USELESS = ("kind", "proxyUser", "heartbeatTimeoutInSecond", "sessionId")


def _spark_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "what",
        nargs="?",
        default="ui",
        choices=("conf", "ui", "jobs", "cancel", "tables", "catalog", "connect"),
        help="what to look at",
    )
    parser.add_argument(
        "values",
        nargs="*",
        help="conf: KEY or KEY=VALUE; cancel: the job's id; connect: names of tables",
    )
    parser.add_argument("--stop", action="store_true", help="connect: close the endpoint")


@line_magic(
    "spark",
    "[conf [KEY[=VALUE]] | ui | jobs | cancel ID | tables | catalog | connect [--stop] [NAME ...]]",
    _spark_arguments,
)
async def spark(context: Context, arguments: Arguments) -> Result | Bundle | None:
    """Looks at the Spark session: its settings, UI, running jobs, tables and catalogs.

    `connect` opens it to Spark Connect clients on this machine, with a token, and shows them the
    tables it names as global_temp.NAME.
    """
    companion = context.host.companion
    if arguments.what == "connect":
        connect.closed(context) if arguments.stop else connect.opened(context, arguments.values)
        return None
    if arguments.what in ("tables", "catalog"):
        statement = "SHOW TABLES" if arguments.what == "tables" else "SHOW CATALOGS"
        return await context.host.execute("sql", statement, context.output)
    if arguments.what == "conf":
        return await _conf(context, arguments.values)
    if arguments.what == "ui":
        rows = [f"{name}: {value}" for name, value in facts(context.host) if "Log" not in name]
        context.output.stream("stdout", "\n".join(rows) + "\n")
        return None
    if arguments.what == "jobs":
        jobs = json.loads(companion.ask("runningJobs")) if companion.ready else []
        columns = [(name, "") for name in ("id", "stage", "tasks")]
        rows_ = [[str(j["id"]), j["stage"], f"{j['done']} of {j['tasks']}"] for j in jobs]
        return Preview(columns, rows_, note=f"{len(jobs)} running").bundle()
    if len(arguments.values) != 1 or not arguments.values[0].isdigit():
        raise MagicError("%spark cancel: the id of a job is missing.", advice="%spark jobs has it.")
    number = int(arguments.values[0])
    if not companion.ready or not companion.ask("cancelJob", number):
        raise MagicError(f"There is no running job {number}.", advice="%spark jobs lists them.")
    context.output.stream("stdout", f"Job {number} is cancelled.\n")
    return None


async def _conf(context: Context, values: list[str]) -> Result:
    settings = dict(text.split("=", 1) for text in values if "=" in text)
    asked = [text for text in values if "=" not in text]
    if settings:
        found = _sorted(context, settings)
        if later := [*found["session"], *found["jvm"]]:
            raise MagicError(
                f"{', '.join(later)} can't be set while the session runs.",
                advice="%%configure -f restarts it with new settings.",
            )
        _ask(context, "setSettings", json.dumps(settings))
    result: Result = Ok()
    for name in asked or ([] if settings else [""]):
        result = await context.host.execute("sql", f"SET {name}".strip(), context.output)
    return result


def _sorted(context: Context, settings: Mapping[str, str]) -> Json:
    answer: Json = json.loads(_ask(context, "sortSettings", json.dumps(settings)))
    return answer


def _ask(context: Context, method: str, settings: str) -> JavaObject:
    return context.host.companion.ask(method, context.host.workspace_name, settings)


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What a %%configure asks for."""

    settings: Mapping[str, str]
    packages: tuple[str, ...] = ()
    presets: tuple[str, ...] = ()


def _preset(text: str) -> str:
    if text.lower() not in PRESETS:
        known = ", ".join(repr(name) for name in PRESETS)
        raise argparse.ArgumentTypeError(f"invalid choice: {text!r} (choose from {known})")
    return text.lower()


def _configure_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("preset", nargs="*", type=_preset, help="settings that belong together")
    parser.add_argument("-f", "--force", action="store_true", help="restart the session for it")


@cell_magic("configure", "[-f] [delta|iceberg|hudi|avro|kafka ...]", _configure_arguments)
def configure(context: Context, arguments: Arguments) -> Result:
    """Sets what the Spark session is made with: JSON as sparkmagic's, or KEY=VALUE lines.

    Before the session runs, it will have the settings. When it runs, those it can take are set at
    once; for the others it has to be made anew, which `-f` does: the variables of all languages
    stay, DataFrames and views of the old session go.
    """
    wanted = _with_presets(context, parsed(context.body), arguments.preset)
    added = _add_packages(context, wanted)
    if not isinstance(added, Ok):
        return added
    settings = dict(wanted.settings)
    if not settings:
        return Ok()
    text = json.dumps(settings)
    found = _sorted(context, settings)
    if not found["running"]:
        _ask(context, "keepSettings", text)
        _say(context, f"The session will have {', '.join(settings)}.")
        return Ok()
    if found["now"] and not found["session"]:
        _ask(context, "setSettings", text)
        _say(context, f"Set: {', '.join(found['now'])}.")
    if found["jvm"]:
        _say(
            context,
            f"{', '.join(found['jvm'])} can only be given when the JVM starts: put it into "
            "SPARK_OPTS or spark-defaults.conf, and restart the kernel.",
        )
    if not found["session"]:
        return Ok()
    names = ", ".join(found["session"])
    if not arguments.force:
        raise MagicError(
            f"The session runs: {names} would need a new one.",
            advice="%%configure -f restarts it; the variables of all languages stay, DataFrames "
            "and temporary views of the old session go.",
        )
    kept = {name: value for name, value in settings.items() if name not in found["jvm"]}
    if refused := _ask(context, "renewSession", json.dumps(kept)):
        raise MagicError(f"Spark refuses these settings: {refused}", advice="The old ones hold.")
    _say(context, f"A fresh session has {names}.")
    return Ok()


def _say(context: Context, text: str) -> None:
    context.output.stream("stdout", text + "\n")


def _with_presets(context: Context, wanted: Wanted, names: list[str]) -> Wanted:
    settings = dict(wanted.settings)
    for name in names:
        companion = context.host.companion
        companion.entry()
        preset = PRESETS[name]
        if not preset.coordinates(companion.spark_version, companion.scala_version):
            known = ", ".join(line for line in preset.packages)
            raise MagicError(
                f"There is no {name} for Spark {companion.spark_version} yet.",
                advice=f"It is known for Spark {known}; when there is one, name its package "
                "with %AddDeps and its settings with %%configure.",
            )
        for key, value in preset.settings.items():
            both = key == "spark.sql.extensions" and settings.get(key)
            settings[key] = f"{settings[key]},{value}" if both else settings.get(key, value)
    return Wanted(settings, wanted.packages, tuple(names))


def _add_packages(context: Context, wanted: Wanted) -> Result:
    added: Result = add_coordinates(context, wanted.packages) if wanted.packages else Ok()
    for name in wanted.presets:
        if isinstance(added, Ok):
            added = _add_preset(context, name)
    return added


def _add_preset(context: Context, name: str) -> Result:
    """Adds a preset's package; of Spark's own parts the line's newest where this one's is not."""
    spark, scala = context.host.companion.spark_version, context.host.companion.scala_version
    preset = PRESETS[name]
    added = add_coordinates(context, [preset.coordinates(spark, scala)])
    if isinstance(added, Failed) and (near := preset.nearest(spark, scala)):
        _say(context, f"There is no {name} for Spark {spark}: the nearest is looked for.")
        if isinstance(other := add_coordinates(context, [near]), Ok):
            return other
        message = f"There is no {name} for Spark {spark} in the repositories.\n{added.message}"
        return dataclasses.replace(added, message=message, traceback=message.splitlines())
    return added


def parsed(text: str) -> Wanted:
    """JSON, or lines KEY=VALUE.

    Raises:
        MagicError: it is neither.
    """
    if text.lstrip().startswith("{"):
        try:
            given = json.loads(text)
        except ValueError as error:
            raise MagicError(f"%%configure: this is no JSON: {error}") from error
    else:
        given = dict(_lines(text))
    conf = given.pop("conf", {})
    if not isinstance(conf, dict):
        raise MagicError("%%configure: conf has to be an object.")
    settings, packages = {}, []
    for name, value in {**given, **conf}.items():
        key = _LIVY.get(name, name)
        if key in _USELESS:
            continue
        if not key.startswith("spark."):
            raise MagicError(
                f"%%configure: there is no setting {name!r}.", advice="Spark's begin with spark."
            )
        if isinstance(value, list):
            value = ",".join(map(str, value))
        text_ = str(value).lower() if isinstance(value, bool) else str(value)
        if key == "spark.jars.packages":
            packages += [part.strip() for part in text_.split(",") if part.strip()]
        else:
            settings[key] = text_
    return Wanted(settings, tuple(packages))


def _lines(text: str) -> list[tuple[str, str]]:
    found = []
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, sign, value = line.partition("=")
        if not sign:
            raise MagicError(f"%%configure: {line.strip()!r} is no KEY=VALUE.")
        found.append((name.strip(), value.strip()))
    return found


SPARK = (spark, configure)
