"""Log lines for what a flood repeats: the first few of each second are written, the others counted."""

import logging

from system.clock import Clock

LINES_PER_SECOND = 10


class Seldom:
    """Writes at most `LINES_PER_SECOND` lines; the next second's first line says how many were left out."""

    def __init__(self, log: logging.Logger, clock: Clock) -> None:
        self._log, self._clock = log, clock
        self._second = 0
        self._written = 0
        self._left_out = 0

    def info(self, message: str, **fields: object) -> None:
        """Logs `message` with `fields`, or counts it as left out."""
        second = int(self._clock.monotonic_s())
        if second != self._second:
            self._second, self._written = second, 0
        if self._written >= LINES_PER_SECOND:
            self._left_out += 1
            return
        self._written += 1
        left_out, self._left_out = self._left_out, 0
        self._log.info(message, extra={**fields, **({"left_out": left_out} if left_out else {})})
