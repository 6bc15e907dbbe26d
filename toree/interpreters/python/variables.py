"""The names of the Python namespace, as the others see them."""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import itertools
import threading
import types
from collections.abc import Iterable, Sequence
from typing import cast

from ... import wire
from ...foreign import UserValue
from ..base import Assignment
from ..services import Names, Services
from . import assignments
from . import names as python_names
from .kinds import describe
from .magics import expanded
from .values import FromWire, ToWire

_UNCHANGING = (
    str,
    bytes,
    int,
    float,
    complex,
    type(None),
    type,
    types.FunctionType,
    types.ModuleType,
)
_LOOKED_AT = 100  # items of a collection


def insides(value: object, depth: int = 2) -> set[int]:
    """Identities of what may change in place: the value, and what it holds, two levels deep."""
    if isinstance(value, _UNCHANGING):
        return set()
    found = set() if isinstance(value, tuple | frozenset) else {id(value)}
    children: Iterable[object] = ()
    if isinstance(value, dict):
        children = value.values()
    elif isinstance(value, list | tuple | set | frozenset):
        children = value
    elif type(value).__module__ == "__main__":
        children = getattr(value, "__dict__", {}).values()
    elif type(value).__module__ == "numpy":  # a view of another array
        children = (getattr(value, "base", None),)
    if depth:
        with contextlib.suppress(RuntimeError):  # a thread changes it meanwhile
            for child in itertools.islice(children, _LOOKED_AT):
                found |= insides(child, depth - 1)
    return found


class _Cell(threading.local):
    """Of the cell that runs on this thread: another one may run beside it, in a subshell."""

    before: dict[str, int] = {}  # the names before it, with what has come meanwhile
    noted: frozenset[str] = frozenset()  # what `so_far` has told of
    assigned: Sequence[Assignment] = ()


