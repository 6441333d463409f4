"""The last byte of n KB at r KB/s is due n/r seconds after the line was free, whatever the chunks."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.proxy.toxics.bandwidth import Bandwidth
from harness.proxy.toxics.base import Chunk
from tests.harness.proxy.toxics.shaping import EOF, joined, shaped


@given(st.lists(st.binary(min_size=1, max_size=3000), min_size=1, max_size=10), st.integers(1, 5))
def test_bytes_take_their_time_and_none_is_changed(datas: list[bytes], rate: int) -> None:
    out = shaped(Bandwidth(rate=rate), [Chunk(data, 10.0) for data in datas])
    assert joined(out) == b"".join(datas)
    assert out[-1].due_s == pytest.approx(10.0 + len(b"".join(datas)) / (rate * 1000))
    assert all(len(chunk.data) <= rate * 100 for chunk in out)


def test_an_idle_line_saves_nothing_up() -> None:
    out = shaped(Bandwidth(rate=1), [Chunk(b"x" * 100, 0.0), Chunk(b"y" * 100, 60.0)])
    assert [chunk.due_s for chunk in out] == pytest.approx([0.1, 60.1])


def test_rate_zero_keeps_everything_and_the_end_behind_it() -> None:
    out = shaped(Bandwidth(rate=0), [Chunk(b"x" * 10_000, 1.0), EOF])
    assert out == [Chunk(b"x" * 10_000, math.inf), EOF]
