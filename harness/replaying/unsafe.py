"""Protections of the trace commands that a negative control can switch off, to show the harm that they keep from us.

As everywhere, a switch is a variable that starts with `UNSAFE_`, and is refused without `ALLOW_UNSAFE=1`. Whoever runs
a command with one on is told so each time.
"""

import os
from enum import StrEnum

from harness.config import ConfigError


class Unsafe(StrEnum):
    """What can be switched off."""

    IGNORE_DIFFERENCES = "UNSAFE_IGNORE_DIFFERENCES"
    """An output that differs passes."""
    REFRESH_UNKNOWN = "UNSAFE_REFRESH_UNKNOWN"
    """What kept a trace from being replayed is taken for what it gives."""


def switched(switch: Unsafe) -> bool:
    """Whether it is on; ConfigError when it is and nobody has allowed it."""
    return switch in switched_on()


def switched_on() -> list[Unsafe]:
    """All that are on."""
    found = [switch for switch in Unsafe if os.environ.get(switch) == "1"]
    if found and os.environ.get("ALLOW_UNSAFE") != "1":
        raise ConfigError(f"{', '.join(found)} is refused without ALLOW_UNSAFE=1; it is for negative controls alone")
    return found
