"""Only the end is late."""

from harness.proxy.toxics.base import Chunk, Ending
from harness.proxy.toxics.slow_close import SlowClose
from tests.harness.proxy.toxics.shaping import EOF, shaped


def test_the_end_is_late_and_bytes_are_not() -> None:
    out = shaped(SlowClose(delay=500), [Chunk(b"a", 1.0), EOF])
    assert out == [Chunk(b"a", 1.0), Chunk(b"", EOF.due_s + 0.5, Ending.EOF)]
