"""Sizes and spans are read as operators write them, and written so that people can read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from system.units import size_of, size_text, span_of, span_text


@pytest.mark.parametrize(
    ("text", "size"),
    [("12gb", 12 * 1024**3), ("6G", 6 * 1000**3), ("512mb", 512 * 1024**2), (" 1kb ", 1024), ("7", 7), ("7b", 7)],
)
def test_sizes_are_those_of_redis(text: str, size: int) -> None:
    assert size_of(text) == size


@pytest.mark.parametrize(("text", "seconds"), [("12h", 43_200), ("90s", 90), ("2d", 172_800), ("5m", 300), ("60", 60)])
def test_spans(text: str, seconds: int) -> None:
    assert span_of(text) == seconds


@pytest.mark.parametrize("text", ["", "gb", "-1gb", "1.5gb", "1 gb", "1tb", "1e9", "9" * 19, "12hh", "½gb", "٣gb"])
def test_what_is_neither_says_what_was_expected(text: str) -> None:
    with pytest.raises(ValueError, match="expected a size such as 512mb or 12gb, seen"):
        size_of(text)
    with pytest.raises(ValueError, match="expected a span of time such as 90s or 12h, seen"):
        span_of(text)


def test_for_people() -> None:
    assert [size_text(size) for size in (12 * 1024**3, 1536 * 1024, 5)] == ["12.00gb", "1.50mb", "5b"]
    assert [span_text(span) for span in (86_400, 43_200, 172_800, 90, 0.5)] == ["24h", "12h", "2d", "90s", "0.5s"]


@given(st.integers(0, 10**8))
def test_a_span_is_read_as_it_was_written(seconds: int) -> None:
    text = span_text(seconds)
    assert "e" in text or span_of(text) == seconds
