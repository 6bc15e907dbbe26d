"""What went wrong, out of the long texts in which errors of Spark's JVM and workers reach Python.

What an error says of itself is all there is.
"""

from __future__ import annotations

import contextlib
import linecache
import re
import sys
from collections.abc import Callable, Iterator

from ..foreign import IPythonShell

_WORKER = re.compile(
    r"Traceback \(most recent call last\):\n((?:[ \t]+[^\n]*\n|\n(?=[ ]))*)"
    r"(\S[^\n]*(?:\n(?!\s*(?:at |\n|Caused by:|\.\.\. )|\Z)[^\n]+)*)"
)
_FRAME = re.compile(r'^[ \t]+File "([^"]+)", line (\d+), in (\S+)$', re.M)
_STACK = re.compile(r"^\s*(?:at [\w.$<>/@]+\(.*|\.\.\. \d+ more)$", re.M)
_CALL = re.compile(r"^An error occurred while calling [^\n]*\n: ")
_PLAN = re.compile(r";\n(?:'|\+- |[A-Z]\w+ ).*", re.S)
_PLACE = re.compile(r"; line \d+ pos \d+$")  # which a marked line says better
_STATE = re.compile(r"\n ?SQLSTATE: \w{5}(?:\n.*)?\Z", re.S)  # and what its wrappers add below it
#: A place in a Python cell as another process names it, which does not have the cell's text.
_ELSEWHERE = re.compile(r"^  (\S*/ipykernel_\d+/\d+\.py), line (\d+), in (\S+), in a task$", re.M)
_LIBRARY = re.compile(r"/(?:site|dist)-packages/|/lib/python3\.\d+/|^[^/\\]+/.*\.pyx$")
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

#: A cluster that does not know who asks.
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
    "`kernel.display.stream(NAME)`, in R `kernel$display$stream(NAME)`, shows a streaming table as "
    "it grows."
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
    return [_HINT] if _OLD.search(text) else of_cluster(text)


def of_cluster(text: str) -> list[str]:
    """The same, of what any language's job on a cluster can meet."""
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
    if is_stream(told):
        return f"{told.partition(';')[0]}\n{_STREAM_HINT}"
    return told


def is_stream(text: str) -> bool:
    """Whether Spark refuses a query because its rows never end."""
    return _STREAM in text


def of_worker(text: str, source: Source) -> str | None:
    """A Python worker's traceback in a text: the error, and the user's lines that led to it."""
    found = _WORKER.findall(text.partition("\nwhich led to ")[0])
    if not found:
        return None
    if _ALIEN.search(text):
        return "\n".join([*hint(text), found[-1][1].rstrip()])
    frames, error = found[-1]
    return "\n".join([_STATE.sub("", error.rstrip()), *_lines(frames, source)])


def in_cells(text: str, source: Source) -> str:
    """A text of another process, told with the lines of Python's cells."""
    told = of_worker(text, source) or text
    return _ELSEWHERE.sub(lambda at: "\n".join(_line(at[1], int(at[2]), at[3], source)), told)


def cells(shell: Callable[[], IPythonShell]) -> Source:
    """Where the Python cells of this process are."""

    def source(file: str, line: int) -> tuple[str, str]:
        running = shell()
        name = running and running.compile.format_code_name(file)
        return (" ".join(name) if name else file), linecache.getline(file, line).strip()

    return source


def _lines(frames: str, source: Source) -> Iterator[str]:
    """The user's own, and of the libraries below them what they called and what failed."""
    found = [frame for frame in _FRAME.findall(frames) if not _SPARK.search(frame[0])]
    own = [place for place, frame in enumerate(found) if not _LIBRARY.search(frame[0])]
    below = range(own[-1] + 1 if own else 0, len(found))
    for file, line, function in [found[place] for place in (*own, *below[:1], *below[1:][-1:])]:
        yield from _line(file, int(line), function, source)


def _line(file: str, line: int, function: str, source: Source) -> Iterator[str]:
    name, code = source(file, line)
    yield f"  {name}, line {line}, in {function}, in a task"
    if code:
        yield f"----> {line} {code}"
