"""Cells as other kernels write them: Toree's, sparksql-magic's and sparkmagic's; and %%time."""

from __future__ import annotations

import argparse
import csv
import io
import json
import re
import time
from collections.abc import Awaitable, Callable

from ..errors import MagicError
from ..interpreters.base import Bundle, Ok, Result
from ..preview import Preview
from . import ArgumentParser, Arguments, Context, cell_magic, line_magic

#: Cell magics whose text is code, and its language; "": the notebook's.
BODIES = {
    "time": "",
    "spark": "",
    "dataframe": "scala",
    "sparksql": "sql",
    "local": "python",
    **dict.fromkeys(("capture", "prun", "timeit"), "python"),
}

_FRAME = "toree$frame"  # no name that a user may write


def _at_least(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"must be at least {least}")
        return value

    number.__name__ = "number"
    return number


def _frame_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--output", type=str.lower, choices=("html", "csv", "json"), default="html")
    parser.add_argument("--limit", type=_at_least(0), default=10, metavar="ROWS")


@cell_magic("DataFrame", "[--output html|csv|json] [--limit ROWS]", _frame_arguments)
async def data_frame(context: Context, arguments: Arguments) -> Result:
    """Shows the DataFrame that the cell's last line names, as HTML, CSV or JSON.

    The cell is Scala; a DataFrame of another language is there by its name.
    """
    if not context.body.strip():
        context.output.stream("stdout", data_frame.help + "\n")
        return Ok()
    *before, last = context.body.rstrip().split("\n")
    code = "\n".join(["", *before, f"val `{_FRAME}` = {{ {last.strip()} }}"])
    result = await context.host.execute("scala", code, context.output, silent=True)
    if not isinstance(result, Ok):
        return result
    companion = context.host.companion
    text = companion.ask("previewOf", context.host.workspace_name, _FRAME, arguments.limit)
    if not text:
        raise MagicError(f"%%DataFrame: {last.strip()} is no DataFrame.")
    preview = Preview.from_wire(json.loads(text))
    return Ok(_shown(preview, arguments.output))


def _shown(preview: Preview, form: str) -> Bundle:
    names = [name for name, _ in preview.columns]
    if form == "html":
        return preview.bundle()
    if form == "json":
        content = {"columns": names, "rows": [list(row) for row in preview.rows]}
        return {"application/json": content, "text/plain": json.dumps(content)}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(preview.rows)
    return {"text/plain": text.getvalue().rstrip("\n")}


def _sparksql_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("variable", nargs="?", metavar="NAME", help="as --dataframe")
    parser.add_argument("-d", "--dataframe", metavar="NAME", help="a name for the DataFrame")
    parser.add_argument("-c", "--cache", action="store_true", help="cache it")
    parser.add_argument("-e", "--eager", action="store_true", help="cache it now")
    parser.add_argument("-v", "--view", metavar="NAME", help="make it a temporary view")
    parser.add_argument("-l", "--limit", type=_at_least(0), metavar="ROWS", help="rows shown")
    parser.add_argument(
        "-o",
        "--output",
        choices=("sql", "json", "html", "aggrid", "grid", "text", "schema", "skip", "none"),
        default="html",
        help="how it is shown",
    )
    parser.add_argument("-t", "--truncate", type=int, metavar="WIDTH", help="cut values to it")
    for unused in ("-f", "--database", "-r"):
        parser.add_argument(unused, metavar="VALUE", help="taken, and not used")
    for flag in ("-j", "-b", "-s"):
        parser.add_argument(flag, action="store_true", help="taken, and not used")


_SPARKSQL = "[-d NAME] [-c] [-e] [-v VIEW] [-l ROWS] [-o FORM] [-t WIDTH] [NAME]"


