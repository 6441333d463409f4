"""Fields: what they are read as, and that a wrong one is told with its place."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given

from harness.traces.fields import Field, Record
from harness.traces.strict_yaml import Unreadable, YamlText, dumps, loads
from tests.harness.traces.documents import DOCUMENTS

TEXT = """\
# a comment
first: 1
list:
  - {name: a}

  - name: b
    deep:
      - 5
"""


def top() -> Field:
    return Field(loads(TEXT, where="f.yaml"), YamlText("f.yaml", TEXT))


def test_a_place_is_a_file_a_line_and_a_field() -> None:
    (_, second) = top().mapping()["list"].items(at_most=5)
    with pytest.raises(Unreadable, match=r"^f.yaml, line 6: list\[1\].name: expected true or false, seen 'b'$"):
        second.mapping()["name"].yes_or_no()
    with pytest.raises(Unreadable, match=r"^f.yaml, line 8: list\[1\].deep\[0\]: expected text"):
        next(iter(second.mapping()["deep"].items(at_most=1))).text()


def test_what_is_missing_stands_where_it_is_missing_from() -> None:
    (first, _) = top().mapping()["list"].items(at_most=5)
    with pytest.raises(Unreadable, match=r"^f.yaml, line 4: list\[0\].size: missing$"):
        first.fields(("size",), ("name",))
    with pytest.raises(Unreadable, match=r"^f.yaml, line 2: first: no such field; there are list$"):
        top().fields(("list",))
    with pytest.raises(Unreadable, match=r"^trace 5: at: missing$"):
        Field({}, Record(name="trace 5")).fields(("at",))


@pytest.mark.parametrize(
    ("value", "read", "said"),
    [
        (5, lambda field: field.text(), "expected text (quote it), seen 5"),
        ("", lambda field: field.text(), "expected text, seen ''"),
        ("abc", lambda field: field.text(at_most=2), "at most 2 characters, seen 3"),
        ("c", lambda field: field.one_of(["a", "b"]), "expected a or b, seen 'c'"),
        (["a"], lambda field: field.one_of(["a"]), "expected a, seen"),
        (True, lambda field: field.whole(0, 5), "a whole number from 0 to 5, seen True"),
        (1.0, lambda field: field.whole(0, 5), "a whole number from 0 to 5, seen 1.0"),
        (float("nan"), lambda field: field.number(0, 5), "a number from 0 to 5, seen nan"),
        (10**400, lambda field: field.number(0, 5), "a number from 0 to 5, seen 1000"),
        (1, lambda field: field.yes_or_no(), "true or false, seen 1"),
        ("today", lambda field: field.moment(), "a time as ISO 8601"),
        ("2026-02-02T14:00:00", lambda field: field.moment(), "a time with its zone"),
        ([1, 2], lambda field: list(field.items(at_most=1)), "a list of 0 to 1, seen one of 2"),
        ({}, lambda field: list(field.items(at_most=1)), "a list of 0 to 1, seen {}"),
        ("x" * 500, lambda field: field.mapping(), "an object, seen 'xxx"),
    ],
)
def test_what_is_something_else_is_said_so(value: Any, read: Callable[[Field], Any], said: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read(Field({"a": value}, Record(name="here")).mapping()["a"])
    assert str(refused.value).startswith("here: a: ")
    assert said in str(refused.value)
    assert len(str(refused.value)) < 250


def test_what_is_right_is_given() -> None:
    def field(value: Any) -> Field:
        return Field(value, Record(name="here"))

    assert field("2026-02-02T14:00:00Z").moment() == datetime(2026, 2, 2, 14, tzinfo=UTC)
    assert field(3).number(0, 5) == 3.0
    assert field("").text(empty=True) == ""
    assert [one.value for one in field([1, 2]).items(at_least=1, at_most=2)] == [1, 2]


@given(DOCUMENTS)
def test_every_place_of_a_document_has_a_line(document: Any) -> None:
    text = dumps(document)
    source = YamlText("f.yaml", text)

    def visit(value: Any, path: tuple[str | int, ...]) -> None:
        if path:
            place = source.place(path)
            assert 1 <= int(place.removeprefix("f.yaml, line ")) <= text.count("\n") + 1
        inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for step, one in inner:
            visit(one, (*path, step))

    visit(document, ())
