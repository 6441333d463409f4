"""Each rewriting makes another source of the same meaning: evaluated on many inputs, both give the same."""

import ast
import itertools
from collections.abc import Callable
from typing import Any

import pytest

from benchmarks.mutating.places import rewritten
from benchmarks.mutating.rewritings import REWRITINGS

VALUES = (-1, 0, 1, 2, 2.5, True)
CASES = (
    ("mirrored comparison", "def f(a, b):\n    if a < b: return 1\n    return 2"),
    ("mirrored comparison", "def f(a, b):\n    return 1 if a is not None else 2"),
    ("opposite comparison", "def f(a, b):\n    if a == b: return 1\n    return 2"),
    ("opposite comparison", "def f(a, b):\n    return 'in' if a not in (b, 1) else 'out'"),
    ("De Morgan", "def f(a, b):\n    if a and b or a > 1: return 1\n    return 2"),
    ("De Morgan", "def f(a, b):\n    return not (a or b)"),
    ("ways exchanged", "def f(a, b):\n    if a: return 1\n    elif b: return 2\n    else: return 3"),
    ("ways exchanged", "def f(a, b):\n    return a if b else 7"),
    ("choice as if", "def f(a, b):\n    return a if b else 7"),
    ("result named", "def f(a, b):\n    return [a, b]"),
    ("dead code", "def f(a, b):\n    a += b\n    return a"),
    ("augmented assignment", "def f(a, b):\n    a += 1\n    b *= 2\n    return a, b"),
    ("assignments reordered", "def f(a, b):\n    c, d = a, b\n    return c, d"),
    (
        "arguments reordered",
        "class N:\n    def __init__(s, *, a, b): s.k = a, b\ndef f(a, b):\n    return N(a=a, b=b).k",
    ),
    ("f-string as format", "def f(a, b):\n    return f'{{a}} {a:.2f} and {b!r:>6}, {a + b}'"),
    ("comprehension as generator", "def f(a, b):\n    return [x * a for x in range(4) if x != b], {x for x in (a, b)}"),
    ("comprehension as loop", "def f(a, b):\n    c = [x * a for x in range(4) if x != b if x]\n    return c"),
    (
        "local renamed",
        "def f(a, b):\n    c = a\n    for d in range(2):\n        c += d\n    return c, [c for c in (b,)]",
    ),
    ("local renamed", "def f(a, b):\n    c, *d = a, b\n    if (e := c):\n        return e, d\n    del d\n    return c"),
    ("constant hoisted", "def f(a, b):\n    return a * 2 + b * 2 + 3"),
)
LEFT_ALONE = (
    ("mirrored comparison", "def f(a, b):\n    return a() < b()"),
    ("mirrored comparison", "def f(a, b):\n    if a() < b(): pass"),
    ("opposite comparison", "def f(a, b):\n    return a == b"),
    ("De Morgan", "def f(a, b):\n    return a or b"),
    ("assignments reordered", "def f(a, b):\n    a, b = b, a"),
    ("assignments reordered", "def f(a, b):\n    a, b = 1, a.c"),
    ("arguments reordered", "def f(a, b):\n    return N(a=a(), b=b())"),
    ("arguments reordered", "def f(a, b):\n    return dict(a=a, b=b)"),
    ("comprehension as loop", "def f(a, b):\n    x = 1\n    c = [x for x in a]\n    return x"),
    ("comprehension as generator", "def f(a, b):\n    return [next(a) for _ in b]"),
    ("comprehension as generator", "async def f(a, b):\n    return [await one for one in a]"),
    ("local renamed", "def f(a, b):\n    c = 1\n    def g():\n        return c\n    return g()"),
    ("local renamed", "def f(a, b):\n    a = 1\n    return a"),
    ("f-string as format", "def f(a, b):\n    return f'{a:{b}}'"),
    ("augmented assignment", "def f(a, b):\n    a += b"),
)


def made(kind: str, text: str) -> list[str]:
    """The sources that one kind of rewriting makes of a text."""
    kinds = [one for one in REWRITINGS if one.name == kind]
    assert len(kinds) == 1
    return [one.source() for one in rewritten("a.py", text, kinds)]


def function(source: str) -> Callable[[Any, Any], Any]:
    """The function `f` of a source."""
    names: dict[str, Any] = {}
    exec(compile(source, "a.py", "exec"), names)
    found: Callable[[Any, Any], Any] = names["f"]
    return found


@pytest.mark.parametrize(("kind", "text"), CASES)
def test_a_rewriting_is_another_source_of_the_same_meaning(kind: str, text: str) -> None:
    sources = made(kind, text)
    assert sources
    before = function(text)
    for source in sources:
        assert source != ast.unparse(ast.parse(text))
        after = function(source)
        for a, b in itertools.product(VALUES, VALUES):
            assert repr(after(a, b)) == repr(before(a, b)), source


@pytest.mark.parametrize(("kind", "text"), LEFT_ALONE)
def test_what_could_be_seen_from_outside_is_left_alone(kind: str, text: str) -> None:
    assert made(kind, text) == []


def test_every_kind_has_its_case() -> None:
    assert {kind for kind, _ in CASES} == {one.name for one in REWRITINGS}
