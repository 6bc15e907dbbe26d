"""Tables for clients: a name's, a query's, and names made of tables that clients send.

Calls come from threads of the kernel's own, while cells run.
"""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import functools
import threading
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Literal, TypeVar

from . import wire
from .errors import ToreeError
from .foreign import PySparkFrame
from .interpreters.base import Assignment, Failed, Interpreter
from .lines import Nowhere, new_id
from .spark import arrow
from .spark.batches import Batches, FrameBatches, TableBatches
from .spark.frames import Frames
from .workspace import Workspace

T = TypeVar("T")


class NoTable(ToreeError):
    """There is no table of that name, or what has the name is none."""


class QueryFailed(ToreeError):
    """SQL's own fault."""

    def __init__(self, failure: Failed) -> None:
        super().__init__(failure.message)
        self.name = failure.name
        self.traceback = list(failure.traceback)


class Tables:
    """The tables of a workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._sharing = workspace.sharing
        self._sql: Interpreter | None = None
        self._given: dict[str, int] = {}  # versions of shared names its queries know
        self._querying = threading.Lock()

    def named(self, name: str, limit: int | None) -> Batches:
        """The rows of a shared name, else of a view or table of the session.

        Raises:
            ToreeError: there is no such table.
        """

        def made(value: wire.Value) -> Batches:
            if isinstance(value, wire.Table):
                table = arrow.read(value.path)
                return TableBatches(table if limit is None else table.slice(0, limit))
            if isinstance(value, wire.Frame):
                frames = self._frames
                try:
                    return self._rows(frames.frame(value), limit)
                finally:
                    frames.drop(value)
            raise NoTable(f"{name} is no table: it is a {type(value).__name__.lower()}.")

        problem: ToreeError | None = None
        try:
            return self._sharing.taken(name, made)
        except KeyError:
            pass
        except NoTable as error:
            problem = error
        except TypeError as error:
            problem = NoTable(f"{name} can't be fetched: {error}.")
        if problem is not None and not self._workspace.companion.ready:
            raise problem
        try:
            return self._rows(self._table(name), limit)
        except NoTable as error:
            raise problem or error from None

    def query(self, text: str, parameters: Mapping[str, object]) -> Batches:
        """The rows of a query; it may use shared names as SQL cells do.

        Raises:
            ToreeError: it does not parse, names what there is not, or failed.
        """
        key = new_id().replace("-", "_")
        with self._querying:  # the rows are asked for later; only DDL runs here
            sql = self._interpreter()
            self._bring(sql, text)
            output = Nowhere(new_id())
            params = {name: _parameter(value) for name, value in parameters.items()}
            options = {"name": key, "quiet": True, "params": params}
            result = _run(sql.execute(text, output, **options))
        if isinstance(result, Failed):
            raise QueryFailed(result)
        held = wire.Frame(f"sql:{key}")
        try:
            return self._rows(self._frames.frame(held), None)
        except TypeError:  # nothing was put there
            raise NoTable("There is no query in this text.") from None
        finally:
            self._workspace.companion.tell("dropShared", self._workspace.name, held.key)

    def share(self, name: str, path: Path, flavor: Literal["arrow", "pandas"]) -> None:
        """Makes the table in a file a name, owned by the language of IPython's cells.

        Raises:
            ToreeError: names like that are never shared.
        """
        names = self._workspace.services(self._workspace.ipython.language).names
        if not name.isidentifier() or not names.shareable(name):
            raise NoTable(f"{name!r} can't be a shared name.")
        table = arrow.read(str(path))
        kind = {"arrow": "pyarrow.Table", "pandas": "DataFrame"}[flavor]
        self._workspace.ipython.put(name, wire.Table(str(path), table.num_rows, flavor))
        size = f"{table.num_rows} x {table.num_columns}"
        names.assign(Assignment(name, "table", kind, size, mutable=True))

    def variables(self) -> list[dict[str, str]]:
        """The shared names, as a client is told of them."""
        return [
            {
                "name": row.name,
                "language": row.owner,
                "kind": row.kind,
                "type": row.type,
                "size": row.size,
                "reason": row.reason,
            }
            for row in self._sharing.variables
        ]

    # ---------------------------------------------------------------- parts

    @property
    def _frames(self) -> Frames:
        return self._workspace.services("sql").frames

    @staticmethod
    def _rows(frame: PySparkFrame, limit: int | None) -> FrameBatches:
        return FrameBatches(frame if limit is None else frame.limit(limit), new_id())

    def _table(self, name: str) -> PySparkFrame:
        session, _ = self._workspace.services("sql").spark.attach()
        try:
            return session.table(name)
        except Exception as error:
            first = str(error).splitlines()[0]
            raise NoTable(f"There is no shared name and no table {name!r}. {first}") from error

    def _interpreter(self) -> Interpreter:
        """SQL for clients: beside that of cells, whose state a query must not disturb."""
        if self._sql is None:
            row = self._workspace.languages["sql"]
            self._sql = row.make(self._workspace.services("sql"))
        return self._sql

    def _bring(self, sql: Interpreter, text: str) -> None:
        named = {name.casefold() for name in sql.references(text)}
        for row in self._sharing.variables:
            if row.name.casefold() not in named or row.owner == "sql" or row.reason:
                continue
            if self._given.get(row.name) != row.version:
                with contextlib.suppress(KeyError, TypeError):  # then Spark says it is not there
                    self._sharing.taken(row.name, functools.partial(sql.put, row.name))
                    self._given[row.name] = row.version


def _run(work: Coroutine[object, None, T]) -> T:
    """Runs a coroutine that never waits, as those of the languages in the JVM."""
    try:
        work.send(None)
    except StopIteration as stop:
        value: T = stop.value
        return value
    raise RuntimeError("SQL waited for an event loop")


def _parameter(sent: object) -> wire.Scalar:
    """A client's parameter: JSON's own, or `{"type": ..., "value": ...}` for what JSON lacks."""
    match sent:
        case None:
            return wire.Null()
        case bool():
            return wire.Bool(sent)
        case int():
            return wire.integer(sent)
        case float():
            return wire.Float(sent)
        case {"type": "timestamp" | "timestamp_ntz" as kind, "value": str(text)}:
            time = dt.datetime.fromisoformat(text)
            zone = None if kind == "timestamp_ntz" else "UTC"
            epoch = dt.datetime(1970, 1, 1, tzinfo=None if zone is None else dt.timezone.utc)
            return wire.Timestamp((time - epoch) // dt.timedelta(microseconds=1) * 1000, zone)
        case {"type": "date", "value": str(text)}:
            return wire.Date(dt.date.fromisoformat(text))
        case {"type": "decimal", "value": str(text)}:
            return wire.Decimal(text)
        case {"type": "binary", "value": str(text)}:
            return wire.Bytes(base64.b64decode(text))
    return wire.Text(str(sent))
