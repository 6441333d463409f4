"""Slices put together are the bytes, each of a size within the bounds, each at its distance."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.proxy.toxics.base import Chunk
from harness.proxy.toxics.slicer import PIECES_AT_ONCE, Slicer
from tests.harness.proxy.toxics.shaping import EOF, joined, shaped


@given(st.binary(min_size=1, max_size=2000), st.integers(1, 100), st.data())
def test_slices_are_the_bytes_in_order(data: bytes, average: int, draw: st.DataObject) -> None:
    variation = draw.draw(st.integers(0, average - 1))
    out = shaped(Slicer(average_size=average, size_variation=variation), [Chunk(data, 1.0)])
    assert joined(out) == data
    assert all(average - variation <= len(chunk.data) <= average + variation for chunk in out[:-1])
    assert 0 < len(out[-1].data) <= average + variation


def test_slices_keep_their_distance_across_chunks() -> None:
    out = shaped(Slicer(average_size=2, delay=1000), [Chunk(b"abcd", 1.0), Chunk(b"ef", 1.0), EOF])
    assert [chunk.data for chunk in out] == [b"ab", b"cd", b"ef", b""]
    assert [chunk.due_s for chunk in out[:3]] == pytest.approx([1.0, 1.001, 1.002])


def test_a_large_chunk_is_not_sliced_at_once() -> None:
    data = bytes(PIECES_AT_ONCE + 1)
    chunks, memory, rest = Slicer(average_size=1, delay=1000).shape(Chunk(data, 1.0), 0.0, Random(0))
    assert len(chunks) == PIECES_AT_ONCE
    assert rest == Chunk(b"\0", 1.0)
    assert memory == pytest.approx(1.0 + PIECES_AT_ONCE / 1000)
