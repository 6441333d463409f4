"""No byte passes; the sender's own end does; a timeout ends the connection and 0 does not."""

from harness.proxy.toxics.base import Chunk, Ending, EndOfLife
from harness.proxy.toxics.timeout import Timeout
from tests.harness.proxy.toxics.shaping import EOF, shaped


def test_bytes_are_dropped_and_the_end_passes() -> None:
    assert shaped(Timeout(timeout=0), [Chunk(b"a", 1.0), EOF]) == [EOF]


def test_only_a_timeout_ends_the_connection() -> None:
    assert Timeout(timeout=0).end_of_life() is None
    assert Timeout(timeout=1500).end_of_life() == EndOfLife(1.5, Ending.CLOSE)
