"""Answers of queries, as DBI hands them out."""

from __future__ import annotations

import pyarrow as pa

from ..foreign import PySparkFrame
from ..spark.arrow import empty, to_arrow
from .udts import plain


class SparkFailed(Exception):
    """A Spark error with the message a user can use."""

    kind = "spark_error"

    def __init__(self, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail


class Result:
    """A query's answer: collected at its first fetch, handed out in pieces."""

    def __init__(self, frame: PySparkFrame) -> None:
        self.frame = frame
        self.fetched = 0
        self.rows: int | None = None
        self._table: pa.Table | None = None

    def columns(self) -> tuple[list[str], list[str]]:
        fields = self.frame.schema.fields
        return [f.name for f in fields], [f.dataType.simpleString() for f in fields]

    def take(self, rows: int) -> pa.Table:
        """The next `rows` rows, all that are left for a negative number."""
        if rows == 0 and self._table is None:  # names and types, without a job
            return self._plain(empty(self.frame))
        if self._table is None:
            self._table = self._plain(to_arrow(self.frame))
            self.rows = self._table.num_rows
        assert self.rows is not None
        start = self.fetched
        self.fetched = self.rows if rows < 0 else min(self.rows, start + rows)
        table = self._table.slice(start, self.fetched - start)
        if self.fetched == self.rows:
            self._table = table.slice(0, 0)
        return table

    def _plain(self, table: pa.Table) -> pa.Table:
        return plain(table, [field.dataType for field in self.frame.schema.fields])
