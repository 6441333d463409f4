"""Exactly so many bytes pass, then the connection is closed."""

from hypothesis import given
from hypothesis import strategies as st

from harness.proxy.toxics.base import Chunk, Ending
from harness.proxy.toxics.limit_data import LimitData
from tests.harness.proxy.toxics.shaping import EOF, joined, shaped


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=10), st.integers(0, 300))
def test_the_first_bytes_pass_and_then_it_closes(datas: list[bytes], limit: int) -> None:
    out = shaped(LimitData(bytes=limit), [Chunk(data, 1.0) for data in datas])
    everything = b"".join(datas)
    assert joined(out) == everything[:limit]
    closes = [chunk for chunk in out if chunk.ending is Ending.CLOSE]
    assert bool(closes) == (bool(datas) and len(everything) >= limit)


def test_the_senders_own_end_passes() -> None:
    assert shaped(LimitData(bytes=9), [EOF]) == [EOF]
