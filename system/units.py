"""Sizes and spans of time as operators write them: `12gb`, `512mb`, `12h`, `90s`. Bytes and seconds inside.

Sizes are written as Redis writes them: `k`, `m` and `g` are powers of 1000, `kb`, `mb` and `gb` powers of 1024.
"""

import re

_SIZES = {"": 1, "b": 1, "k": 1000, "m": 1000**2, "g": 1000**3, "kb": 1024, "mb": 1024**2, "gb": 1024**3}
_SPANS = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}


def size_of(text: str) -> int:
    """The bytes that `12gb` says; ValueError says what was expected."""
    return _read(text, _SIZES, "a size such as 512mb or 12gb")


def span_of(text: str) -> int:
    """The seconds that `12h` says; ValueError says what was expected."""
    return _read(text, _SPANS, "a span of time such as 90s or 12h")


def size_text(size: int) -> str:
    """Bytes for people, such as `5.20gb`."""
    for unit in ("gb", "mb", "kb"):
        if size >= _SIZES[unit]:
            return f"{size / _SIZES[unit]:.2f}{unit}"
    return f"{size}b"


def span_text(seconds: float) -> str:
    """Seconds for people, such as `12h`."""
    for unit in ("d", "h", "m"):
        if seconds >= 2 * _SPANS[unit] and seconds % _SPANS[unit] == 0:
            return f"{int(seconds // _SPANS[unit])}{unit}"
    return f"{seconds:g}s"


def _read(text: str, units: dict[str, int], expected: str) -> int:
    match = re.fullmatch(r"([0-9]{1,18})([a-z]{0,2})", text.strip().lower())
    if match is None or match[2] not in units:
        raise ValueError(f"expected {expected}, seen {text[:40]!r}")
    return int(match[1]) * units[match[2]]
