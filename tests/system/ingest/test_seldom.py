"""Log lines of a flood: some are written, the rest counted."""

import logging

import pytest

from system.ingest.seldom import LINES_PER_SECOND, Seldom


class Clock:
    """A clock that stands still until it is moved."""

    elapsed_s = 5.5

    def monotonic_s(self) -> float:
        return self.elapsed_s


def test_a_flood_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    seldom = Seldom(logging.getLogger("flood"), clock)  # type: ignore[arg-type]
    with caplog.at_level(logging.INFO):
        for _ in range(1000):
            seldom.info("refused", partner="P1")
        clock.elapsed_s += 1
        seldom.info("refused", partner="P1")
    assert len(caplog.records) == LINES_PER_SECOND + 1
    assert vars(caplog.records[-1])["left_out"] == 1000 - LINES_PER_SECOND
    assert vars(caplog.records[0])["partner"] == "P1"
