"""What users import: the `kernel` object of Python cells.

kernel.data["limit"]          a shared name's value, whatever language it is from
kernel.data.put("limit", 30)  shares a value under a name
kernel.display.html("<b>")    output of any MIME type
kernel.display.explore(df)    a table as a grid that Spark pages, sorts and filters
kernel.magics.addJar("a.jar") a magic, from code
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from typing import Protocol

from .foreign import UserValue
from .interpreters.base import Bundle, Output


class Values(Protocol):
    """Where `kernel.data` keeps its values: the shared names."""

    def names(self) -> list[str]: ...
    def get(self, name: str) -> UserValue: ...
    def put(self, name: str, value: object) -> None: ...
    def delete(self, name: str) -> None: ...


class Tables(Protocol):
    """Who shows DataFrames."""

    def explore(self, table: object) -> Bundle: ...
    def stream(self, table: object, rows: int) -> None: ...


class Data(MutableMapping[str, object]):
    """The shared names as a map: the same in every language.

    What cannot cross is not in it; reading copies the value over and defines no name.
    """

    def __init__(self, values: Values) -> None:
        self._values = values

    def __getitem__(self, name: str) -> UserValue:
        return self._values.get(name)

    def __setitem__(self, name: str, value: object) -> None:
        self._values.put(name, value)

    def __delitem__(self, name: str) -> None:
        self._values.delete(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values.names())

    def __len__(self) -> int:
        return len(self._values.names())

    def __contains__(self, name: object) -> bool:
        return name in self._values.names()

    def put(self, name: str, value: object) -> UserValue:
        """As Scala's: returns what was there before, or None."""
        before = self.get(name)
        self[name] = value
        return before

    def __repr__(self) -> str:
        return f"kernel.data({', '.join(self)})"


class Display:
    """Output of any MIME type in the running cell."""

    def __init__(self, output: Callable[[], Output], tables: Tables) -> None:
        self._output = output
        self._tables = tables

    def content(self, mime: str, data: object) -> None:
        self._output().display({mime: data})

    def html(self, data: str) -> None:
        self.content("text/html", data)

    def javascript(self, data: str) -> None:
        self.content("application/javascript", data)

    def explore(self, table: object) -> None:
        """A DataFrame of PySpark's or pandas', or a name, as a grid (`%explore`)."""
        self._output().display(self._tables.explore(table))

    def stream(self, table: object, rows: int = 20) -> None:
        """A streaming DataFrame's newest rows and rates, until the cell is stopped."""
        self._tables.stream(table, rows)

    def clear(self, wait: bool = False) -> None:
        self._output().clear(wait)


class Magics:
    """`kernel.magics.addJar("https://...")`: every magic the notebook has, from code."""

    def __init__(self, run: Callable[[str, str, str | None], object]) -> None:
        self._run = run

    def __getattr__(self, name: str) -> Callable[..., object]:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda line="", body=None: self._run(name, line, body)


class Kernel:
    """The `kernel` of Python cells."""

    def __init__(
        self,
        values: Values,
        output: Callable[[], Output],
        magics: Magics,
        tables: Tables,
    ) -> None:
        self.magics = magics
        self.data = Data(values)
        self.display = Display(output, tables)

    def __repr__(self) -> str:
        return "kernel: data, display, magics"
