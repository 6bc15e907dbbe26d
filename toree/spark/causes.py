"""What went wrong, out of the long texts in which errors of Spark's JVM and workers reach Python.

What an error says of itself is all there is.
"""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Callable, Iterator

_WORKER = re.compile(
    r"Traceback \(most recent call last\):\n((?:[ \t]+[^\n]*\n|\n(?=[ ]))*)"
    r"(\S[^\n]*(?:\n(?!\s*(?:at |\n|Caused by:|\.\.\. )|\Z)[^\n]+)*)"
)
_FRAME = re.compile(r'^[ \t]+File "([^"]+)", line (\d+), in (\S+)$', re.M)
_STACK = re.compile(r"^\s*(?:at [\w.$<>/@]+\(.*|\.\.\. \d+ more)$", re.M)
_CALL = re.compile(r"^An error occurred while calling [^\n]*\n: ")
_PLAN = re.compile(r";\n(?:'|\+- |[A-Z]\w+ ).*", re.S)
_PLACE = re.compile(r"; line \d+ pos \d+$")  # which a marked line says better
_SPARK = re.compile(r"/(?:pyspark|py4j)/|<frozen |pyspark\.zip|py4j-[\d.]+-src\.zip")

#: What is said of a stopped session's parts: in words, or by what Spark does not find in it.
_OLD = re.compile(
    r"stopped SparkContext|SparkContext has been shutdown\b|"
    r'org\.apache\.spark\.(?:SparkContext|SparkEnv)\.\w+\(\)" is null'
)
_HINT = (
    "It belongs to a Spark session that has ended. Variables stay; make DataFrames, RDDs and views "
    "anew from `spark`."
)

#: The same as in `Login.scala`: a cluster that does not know who asks.
_EXPIRED = re.compile(r"Ticket expired|token \([^)]*\) (?:is expired|can't be found in cache)")
_NOBODY = re.compile(
    r"Client cannot authenticate via:\[(?:TOKEN, )?KERBEROS|SIMPLE authentication is not enabled|"
    r"Failed to find any Kerberos tgt|No valid credentials provided"
)
_EXPIRED_HINT = (
    "The Kerberos ticket or the tokens of this session have expired: run kinit where the kernel "
    "is, then %restart spark. With --principal and --keytab Spark renews them itself."
)
_NOBODY_HINT = (
    "There is no valid Kerberos ticket: run kinit where the kernel is, or give Spark --principal "
    "and --keytab. The next cell that needs Spark tries again."
)

#: A Python on the executors that can't even begin to be a worker: too old, or not there.
_ALIEN = re.compile(
    r"reading the port number from pyspark\.daemon's stdout|"
    r'Cannot run program "[^"]*python[^"/]*"|No module named (?:\')?pyspark'
)
_ITS_VERSION = re.compile(r"/lib/(python\d+\.\d+)/")
_ALIEN_HINT = (
    "The executors' Python{which} can't run PySpark: it must be the driver's version, {ours}. "
    "PYSPARK_PYTHON says which Python they run."
)

_STREAM = "Queries with streaming sources must be executed with"
_STREAM_HINT = (
    "`kernel.display.stream(NAME)` in a Scala or Python cell shows a streaming table as it grows."
)

#: A file of a traceback as the user knows it, and the source of one of its lines.
Source = Callable[[str, int], tuple[str, str]]


def of_java(text: str) -> str:
    """Py4J's report of a Java exception: the root cause, then what it led to."""
    chain = [
        _STACK.split(part, maxsplit=1)[0].strip()
        for part in re.split(r"^Caused by: ", _CALL.sub("", text), flags=re.M)
    ]
    chain = list(dict.fromkeys(part for part in chain if part))
    # An exception made of another repeats what that says.
    root = chain[-1] if chain else text
    above = [part for part in chain[:-1] if root not in part]
    return "\n".join([root, *(f"which led to {part}" for part in reversed(above[:1])), *hint(text)])


def hint(text: str) -> list[str]:
    """What to do, where what Java says leaves a user alone; one line or none."""
    if _OLD.search(text):
        return [_HINT]
    if _EXPIRED.search(text):
        return [_EXPIRED_HINT]
    if _ALIEN.search(text):
        its = _ITS_VERSION.search(text)
        ours = f"{sys.version_info[0]}.{sys.version_info[1]}"
        return [_ALIEN_HINT.format(which=f" ({its[1]})" if its else "", ours=ours)]
    return [_NOBODY_HINT] if _NOBODY.search(text) else []


def of_pyspark(error: object, source: Source) -> str:
    """What an error of PySpark's says: the cause, its place in the SQL or in the user's code."""
    text = str(error)
    told = of_worker(text, source) or of_analysis(text)
    for context in getattr(error, "getQueryContext", list)():
        with contextlib.suppress(Exception):
            where = context.summary().strip()  # that of a DataFrame names py4j's frames
            if where.startswith("== SQL") and where not in told:
                told = f"{_PLACE.sub('', told)}\n{where}"
    return told


def of_analysis(text: str) -> str:
    """The message of a query that Spark refused, without its plan."""
    told = _PLAN.sub("", text.partition("\n\nJVM stacktrace:")[0]).rstrip()
    if _STREAM in told:
        return f"{told.partition(';')[0]}\n{_STREAM_HINT}"
    return told


def of_worker(text: str, source: Source) -> str | None:
    """A Python worker's traceback in a text: the error, and the user's lines that led to it."""
    found = _WORKER.findall(text)
    if not found:
        return None
    if _ALIEN.search(text):
        return "\n".join([*hint(text), found[-1][1].rstrip()])
    frames, error = found[-1]
    return "\n".join([error.rstrip(), *_lines(frames, source)])


def _lines(frames: str, source: Source) -> Iterator[str]:
    for file, line, function in _FRAME.findall(frames):
        if _SPARK.search(file):
            continue
        name, code = source(file, int(line))
        yield f"  {name}, line {line}, in {function}, in a task"
        if code:
            yield f"----> {line} {code}"
