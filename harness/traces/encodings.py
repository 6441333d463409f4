"""Opens what is encoded inside a text, and closes it again the same way: Base64, hex, percent signs, gzip and deflate.

It opens only what turns out to be text, within limits, and says nothing about what is in it.
"""

import base64
import binascii
import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes

EXPANDED_BYTES_MAX = 16_777_216
_BASE64 = re.compile(
    r"(?<![A-Za-z0-9+/_-])(?:[A-Za-z0-9+/_-]{60,76}\r?\n){1,5000}[A-Za-z0-9+/_-]{0,76}={0,2}(?![A-Za-z0-9+/_-])"
    r"|(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{12,}={0,2}(?![A-Za-z0-9+/_-])"
)
_HEX = re.compile(r"(?<![A-Za-z0-9])(?:(?:[0-9a-f]{2}){8,}|(?:[0-9A-F]{2}){8,})(?![A-Za-z0-9])")
_PERCENT = re.compile(r"(?<![^\s\"'<>])[^\s\"'<>%]*(?:%[0-9A-Fa-f]{2}[^\s\"'<>%]*)+")
SHORTEST = 12
_RESERVED = "!$&'()*+,;=:@/?#[]"
_GZIP, _ZLIB, _DEFLATE = 31, 15, -15
_PRINTABLE_SHARE = 0.9


class TooLarge(ValueError):
    """What is packed inside a text expands to more than is looked at."""


class Encoded(NamedTuple):
    """A stretch of a text that holds another text, and how that is put back."""

    start: int
    end: int
    text: str
    close: Callable[[str], str]


def opened(text: str) -> Iterator[Encoded]:
    """What is encoded in `text`, in no order; stretches may overlap."""
    if len(text) < SHORTEST and "%" not in text:
        return
    for found in _BASE64.finditer(text):
        if (inner := _from_base64(found[0])) is not None:
            yield Encoded(*found.span(), *inner)
    for found in _HEX.finditer(text):
        if (bare := _text_of(bytes.fromhex(found[0]))) is not None:
            inside, pack = bare
            upper = found[0].isupper()
            yield Encoded(*found.span(), inside, _hex_closer(pack, upper=upper))
    for found in _PERCENT.finditer(text):
        raw = unquote_to_bytes(found[0])
        if (bare := _text_of(raw)) is not None and bare[0] != found[0]:
            yield Encoded(*found.span(), bare[0], _percent_closer(found[0], bare[1]))


def _from_base64(found: str) -> tuple[str, Callable[[str], str]] | None:
    lines = found.splitlines()
    joined = "".join(lines)
    url_safe = "-" in joined or "_" in joined
    bare = joined.rstrip("=")
    if len(bare) % 4 == 1:
        return None
    try:
        standard = bare.translate(str.maketrans("-_", "+/")) if url_safe else bare
        raw = base64.b64decode(standard + "=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    if (unpacked := _text_of(raw)) is None:
        return None
    inside, pack = unpacked
    padded, width, end = joined.endswith("=") or len(bare) % 4 == 0, len(lines[0]), "\r\n" if "\r\n" in found else "\n"

    def close(text: str) -> str:
        encoded = base64.b64encode(pack(text)).decode()
        encoded = encoded.translate(str.maketrans("+/", "-_")) if url_safe else encoded
        encoded = encoded if padded else encoded.rstrip("=")
        return end.join(encoded[at : at + width] for at in range(0, len(encoded), width)) if len(lines) > 1 else encoded

    return inside, close


def _hex_closer(pack: Callable[[str], bytes], *, upper: bool) -> Callable[[str], str]:
    return lambda text: pack(text).hex().upper() if upper else pack(text).hex()


def _percent_closer(found: str, pack: Callable[[str], bytes]) -> Callable[[str], str]:
    bare = "".join(sorted({letter for letter in found if letter in _RESERVED}))
    return lambda text: quote(pack(text), safe=bare)


def _text_of(raw: bytes) -> tuple[str, Callable[[str], bytes]] | None:
    """The text in some bytes, also where it is compressed, and how it becomes bytes again; None where there is none."""
    if (text := _plain(raw)) is not None:
        return text, str.encode
    if raw[:2] == b"\x1f\x8b":
        bits = _GZIP
    elif raw[:1] == b"\x78" and int.from_bytes(raw[:2], "big") % 31 == 0:
        bits = _ZLIB
    else:
        bits = _DEFLATE
    expanded = _expanded(raw, bits)
    text = None if expanded is None else _plain(expanded)
    return None if text is None else (text, lambda changed: compressed(changed.encode(), bits))


def _expanded(raw: bytes, bits: int) -> bytes | None:
    """What some bytes expand to, as far as they go; None where they are nothing compressed."""
    found = b""
    while raw and len(found) < EXPANDED_BYTES_MAX:
        expander = zlib.decompressobj(bits)
        try:
            found += expander.decompress(raw, EXPANDED_BYTES_MAX - len(found))
        except zlib.error:
            break
        if expander.unconsumed_tail or len(found) == EXPANDED_BYTES_MAX:
            raise TooLarge(f"something compressed expands to {EXPANDED_BYTES_MAX} bytes or more")
        if bits == _DEFLATE and not expander.eof:
            return None  # it has no head, so anything may look like the beginning of one
        raw = expander.unused_data
    return found or None


def compressed(content: bytes, bits: int) -> bytes:
    """Compressed again, the same each time."""
    if bits == _GZIP:
        return gzip.compress(content, mtime=0)
    packer = zlib.compressobj(wbits=bits)
    return packer.compress(content) + packer.flush()


def _plain(raw: bytes) -> str | None:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return None
    shown = sum(letter.isprintable() or letter in "\r\n\t" for letter in text)
    return text if text and shown >= _PRINTABLE_SHARE * len(text) else None
