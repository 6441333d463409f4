"""Latency moves what is due, counted from arrival, and touches neither bytes nor the end."""

from hypothesis import given
from hypothesis import strategies as st

from harness.proxy.toxics.base import Chunk
from harness.proxy.toxics.latency import Latency
from tests.harness.proxy.toxics.shaping import EOF, shaped


def test_every_chunk_is_late_by_the_latency_from_its_own_arrival() -> None:
    out = shaped(Latency(latency=250), [Chunk(b"a", 1.0), Chunk(b"b", 1.1), EOF])
    assert out == [Chunk(b"a", 1.25), Chunk(b"b", 1.35), EOF]


@given(st.integers(0, 1000), st.integers(0, 1000), st.integers())
def test_jitter_stays_in_its_bounds_and_never_before_arrival(latency: int, jitter: int, seed: int) -> None:
    (out,) = shaped(Latency(latency=latency, jitter=jitter), [Chunk(b"a", 0.0)], seed)
    assert max(0, latency - jitter) / 1000 <= out.due_s <= (latency + jitter) / 1000


def test_the_same_seed_gives_the_same_jitter() -> None:
    chunks = [Chunk(b"a", float(number)) for number in range(20)]
    toxic = Latency(latency=100, jitter=50)
    assert shaped(toxic, chunks, 1) == shaped(toxic, chunks, 1) != shaped(toxic, chunks, 2)
