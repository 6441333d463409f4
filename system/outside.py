"""What the clients of outside parties have in common: reading when to come back, and where they are in traces."""

import httpx

RETRY_AFTER_S_MAX = 60.0
MODEL_IN_TRACES, MOTION_IN_TRACES = "http://model.invalid/v1", "http://motion.invalid"
"""Where the outside parties of a recorded trace are; nothing is there."""


def retry_after_s(response: httpx.Response) -> float:
    """The seconds that `Retry-After` asks for, bounded; 0 when it asks for none or names a date."""
    text = response.headers.get("Retry-After", "")
    return min(float(text), RETRY_AFTER_S_MAX) if text.isascii() and text.isdigit() else 0.0
