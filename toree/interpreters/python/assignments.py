"""Which names a Python cell assigns at top level, and what its import statements have bound."""

from __future__ import annotations

import ast
import dis
import sys
import types
from collections.abc import Iterator, Mapping

_NOTHING = object()
#: As IPython compiles cells.
FLAGS = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT


def assigned(tree: ast.Module) -> tuple[frozenset[str], frozenset[str]]:
    """Names assigned or deleted at top level, imports and definitions too.

    Returns those that are assigned whenever the cell runs to its end, and all of them.
    """
    return plainly_assigned(tree), frozenset(
        name for name in _stored(tree) if not name.startswith("__")
    )


def plainly_assigned(tree: ast.Module) -> frozenset[str]:
    """Names the cell's own statements, outside any block, assign or delete."""
    return frozenset(name for statement in tree.body for name in bound(statement))


def bound(statement: ast.stmt) -> Iterator[str]:
    """Names a statement binds or deletes by itself."""
    match statement:
        case ast.Assign(targets=targets):
            for target in targets:
                yield from _names(target)
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target, value=ast.expr()):
            yield from _names(target)
        case ast.With(items=items) | ast.AsyncWith(items=items):
            for item in items:
                yield from _names(item.optional_vars) if item.optional_vars else ()
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            for alias in aliases:
                yield alias.asname or alias.name.partition(".")[0]
        case ast.Delete(targets=targets):
            for target in targets:
                if isinstance(target, ast.Name):
                    yield target.id


def imported(tree: ast.Module, namespace: Mapping[str, object]) -> dict[str, object]:
    """What the import statements of a cell that has run have bound, with `*` what it stands for."""
    found = dict[str, object]()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        for alias in node.names:
            if alias.name == "*" and isinstance(node, ast.ImportFrom):
                module = vars(sys.modules.get(node.module or "", ast))
                found |= {n: v for n, v in namespace.items() if module.get(n, _NOTHING) is v}
            elif (name := alias.asname or alias.name.partition(".")[0]) in namespace:
                found[name] = namespace[name]
    return found


def _stored(tree: ast.Module) -> Iterator[str]:
    code = compile(tree, "<cell>", "exec", FLAGS, dont_inherit=True)
    for each in codes(code):
        top = each is code
        for instruction in dis.get_instructions(each):
            operation = instruction.opname
            if operation in ("STORE_GLOBAL", "DELETE_GLOBAL") or (
                top and operation in ("STORE_NAME", "DELETE_NAME")
            ):
                yield str(instruction.argval)


def _names(target: ast.expr) -> Iterator[str]:
    for node in ast.walk(target):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from codes(constant)
