"""Opens everything in a text that anybody could open, without the engine's own means, to see what lies inside."""

import base64
import binascii
import gzip
import json
import re
import zlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_plus

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_PART = re.compile(r"[A-Za-z0-9+/_=-]{8,}")


def everything_in(*values: Any) -> set[str]:
    """Each text that is in `values`, opened in every way at once, and again, until there is nothing new."""
    seen: set[str] = set()
    waiting = [text for value in values for text in _texts(value)]
    while waiting:
        text = waiting.pop()
        if text not in seen:
            seen.add(text)
            waiting += _opened(text)
    return seen


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from (*_texts(key), *_texts(inner))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)
    elif value is not None:
        yield str(value)


def _opened(text: str) -> Iterator[str]:
    if "%" in text:
        yield unquote_plus(text)
    for string in _STRING.findall(text):
        if "\\" in string:
            try:
                yield json.loads(string, strict=False)
            except ValueError:
                continue
    for part in {*_PART.findall(text), "".join(text.split())}:
        yield from _decoded(part)


def _decoded(part: str) -> Iterator[str]:
    raws: list[bytes] = []
    for decode in (base64.b64decode, base64.urlsafe_b64decode):
        try:
            raws.append(decode(part.rstrip("=") + "=" * (-len(part.rstrip("=")) % 4)))
        except (binascii.Error, ValueError):
            continue
    if re.fullmatch(r"(?:[0-9a-fA-F]{2})+", part):
        raws.append(bytes.fromhex(part))
    for raw in raws:
        for expand in (bytes, gzip.decompress, zlib.decompress, lambda packed: zlib.decompress(packed, -15)):
            try:
                yield expand(raw).decode("utf-8")
            except (OSError, EOFError, zlib.error, UnicodeDecodeError):
                continue
