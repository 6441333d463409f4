"""What may be rewritten and what not, and that the rest of a source stays."""

import ast

import pytest

from benchmarks.mutating.changes import CHANGES
from benchmarks.mutating.places import Instead, Place, Rewriting, enums_of, rewritten

LEFT_OUT = (
    "import a",
    "'''A docstring.'''",
    "def f():\n    '''A docstring.'''",
    "def f(a: 'int' = b) -> 'int': pass",
    "a: Literal['x', 'y']",
    "@dataclass(frozen=True)\nclass A: pass",
    "class A(B[1]): pass",
    "_log.warning('gone', a, extra={'b': 1})",
    "logging.getLogger('a').error('b')",
    "raise AssertionError('unreachable')",
    "assert a < 1",
    "T = TypeVar('T')",
    "if settings.unsafe_guess:\n    f(1)",
    "a = f'{a:.2f}'",
)


@pytest.mark.parametrize("text", LEFT_OUT)
def test_what_nobody_would_see_is_left_out(text: str) -> None:
    assert [str(one) for one in rewritten("a.py", text, CHANGES) if one.rewriting != "negation"] == []


def test_the_rest_of_a_source_stays_and_the_next_change_begins_anew() -> None:
    text = "def f(a):\n    b = a < 1\n    return b\n"
    found = rewritten("a.py", text, CHANGES)
    sources = [one.source() for one in found]
    assert len(set(sources)) == len(found) > 3
    assert sources == [one.source() for one in found]
    assert all(len(source.splitlines()) == 3 for source in sources)


def test_a_place_says_where_it_is_and_what_changes() -> None:
    (one,) = [one for one in rewritten("a/b.py", "\n\nif a <\\\n  b: pass\n", CHANGES) if one.rewriting == "boundary"]
    assert str(one) == "a/b.py:3 boundary: a < b -> a <= b"
    assert list(one.lines) == [3]


def test_a_function_runs_where_its_body_does() -> None:
    def same(place: Place) -> list[Instead]:
        return [place.node] if isinstance(place.node, ast.FunctionDef) else []

    text = "def f(a,\n      b):\n    '''Says.'''\n    x = 1\n    return x\n"
    (one,) = rewritten("a.py", text, [Rewriting(name="same", of=same)])
    assert (one.line, list(one.lines)) == (1, [4, 5])


def test_a_part_runs_with_its_statement_and_a_condition_above_what_follows() -> None:
    text = "a = f(\n  'x',\n  ('y',\n   'z'),\n)\nif (b or\n    c):\n    a += 1\n"
    lines = {one.what: list(one.lines) for one in rewritten("a.py", text, CHANGES)}
    assert lines["'z' -> 'zXX'"] == [1, 2, 3, 4, 5]
    assert lines["b or c -> c"] == [6, 7]
    assert lines["1 -> 2"] == [8]


def test_what_compiles_to_the_same_code_is_told() -> None:
    (one,) = [one for one in rewritten("a.py", "def f():\n    1\n    return 0 * 1", CHANGES) if "0 / 1" in one.what]
    assert one.changes_code()

    def folded(place: Place) -> list[Instead]:
        return [ast.Constant(5)] if isinstance(place.node, ast.BinOp) else []

    (one,) = rewritten("a.py", "a = 2 + 3", [Rewriting(name="folded", of=folded)])
    assert not one.changes_code()


def test_members_of_enumerations_are_known_by_their_classes() -> None:
    tree = ast.parse("class A(StrEnum):\n    X = 'x'\n    Y = 'y'\n\n    def f(self): ...\n\nclass B:\n    Z = 1\n")
    assert enums_of([tree]) == {"A": ("X", "Y")}
