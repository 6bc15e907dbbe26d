"""Which names a Python cell reads before it assigns them (`assignments`: which it assigns).

The top level is walked in the order Python evaluates it; what a nested scope takes from outside is
asked of the compiler, so scoping is Python's own. A function's body counts where the function is
first used, else at the end of the cell: `def f(): return x` brings `x` in, unless the cell assigns
`x` before it calls `f`.
"""

from __future__ import annotations

import ast
import dis
import types
from collections.abc import Iterable, Mapping

from .assignments import FLAGS, bound, codes

_SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def references(tree: ast.Module) -> frozenset[str]:
    """Free names of a cell: read at a point where the cell has not surely assigned them."""
    walk = _Walk()
    walk.block(tree.body)
    for name in list(walk.waiting):
        walk.call(name)
    return frozenset(walk.free)


def globals_read(code: types.CodeType) -> frozenset[str]:
    """Names a function's code, and what is nested in it, takes from the module."""
    return frozenset(
        str(i.argval)
        for each in codes(code)
        for i in dis.get_instructions(each)
        if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")
    )


def through_functions(names: Iterable[str], namespace: Mapping[str, object]) -> frozenset[str]:
    """The names, and those that functions of the session among them read when they are called."""
    found: set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found.add(name)
        value = namespace.get(name)
        if isinstance(value, types.FunctionType) and value.__globals__ is namespace:
            todo += globals_read(value.__code__)
    return frozenset(found)


class _Walk(ast.NodeVisitor):
    """Walks code in the order of evaluation. `bound` is what has surely been assigned."""

    def __init__(self) -> None:
        self.free: set[str] = set()
        self.bound: set[str] = set()
        self.waiting: dict[str, frozenset[str]] = {}  # functions defined and not used yet

    def block(self, statements: Iterable[ast.stmt]) -> None:
        for statement in statements:
            self.visit(statement)

    def branch(self, *blocks: list[ast.stmt]) -> None:
        """Of several blocks one runs: what all of them assign is assigned."""
        before = set(self.bound)
        ends = []
        for statements in blocks:
            self.bound = set(before)
            self.block(statements)
            ends.append(self.bound)
        self.bound = set.intersection(*ends) if ends else before

    def maybe(self, *nodes: ast.AST | None) -> None:
        """Code that may not run: nothing it assigns is sure."""
        before = set(self.bound)
        for node in nodes:
            if node is not None:
                self.visit(node)
        self.bound = before

    def read(self, name: str) -> None:
        if name not in self.bound:
            self.free.add(name)
        self.call(name)

    def call(self, name: str) -> None:
        for each in self.waiting.pop(name, ()):
            self.read(each)

    # names

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.read(node.id)
        elif isinstance(node.ctx, ast.Store):
            self.bound.add(node.id)
        else:
            self.bound.discard(node.id)

    def visit_Global(self, node: ast.Global) -> None:
        pass

    def _scope(self, node: ast.expr) -> None:
        code = compile(ast.Expression(node), "<cell>", "eval", FLAGS, dont_inherit=True)
        for name in sorted(globals_read(code)):
            self.read(name)

    visit_Lambda = visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _scope

    # expressions whose parts may be skipped, or are evaluated in another order than written

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        self.visit(node.values[0])
        self.maybe(*node.values[1:])

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.visit(node.test)
        self.maybe(node.body)
        self.maybe(node.orelse)

    def visit_Compare(self, node: ast.Compare) -> None:
        self.visit(node.left)
        self.visit(node.comparators[0])
        self.maybe(*node.comparators[1:])

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            self.visit(target)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        self.visit(node.target)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self.read(node.target.id)
        self.visit(node.value)
        self.visit(node.target)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.visit(node.annotation)
        if node.value is not None:
            self.visit(node.value)
            self.visit(node.target)

    # statements

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        self.branch(node.body, node.orelse)

    def _loop(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        self.maybe(node.target, *node.body)
        self.maybe(*node.orelse)

    visit_For = visit_AsyncFor = _loop

    def visit_While(self, node: ast.While) -> None:
        self.visit(node.test)
        self.maybe(*node.body)
        self.maybe(*node.orelse)

    def _try(self, node: ast.Try) -> None:
        before = set(self.bound)
        self.block(node.body)
        self.block(node.orelse)
        ends = [self.bound]
        for handler in node.handlers:
            self.bound = set(before)
            if handler.type is not None:
                self.visit(handler.type)
            if handler.name:
                self.bound.add(handler.name)
            self.block(handler.body)
            self.bound.discard(handler.name or "")
            ends.append(self.bound)
        self.bound = set.intersection(*ends)
        if node.finalbody:
            after, self.bound = self.bound, set(before)
            self.block(node.finalbody)
            self.bound |= after

    visit_Try = visit_TryStar = _try

    def visit_Match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        for case in node.cases:
            self.maybe(case.pattern, case.guard, *case.body)

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        self.generic_visit(node)
        if node.name:
            self.bound.add(node.name)

    def visit_MatchStar(self, node: ast.MatchStar) -> None:
        if node.name:
            self.bound.add(node.name)

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        self.bound.update(bound(node))

    visit_ImportFrom = visit_Import

    def _function(self, node: _Function) -> None:
        for default in (*node.decorator_list, *node.args.defaults, *node.args.kw_defaults):
            if default is not None:
                self.visit(default)
        code = compile(ast.Module([node], []), "<cell>", "exec", FLAGS, dont_inherit=True)
        inner = [c for c in code.co_consts if isinstance(c, types.CodeType)]
        names: set[str] = set().union(*(globals_read(c) for c in inner))
        self.bound.add(node.name)
        self.waiting[node.name] = frozenset(names - {node.name})
        if node.decorator_list:  # who knows whether the decorator calls it
            self.call(node.name)

    visit_FunctionDef = visit_AsyncFunctionDef = _function

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for part in (*node.decorator_list, *node.bases, *(k.value for k in node.keywords)):
            self.visit(part)
        # The body runs at once. Its names are its own; methods see past them.
        body = _Walk()
        body.block(node.body)
        bare = {n for name in list(body.waiting) for n in body.waiting[name]}
        for name in sorted(body.free):
            self.read(name)
        self.bound.add(node.name)
        self.waiting[node.name] = frozenset(bare)
