"""`%%duckdb [-o NAME]`: DuckDB's SQL over the names that other languages have made.

A DataFrame or local table of another language is a table of its name here, read when a cell names
it; a scalar is a parameter: `$name`. `-o NAME` shares the result.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from toree import wire
from toree.errors import MagicError
from toree.interpreters.base import Assignment, Failed, Interpreter, Ok, Output, Result
from toree.interpreters.services import Language, Services
from toree.preview import Preview

_OPTIONS = re.compile(r"\s*-o\s+(\w+)")
_TEXT = re.compile(r"'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/", re.S)


class DuckDB(Interpreter):
    """One database in memory, for the life of the kernel."""

    language = "duckdb"
    folds_case = True

    def __init__(self, services: Services) -> None:
        self._services = services
        self._database: Any = None
        self._scalars: dict[str, Any] = {}
        self._results: dict[str, Any] = {}
        self._assigned: list[Assignment] = []

    @property
    def _connection(self) -> Any:
        if self._database is None:
            import duckdb  # 50 ms that a kernel without such cells does not pay

            self._database = duckdb.connect(":memory:")
        return self._database

    def parse_options(self, line: str) -> tuple[Mapping[str, Any], int]:
        if found := _OPTIONS.match(line):
            return {"name": found.group(1)}, found.end()
        if line.lstrip().startswith("-") and not line.lstrip().startswith("--"):
            raise MagicError(f"%%duckdb: {line.strip()} is no option.", advice="%%duckdb [-o NAME]")
        return {}, 0

    async def execute(self, code: str, output: Output, **options: Any) -> Result:
        import duckdb

        self._assigned = []
        parameters = {
            name: value
            for name, value in self._scalars.items()
            if f"${name}" in _TEXT.sub("", code)
        }
        try:
            relation = self._connection.sql(code, params=parameters or None)
            if relation is None:
                return Ok()
            table = relation.to_arrow_table()
        except duckdb.Error as error:
            name = f"duckdb.{type(error).__name__}"
            return Failed(name, str(error), [f"{name}: {error}"])
        if name := options.get("name"):
            self._results[name] = table
            size = f"{table.num_rows} x {table.num_columns}"
            self._assigned = [Assignment(name, "table", "DuckDB table", size)]
            self._connection.register(name, table)
        return Ok(self._preview(table, [str(kind) for kind in relation.types]).bundle())

    def _preview(self, table: Any, kinds: list[str]) -> Preview:
        limit = self._services.display.rows
        rows = [
            [None if value is None else str(value) for value in row.values()]
            for row in table.slice(0, limit).to_pylist()
        ]
        columns = list(zip(table.column_names, kinds, strict=True))
        return Preview(columns, rows, more=table.num_rows > limit)

    def interrupt(self) -> None:
        if self._database is not None:
            self._database.interrupt()

    def close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None

    # Shared names

    def mentions(self, code: str, names: Sequence[str]) -> Sequence[str]:
        folded = code.casefold()
        return [name for name in names if name.casefold() in folded]

    def references(self, code: str) -> frozenset[str]:
        """Every word outside of strings and comments: the host asks only for names there are."""
        return frozenset(re.findall(r"\w+", _TEXT.sub(" ", code)))

    def assigned(self) -> Sequence[Assignment]:
        return self._assigned

    def get(self, name: str) -> wire.Value:
        import pyarrow as pa

        table = self._results[name]
        path = self._services.store.path(".arrow")
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
            writer.write_table(table)
        return wire.Table(str(path), table.num_rows)

    def put(self, name: str, value: wire.Value) -> None:
        match value:
            case wire.Frame():
                self._connection.register(name, self._services.frames.collect(value))
            case wire.Table():
                self._connection.register(name, _read(Path(value.path)))
            case wire.Bool() | wire.Int() | wire.Float() | wire.Text() | wire.Date():
                self._scalars[name] = value.value
            case _:
                raise TypeError("DuckDB takes tables, and numbers, texts and dates as $parameters")

    def drop(self, name: str) -> None:
        self._scalars.pop(name, None)
        if self._database is not None:
            self._database.unregister(name)


def _read(path: Path) -> Any:
    import pyarrow as pa

    with pa.OSFile(str(path)) as file:
        return pa.ipc.open_stream(file).read_all()


DUCKDB = Language("duckdb", "DuckDB", DuckDB, info={"mimetype": "text/x-sql", "name": "duckdb"})
