"""From a magic as written to what runs: Toree's own, a package's, IPython's, or the shell's."""

from __future__ import annotations

import difflib
import re
from collections.abc import Awaitable, Callable, Mapping

from .. import cell as cells
from ..errors import MagicError
from ..interpreters.base import Interpreter, Ok, Output, Result
from ..interpreters.services import Language
from . import Context, Host, Magic

#: A magic of a cell, with its arguments checked.
Prepared = Callable[[Context], Awaitable[Result]]

#: IPython's magics that take Python code, or speak of Python's names.
_PYTHON = frozenset(
    {"capture", "debug", "edit", "lprun", "macro", "memit", "mprun", "pdb", "pinfo", "pinfo2"}
    | {"prun", "psearch", "pylab", "timeit", "who", "who_ls", "whos"}
)
#: Those that may bring others, for the lines below them.
_LOADERS = frozenset({"addjar", "load_ext", "load_magics", "reload_ext"})
_HELP = re.compile(r"\s*(%%?)(\w+)[ \t]*\?{1,2}\s*")


class Dispatch:
    """Finds and checks the magics of a cell before anything of it runs."""

    def __init__(self, host: Host, ipython: Callable[[], Interpreter]) -> None:
        self._host = host
        self._ipython = ipython

    def knows(self, name: str) -> bool:
        """Whether there is a line magic of a name."""
        return self._host.magics.find("line", name) is not None or self._theirs("line", name) != ""

    def resolve(
        self, calls: tuple[cells.MagicCall, ...], language: str
    ) -> Mapping[cells.MagicCall, Prepared]:
        """Every magic line of a cell, ready to run.

        Raises:
            MagicError: one does not exist, or its arguments are wrong.
        """
        unknown = [c for c in calls if c.kind == "line" and not self.knows(c.name)]
        if unknown and self._host.more_magics():
            unknown = [c for c in unknown if not self.knows(c.name)]
        loads = min((n for n, c in enumerate(calls) if c.name.lower() in _LOADERS), default=-1)
        late = [c for c in unknown if 0 <= loads < calls.index(c)]
        if names := [c.name for c in unknown if c not in late]:
            raise MagicError(
                f"Magics [{', '.join(names)}] do not exist!",
                advice="".join(self._nearest("line", name) for name in names) + _LIST,
            )
        return {c: (self._late if c in late else self._prepared)(c, language) for c in calls}

    def _late(self, call: cells.MagicCall, language: str) -> Prepared:
        """A magic that a line above it brings: `%load_ext autoreload`, `%autoreload 2`."""

        async def run(context: Context) -> Result:
            return await self.resolve((call,), language)[call](context)

        return run

    def _prepared(self, call: cells.MagicCall, language: str) -> Prepared:
        if call.kind == "shell":
            return self._in_ipython("!" + call.arguments)
        magic = self._host.magics.find("line", call.name)
        if call.arguments in ("?", "??") or (magic is not None and magic.asks(call.arguments)):
            return self._explained(f"%{call.name}")
        if magic is None:
            name = self._theirs("line", call.name)
            if name in _PYTHON:
                raise MagicError(
                    f"%{name} is about Python code.", advice="Use it in a Python cell: %%python"
                )
            return self._in_ipython(f"%{name} {call.arguments}")
        arguments = magic.parse(call.arguments)
        return lambda context: magic(context, arguments)

    async def cell(self, cell: cells.Cell, output: Output, default: str) -> Result:
        """Runs a cell that is one cell magic.

        Raises:
            MagicError: it does not exist, or its arguments are wrong.
        """
        call = cell.magic
        assert call is not None
        language = self._host.languages.get(default)
        ipython = language is not None and language.ipython
        magic = self._host.magics.find("cell", call.name)
        name = self._theirs("cell", call.name)
        if magic is None and not name and self._host.more_magics():
            magic = self._host.magics.find("cell", call.name)
        mine = magic is not None and not (ipython and name and not self._cedes(magic, call))
        if magic is not None and mine:
            arguments = magic.parse(call.arguments)
            return await magic(Context(self._host, output, default, call.body), arguments)
        if ipython and name:
            return await self._host.execute(self._ipython().language, cell.body, output)
        if name in _PYTHON:
            raise MagicError(
                f"%%{name} is about Python code.", advice=f"Write %%python above %%{name}."
            )
        if not name:
            raise MagicError(
                f"Magic {call.name} does not exist!",
                advice=self._nearest("cell", call.name) + _LIST,
            )
        text = f"%%{name} {call.arguments}\n{call.body}"
        return await self._host.execute(self._ipython().language, text, output, part=True)

    def _cedes(self, magic: Magic, call: cells.MagicCall) -> bool:
        """Whether in Python cells a magic goes before IPython's own one of that name."""
        own = getattr(self._host.shell.find_cell_magic(call.name), "toree", None)
        return own is not None or (magic.name == "time" and call.body.lstrip().startswith("%%"))

    def help(self, text: str, default: str) -> str | None:
        """The answer to a cell that is `%NAME?` or `%%NAME?`; None when it is something else."""
        found = _HELP.fullmatch(text)
        if found is None:
            return None
        sign, name = found.groups()
        magic = self._host.magics.find("line" if sign == "%" else "cell", name)
        if magic is not None:
            return magic.help
        if sign == "%%" and (row := self._languages().get(name.lower())):
            return f"usage: %%{row.name}\n\nRuns the cell as {row.title}."
        language = self._host.languages.get(default)
        if language is not None and language.ipython:
            return None
        kind = "line" if sign == "%" else "cell"
        if theirs := self._theirs(kind, name):
            finder = getattr(self._host.shell, f"find_{kind}_magic")
            return str(finder(theirs).__doc__ or "").strip()
        raise MagicError(f"Magic {name} does not exist!", advice=self._nearest(kind, name) + _LIST)

    def _explained(self, text: str) -> Prepared:
        async def explain(context: Context) -> Result:
            context.output.stream("stdout", (self.help(f"{text}?", context.language) or "") + "\n")
            return Ok()

        return explain

    def _languages(self) -> dict[str, Language]:
        rows = self._host.languages.values()
        return {name: row for row in rows for name in (row.name, *row.aliases)}

    def _in_ipython(self, text: str) -> Prepared:
        async def run(context: Context) -> Result:
            return await self._host.execute(
                self._ipython().language, text, context.output, part=True
            )

        return run

    def _theirs(self, kind: str, name: str) -> str:
        """IPython's own name of a magic, whatever the case here; "" when it has none."""
        known = self._host.shell.magics_manager.magics[kind]
        if name in known:
            return name
        return next((n for n in known if n.lower() == name.lower()), "")

    def _nearest(self, kind: str, name: str) -> str:
        sign = "%" if kind == "line" else "%%"
        names = {n.lower(): n for n in self._host.shell.magics_manager.magics[kind]}
        names |= {n.lower(): n for n in self._host.magics.names(kind)}
        if kind == "cell":
            names |= {n: n for n in self._languages()}
        found = difflib.get_close_matches(name.lower(), names, 1, 0.6)
        return f"Did you mean {sign}{names[found[0]]}? " if found else ""


_LIST = "%LsMagic lists those that do."
