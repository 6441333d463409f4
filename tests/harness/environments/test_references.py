"""References are filled in at any depth, and one that leads nowhere says what there is instead."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.environments.base import EnvironmentFault
from harness.environments.references import References

KNOWN = References.of(
    services={"store": {"main": ("127.0.0.1", 10), "side-door": ("127.0.0.1", 11)}, "web": {"main": ("127.0.0.1", 12)}},
    links={"web->store": ("127.0.0.1", 13)},
    facts={"store": {"pid_file": "/run/store/pid"}, "web": {"directory": "/run/web"}},
    run={"seed": "7", "directory": "/run", "id": "r"},
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${store}", "127.0.0.1:10"),
        ("${store.side-door}", "127.0.0.1:11"),
        ("${store.side-door.port}", "11"),
        ("${store.port}", "10"),
        ("${store.host}", "127.0.0.1"),
        ("redis://${web->store}/0", "redis://127.0.0.1:13/0"),
        ("${web->store.port}", "13"),
        ("${store.pid_file}", "/run/store/pid"),
        ("${self}", "127.0.0.1:12"),
        ("${self.port}", "12"),
        ("${self.directory}", "/run/web"),
        ("${run.seed}-${run.id}", "7-r"),
        ("$self and {self}", "$self and {self}"),
    ],
)
def test_a_reference_is_filled_in(text: str, value: str) -> None:
    assert KNOWN.fill(text, service="web") == value


def test_texts_are_filled_in_at_any_depth_and_all_else_is_left_alone() -> None:
    value = {"a": ["${store}", 3, None], "b": {"c": ("${run.seed}", True)}}
    assert KNOWN.fill(value, service="web") == {"a": ["127.0.0.1:10", 3, None], "b": {"c": ("7", True)}}


@pytest.mark.parametrize(
    "text", ["${stor}", "${self.pid_file}", "${}", "${web->stor}", "${run.sed}", "${store.main.x}"]
)
def test_a_reference_to_nothing_is_an_error_that_names_service_reference_and_what_there_is(text: str) -> None:
    with pytest.raises(EnvironmentFault) as error:
        KNOWN.fill(text, service="web")
    assert "'web'" in str(error.value)
    assert text in str(error.value)
    assert "near: " in str(error.value)


@given(st.text())
def test_text_without_references_stays_as_it_is(text: str) -> None:
    if "${" not in text:
        assert KNOWN.fill(text, service="web") == text
