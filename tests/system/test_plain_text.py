"""Whatever comes from outside, what leaves is one line of printable characters, and short enough."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from system.plain_text import one_line


@given(st.text(st.characters(), max_size=60), st.integers(4, 80))
def test_any_text_leaves_as_one_short_printable_line(text: str, length_max: int) -> None:
    plain = one_line(text, length_max)
    assert plain.isprintable()
    assert len(plain) <= length_max
    assert one_line(plain, length_max) == plain, "and is not changed by going through twice"


@given(st.text(st.characters(categories=("L", "N", "P", "S")), max_size=80))
def test_what_can_be_printed_is_not_touched(text: str) -> None:
    assert one_line(text, 80) == text


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("\x1b[2J\x1b]0;owned\x07", r"\x1b[2J\x1b]0;owned\x07"),
        ("ok\nCRITICAL: all is lost\r", r"ok\nCRITICAL: all is lost\r"),
        ("\u202egnp.exe\u2066", r"\u202egnp.exe\u2066"),
        ("\x9b31m\x7f\u2028\ud800", r"\x9b31m\x7f\u2028\ud800"),
        ("x" * 41, "x" * 37 + "..."),
        ("\x00" * 11, r"\x00" * 9 + r"\..."),
    ],
)
def test_what_a_terminal_would_obey_is_shown(text: str, plain: str) -> None:
    assert one_line(text, 40) == plain
