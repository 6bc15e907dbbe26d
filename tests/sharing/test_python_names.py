"""Free and assigned names of Python cells."""

from __future__ import annotations

import ast

import pytest

from toree.interpreters.python.assignments import assigned
from toree.interpreters.python.names import references, through_functions


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("x", "x"),
        ("x + y", "x y"),
        ("print(f'{x!r:>{w}}')", "print x w"),
        ("'x' # x", ""),
        ('"""\nx\n"""', ""),
        ("a.x", "a"),
        ("a.x(x=1)", "a"),
        ("f(x=y)", "f y"),
        ("lambda x: x + y", "y"),
        ("[x for x in y]", "y"),
        ("[x for x in x]", "x"),
        ("{k: v for k, v in d.items() if k in z}", "d z"),
        ("def f(x): return x", ""),
        ("def f(x=y): return x", "y"),
        ("def f(x):\n y = 1\n return x + y + z", "z"),
        ("def f():\n def g(): return x\n return g", "x"),
        ("def f():\n x = 1\n def g(): return x\n return g", ""),
        ("def f(): return x\nx = 1\nf()", ""),
        ("def f(): return x\nf()\nx = 1", "x"),
        ("def f(): return f()", ""),
        ("def f(): return x", "x"),
        ("def g(): return f()\ndef f(): return x\nx = 1\ng()", ""),
        ("@d\ndef f(): return x\nx = 1", "d x"),
        ("x = 1\nprint(x)", "print"),
        ("print(x)\nx = 1", "print x"),
        ("x = x + 1", "x"),
        ("x += 1", "x"),
        ("x: int = 1\nx", "int"),
        ("x: int\nx", "int x"),
        ("if c:\n x = 1\nx", "c x"),
        ("if c:\n x = 1\nelse:\n x = 2\nx", "c"),
        ("for x in y: x", "y"),
        ("for x in y: pass\nx", "y x"),
        ("while c: x = 1\nx", "c x"),
        ("with open(p) as x: x", "open p"),
        ("(x := 1) + x", ""),
        ("c and (x := 1)\nx", "c x"),
        ("try:\n x = 1\nexcept E as e:\n e\n x = 2\nx", "E"),
        ("try:\n x = f()\nexcept E: pass\nx", "f E x"),
        ("try:\n x = f()\nfinally:\n x", "f x"),
        ("import x\nx", ""),
        ("from a import b as x\nx, b", "b"),
        ("import a.b\na", ""),
        ("del x", ""),
        ("x = 1\ndel x\nx", "x"),
        ("class A(B):\n y = x\n z = y\n def f(self): return y", "B x y"),
        ("class A:\n x: int = 1\n def f(self): return x\nx = 1", "int"),
        ("match m:\n case [x, *r] if x > y: x, r\n case {'k': v, **rest}: v", "m y"),
        ("match m:\n case P(a=x): x", "m P"),
        ("await x", "x"),
        ("async for x in y: x", "y"),
        ("x[0] = 1", "x"),
        ("x.a = y", "x y"),
        ("a, (b, *c) = d\na, b, c", "d"),
        ("global x\nx = 1\nx", ""),
        ("def f():\n global x\n x = y", "y"),
        ("x if c else y", "c x y"),
    ],
)
def test_references(code: str, names: str) -> None:
    tree = compile(code, "<cell>", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    assert references(tree) == frozenset(names.split())


@pytest.mark.parametrize(
    ("code", "sure", "all_names"),
    [
        ("x = y = 1", "x y", "x y"),
        ("a, (b, *c) = d", "a b c", "a b c"),
        ("x += 1", "x", "x"),
        ("x: int", "", ""),
        ("for x in y: z = 1", "", "x z"),
        ("if c: x = 1", "", "x"),
        ("with f() as x: y = 1", "x", "x y"),
        ("print(x := 1)", "", "x"),
        ("[y := i for i in a]", "", "y"),
        ("del x", "x", "x"),
        ("def f():\n x = 1", "f", "f"),
        ("def f():\n global x\n x = 1", "f", "f x"),
        ("class A:\n x = 1", "A", "A"),
        ("import a.b, c as d\nfrom e import f", "a d f", "a d f"),
        ("x[0] = 1; x.a = 2", "", ""),
        ("'x = 1'", "", ""),
        ("try: x = 1\nexcept E as e: pass", "", "x e"),
    ],
)
def test_assigned(code: str, sure: str, all_names: str) -> None:
    found = assigned(ast.parse(code))
    assert found == (frozenset(sure.split()), frozenset(all_names.split()))


def test_a_function_of_the_session_names_what_its_body_names() -> None:
    namespace: dict[str, object] = {}
    exec("def f(): return g() + x\ndef g(): return [y for _ in z]\nh = len", namespace)
    assert through_functions({"f", "h"}, namespace) == frozenset(["f", "g", "h", "x", "y", "z"])
