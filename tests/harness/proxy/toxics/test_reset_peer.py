"""Nothing passes until the reset, which comes with 0 at once."""

from harness.proxy.toxics.base import Chunk, Ending, EndOfLife
from harness.proxy.toxics.reset_peer import ResetPeer
from tests.harness.proxy.toxics.shaping import EOF, shaped


def test_nothing_passes_and_the_reset_comes() -> None:
    assert shaped(ResetPeer(), [Chunk(b"a", 1.0), EOF]) == []
    assert ResetPeer().end_of_life() == EndOfLife(0.0, Ending.RESET)
    assert ResetPeer(timeout=20).end_of_life() == EndOfLife(0.02, Ending.RESET)