class PythonVariables:
    """What cells assign, read out of the namespace itself; and values into and out of it.

    A cell has assigned a name when the name holds another object than before, or when a plain
    statement of the cell assigns it (`x = 5` where `x` was 5 already).
    """

    def __init__(self, services: Services) -> None:
        self._shell = services.ipython.shell
        self._shareable = services.names.shareable
        self._to = ToWire(services.store, services.frames)
        self._from = FromWire(services.frames)
        self._imports: dict[str, object] = {}  # what import statements have bound
        self._brought: dict[str, object] = {}  # from elsewhere, until the user reassigns it
        self._cell = _Cell()

    @property
    def _names(self) -> dict[str, object]:
        namespace: dict[str, object] = self._shell.user_ns
        return namespace

    # ---------------------------------------------------------------- around a cell

    def begin(self) -> None:
        self._cell.before = {name: id(value) for name, value in self._names.copy().items()}
        self._cell.noted = frozenset()

    def end(self, code: str, succeeded: bool) -> None:
        tree = self._tree(code) if succeeded or "import" in code else None
        plain = assignments.plainly_assigned(tree) if tree and succeeded else frozenset()
        if tree and "import" in code:
            self._imports.update(assignments.imported(tree, self._names))
        found = self._found(plain)
        for assignment in found:
            self._brought.pop(assignment.name, None)
        self._cell.before = {}
        self._cell.assigned = found

    def so_far(self) -> Sequence[Assignment]:
        """What the cell that runs on this thread has assigned until now."""
        if not self._cell.before:
            return ()
        found = self._found()
        self._cell.noted |= {assignment.name for assignment in found}
        return found

    def _found(self, plain: frozenset[str] = frozenset()) -> list[Assignment]:
        names, hidden, before = self._names, self._shell.user_ns_hidden, self._cell.before
        found = []
        for name, value in names.copy().items():  # other threads assign too
            if (before.get(name) != id(value) or name in plain) and self._shareable(name):
                if hidden.get(name) is value and name not in plain:
                    continue
                found.append(describe(name, value))
        for name in {**before, **dict.fromkeys(self._cell.noted)}:
            if name not in names and self._shareable(name):
                found.append(Assignment(name, deleted=True))
        return found

    def has_changed(self, name: str) -> bool:
        """Whether the cell that runs has assigned or deleted a name, so far."""
        value = id(self._names[name]) if name in self._names else None
        return self._cell.before.get(name) != value

    def assigned(self) -> Sequence[Assignment]:
        return self._cell.assigned

    # ---------------------------------------------------------------- the seam

    def mentions(self, code: str, names: Sequence[str]) -> Sequence[str]:
        """Also through other names of the same object, or of one that holds it."""
        found = [name for name in names if name in code]
        if not found:
            values = [self._names[name] for name in names if name in self._names]
            held = set[int]().union(*map(insides, values))
            others = [value for name, value in self._names.copy().items() if name in code]
            if any(not held.isdisjoint(insides(value)) for value in others):
                return names
        return found

    def references(self, code: str) -> frozenset[str]:
        tree = self._tree(code)
        if tree is None:
            return frozenset()
        direct = python_names.references(tree)
        names = python_names.through_functions(direct, self._names)
        # `other.append(1)` and `all["rows"].append(1)` change `rows` too.
        held = set[int]().union(*(insides(self._names[n]) for n in names if n in self._names))
        return names | {
            name
            for name, value in self._names.copy().items()
            if self._shareable(name) and not held.isdisjoint(insides(value))
        }

    def imported(self, name: str) -> bool:
        """Whether a name still is what a cell has imported: another language's has to stay away."""
        return name in self._imports and self._names.get(name) is self._imports[name]

    def get(self, name: str) -> wire.Value:
        return self._to(self._names[name], name)

    def put(self, name: str, value: wire.Value) -> None:
        made = self._from(value)
        self._names[name] = made
        self._brought[name] = made
        if self._cell.before:
            self._cell.before[name] = id(made)

    def drop(self, name: str) -> None:
        if name in self._brought and self._names.get(name) is self._brought[name]:
            del self._names[name]
            if self._cell.before:
                self._cell.before.pop(name, None)
        self._brought.pop(name, None)

    def value(self, name: str) -> UserValue:
        return self._names[name]

    def assign(self, name: str, value: object) -> None:
        self._names[name] = value
        self._brought.pop(name, None)

    def received(self, value: wire.Value) -> UserValue:
        return self._from(value)

    def delete(self, name: str) -> None:
        self._names.pop(name, None)

    def _tree(self, code: str) -> ast.Module | None:
        """The cell's tree; magics and shell lines as IPython translates them."""
        try:
            return _parsed(code)
        except (SyntaxError, ValueError):
            pass
        try:
            return expanded(_parsed(self._shell.transform_cell(code)))
        except (SyntaxError, ValueError):
            return None


def _parsed(code: str) -> ast.Module:
    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    return cast(ast.Module, compile(code, "<cell>", "exec", flags, dont_inherit=True))


class SharedValues:
    """The shared names behind `kernel.data` (`toree.api`)."""

    def __init__(self, names: Names, store: wire.Store, variables: PythonVariables) -> None:
        self._shared = names
        self._store = store
        self._variables = variables

    def names(self) -> list[str]:
        return self._shared.all()

    def get(self, name: str) -> UserValue:
        if self._shared.owner(name) in (None, "python"):
            return self._variables.value(name)
        with self._store.crossing():
            return self._variables.received(self._shared.value(name))

    def put(self, name: str, value: object) -> None:
        if not self._shared.shareable(name):
            raise KeyError(f"names like {name} are never shared")
        self._variables.assign(name, value)
        self._shared.assign(dataclasses.replace(describe(name, value), common=True))

    def delete(self, name: str) -> None:
        if name not in self.names():
            raise KeyError(name)
        self._variables.delete(name)
        self._shared.assign(Assignment(name, deleted=True, common=True))