@cell_magic("SparkSql", _SPARKSQL, _sparksql_arguments)
async def spark_sql(context: Context, arguments: Arguments) -> Result:
    """Runs SQL, with the options of sparksql-magic and jupyterlab-sql-editor."""
    if arguments.output == "sql":
        return Ok({"text/plain": context.body})
    name = arguments.dataframe or arguments.variable
    kept = name or "_sparksql"
    hidden = arguments.output in ("skip", "none", "schema") or arguments.limit == 0
    options = {"name": kept, "quiet": hidden, "rows": arguments.limit or None}
    width = arguments.truncate
    with context.host.display.narrowed(width):
        result = await context.host.execute("sql", "\n" + context.body, context.output, **options)
    if not isinstance(result, Ok):
        return result
    code = ""
    if arguments.cache or arguments.eager:
        code += f"{kept}.cache(); "
    if arguments.eager:
        code += f"{kept}.count(); "
    if arguments.view:
        code += f"{kept}.createOrReplaceTempView({json.dumps(arguments.view)}); "
    if arguments.output == "schema":
        code += f"{kept}.printSchema(); "
    if code:
        done = await context.host.execute("scala", code, context.output, silent=True)
        if not isinstance(done, Ok):
            return done
    return result


def _spark_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("-o", "--output", metavar="NAME", help="kept for sparkmagic's notebooks")
    parser.add_argument("-q", "--quiet", action="store_true", help="shows no result")
    parser.add_argument("-m", "--samplemethod", choices=("take", "sample"))
    parser.add_argument("-n", "--maxrows", type=_at_least(-1))
    parser.add_argument("-r", "--samplefraction", type=float)
    parser.add_argument("-c", "--context", choices=("spark", "sql"), default="spark")
    parser.add_argument("-s", "--session", help="there is one session: taken, and not used")
    parser.add_argument("-l", "--language", help="scala, python, r or sql")


@cell_magic("Spark", "[-c spark|sql] [-o NAME] [-n ROWS] [-q] [-l LANGUAGE]", _spark_arguments)
async def spark_cell(context: Context, arguments: Arguments) -> Result:
    """Runs the cell in the notebook's language, or as SQL, with sparkmagic's options."""
    language = context.language if context.language != "sql" else "scala"
    if arguments.language:
        language = context.host.language_of(arguments.language)
    options: dict[str, object] = {}
    if arguments.context == "sql":
        language = "sql"
        options = {"name": arguments.output, "rows": arguments.maxrows, "quiet": arguments.quiet}
        options |= {"fraction": arguments.samplefraction}
    result = await context.host.execute(language, "\n" + context.body, context.output, **options)
    return Ok() if arguments.quiet and isinstance(result, Ok) else result


@cell_magic("Local", raw=True)
async def local(context: Context, arguments: Arguments) -> Result:
    """Runs Python in this process, as sparkmagic does; what `-o` has named is a pandas table."""
    sharing = context.host.sharing
    for row in list(sharing.variables):
        word = rf"\b{re.escape(row.name)}\b"
        if row.kind == "frame" and row.owner == "sql" and re.search(word, context.body):
            code = f"{row.name} = {row.name}.toPandas()"
            made = await context.host.execute("python", code, context.output, part=True)
            if not isinstance(made, Ok):
                return made
    return await context.host.execute("python", "\n" + context.body, context.output)


@cell_magic("init_spark", raw=True)
def init_spark(context: Context, arguments: Arguments) -> Result:
    """spylon-kernel's: settings of Spark go into `%%configure` here."""
    raise MagicError(
        "%%init_spark is spylon-kernel's: nothing of it was run.",
        advice="Spark is there already. Settings go into a cell that starts with %%configure.",
    )


@line_magic("time", "CODE", raw=True)
async def time_line(context: Context, arguments: Arguments) -> Result:
    """Runs code of the cell's language and says how long it took."""
    work = context.host.execute(context.language, arguments.line, context.output)
    return await _timed(context, work)


@cell_magic("time", raw=True)
async def time_cell(context: Context, arguments: Arguments) -> Result:
    """Runs the cell, of whatever language, and says how long it took."""
    body = context.body if not arguments.line else f"{arguments.line}\n{context.body}"
    return await _timed(context, context.host.run(body, context.output))


async def _timed(context: Context, work: Awaitable[Result]) -> Result:
    begun = time.perf_counter()
    result = await work
    seconds = time.perf_counter() - begun
    context.output.stream("stdout", f"Wall time: {spelled(seconds)}\n")
    return result


def spelled(seconds: float) -> str:
    """As IPython writes it: three figures and the unit that fits."""
    if seconds >= 60:
        return f"{int(seconds // 60)}min {seconds % 60:.0f}s"
    for size, unit in ((1, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


DIALECTS = (data_frame, spark_sql, spark_cell, local, init_spark, time_line, time_cell)
