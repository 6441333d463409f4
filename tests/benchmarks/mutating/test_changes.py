"""Each kind of change makes the one mistake that it is named after, and leaves the rest of the source alone."""

import ast

import pytest

from benchmarks.mutating.changes import CHANGES
from benchmarks.mutating.places import enums_of, rewritten

CASES: tuple[tuple[str, str, list[str]], ...] = (
    ("boundary", "a < b", ["a <= b"]),
    ("boundary", "a < b >= c", ["a <= b >= c", "a < b > c"]),
    ("comparison", "a < b", ["a >= b"]),
    ("comparison", "a is None", ["a is not None"]),
    ("comparison", "a not in b", ["a in b"]),
    ("connective", "a and b or c", ["(a and b) and c", "(a or b) or c"]),
    ("operand", "a and b and c", ["b and c", "a and c", "a and b"]),
    ("operand", "a or b", ["b", "a"]),
    ("negation", "not a", ["a"]),
    ("negation", "x if a else y", ["x if not a else y"]),
    ("negation", "[x for x in y if x]", ["[x for x in y if not x]"]),
    ("number", "f(3)", ["f(4)", "f(2)"]),
    ("number", "f(0.5)", ["f(1.0)", "f(0.25)"]),
    ("truth", "f(True)", ["f(False)"]),
    ("text", "f('a')", ["f('aXX')"]),
    ("text", "''", []),
    ("text", "f'{a:.2f} lb'", ["f'{a:.2f} lbXX'"]),
    ("arguments", "f(a, b, c)", ["f(b, a, c)"]),
    ("arguments", "isinstance(a, b)", []),
    ("argument", "f(a, b=1, **c)", ["f(a, **c)"]),
    ("arithmetic", "a + b * c", ["a - b * c", "a + b / c"]),
    ("arithmetic", "-a", ["a"]),
    ("member", "Colour.RED", ["Colour.BLUE"]),
    ("member", "Colour.BLUE", ["Colour.RED"]),
    ("member", "Other.RED", []),
    ("called", "max(a)", ["min(a)"]),
    ("called", "a.strip()", ["a"]),
    ("called", "a.strip(b)", []),
    ("choice", "a if b else c", ["a", "c"]),
    ("cut", "a[:3]", ["a"]),
    ("cut", "a[0]", ["a[-1]"]),
    ("element", "f((1, a.b))", ["f((1,))"]),
    ("statement", "f()", ["pass"]),
    ("statement", "a += 1", ["pass"]),
    ("statement", "a.b = 1", ["pass"]),
    ("statement", "a = 1", []),
    ("returned", "def f():\n    return g()", ["def f():\n    return None"]),
    ("returned", "def f():\n    return None", []),
    (
        "early return",
        "def f():\n    if a:\n        return 1\n    return 2",
        ["def f():\n    if a:\n        pass\n    return 2"],
    ),
    (
        "handler",
        "try:\n    pass\nexcept (A, B):\n    f",
        ["try:\n    pass\nexcept B:\n    f", "try:\n    pass\nexcept A:\n    f"],
    ),
)
ENUM = "class Colour(StrEnum):\n    RED = 'red'\n    BLUE = 'blue'\n"


def made(kind: str, text: str) -> list[str]:
    """The sources that one kind of change makes of a text."""
    kinds = [one for one in CHANGES if one.name == kind]
    assert len(kinds) == 1
    return [one.source() for one in rewritten("a.py", text, kinds, enums_of([ast.parse(ENUM)]))]


@pytest.mark.parametrize(("kind", "text", "expected"), CASES)
def test_a_change_is_the_mistake_that_it_is_named_after(kind: str, text: str, expected: list[str]) -> None:
    assert made(kind, text) == [ast.unparse(ast.parse(one)) for one in expected]


def test_every_kind_has_its_case() -> None:
    assert {kind for kind, _, expected in CASES if expected} == {one.name for one in CHANGES}


def test_every_change_compiles() -> None:
    """Also all of them on one source that has most of the language in it."""
    text = "\n".join(text for _, text, _ in CASES) + "\n"
    found = rewritten("a.py", text, CHANGES, enums_of([ast.parse(ENUM)]))
    assert len(found) > len(CASES)
    for one in found:
        compile(one.source(), "a.py", "exec")
        assert one.changes_code() or one.rewriting == "statement", str(one)
