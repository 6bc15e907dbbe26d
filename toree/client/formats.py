"""Rows as text or bytes, batch by batch: what `toree sql --format` writes."""

from __future__ import annotations

import ast
import json
import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TextIO

from ..foreign import ArrowData

FORMATS = ("table", "csv", "json", "arrow")
_SHOWN = 1000  # rows of a table for people, whose columns are as wide as their widest value


class Writer(ABC):
    """Takes the batches of a result, the first of which has its columns."""

    def __init__(self, out: TextIO) -> None:
        self.out = out

    @abstractmethod
    def batch(self, batch: object) -> None: ...

    def end(self) -> None:
        self.out.flush()


class Table(Writer):
    """For people: aligned columns, numbers to the right."""

    def __init__(self, out: TextIO) -> None:
        super().__init__(out)
        self._schema: ArrowData = None
        self._rows: list[list[str]] = []
        self._count = 0

    def batch(self, batch: ArrowData) -> None:
        self._schema = batch.schema
        self._count += batch.num_rows
        for row in batch.slice(0, max(0, _SHOWN - len(self._rows))).to_pylist():
            self._rows.append([text(value) for value in row.values()])

    def end(self) -> None:
        import pyarrow as pa

        names = self._schema.names
        if names:
            right = [pa.types.is_integer(t) or pa.types.is_floating(t) for t in self._schema.types]
            widths = [max(map(len, column)) for column in zip(names, *self._rows, strict=True)]
            for line in (names, ["-" * width for width in widths], *self._rows):
                cells = (
                    value.rjust(width) if to_right else value.ljust(width)
                    for value, width, to_right in zip(line, widths, right, strict=True)
                )
                self.out.write("  ".join(cells).rstrip() + "\n")
            if self._count > len(self._rows):
                self.out.write(f"... {self._count:,} rows in all\n")
        super().end()


class Csv(Writer):
    def __init__(self, out: TextIO) -> None:
        super().__init__(out)
        self._begun = False

    def batch(self, batch: ArrowData) -> None:
        import csv

        lines = csv.writer(self.out, lineterminator="\n")
        if not self._begun:
            lines.writerow(batch.schema.names)
            self._begun = True
        columns = [column.to_pylist() for column in batch.columns]
        lines.writerows(
            ["" if value is None else text(value) for value in row]
            for row in zip(*columns, strict=True)
        )


class Json(Writer):
    """An object a line."""

    def batch(self, batch: ArrowData) -> None:
        for row in batch.to_pylist():
            line = json.dumps(_finite(row), default=text, ensure_ascii=False)
            self.out.write(line + "\n")


class Arrow(Writer):
    """An Arrow IPC stream."""

    def __init__(self, out: TextIO) -> None:
        super().__init__(out)
        self._writer: ArrowData = None

    def batch(self, batch: ArrowData) -> None:
        import pyarrow as pa

        if self._writer is None:
            self._writer = pa.ipc.new_stream(self.out.buffer, batch.schema)
        if batch.num_rows:
            self._writer.write_batch(batch)

    def end(self) -> None:
        self._writer.close()
        self.out.buffer.flush()


def writer(name: str, out: TextIO) -> Writer:
    made: dict[str, Callable[[TextIO], Writer]] = {
        "table": Table,
        "csv": Csv,
        "json": Json,
        "arrow": Arrow,
    }
    return made[name](out)


def text(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict | list):
        return json.dumps(value, default=text, ensure_ascii=False)
    return str(value)


def _finite(value: object) -> object:
    """JSON has no NaN and no infinities."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    return [_finite(inner) for inner in value] if isinstance(value, list) else value


def literal(given: str) -> object:
    """A parameter's value: a number, true, false or null, else the text as it is."""
    plain = {"true": True, "false": False, "null": None}
    if given.lower() in plain:
        return plain[given.lower()]
    try:
        value = ast.literal_eval(given)
    except (ValueError, SyntaxError):
        return given
    return value if isinstance(value, int | float | str) else given
