"""Encodings: what is text inside is opened, and closed again so that it opens to what was put in."""

import base64
import gzip
import zlib
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from harness.traces import encodings
from harness.traces.encodings import SHORTEST, TooLarge, compressed, opened

TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=12, max_size=120)


def deflated(raw: bytes) -> bytes:
    return compressed(raw, -15)


WRAPPINGS: dict[str, Callable[[bytes], str]] = {
    "base64": lambda raw: base64.b64encode(raw).decode(),
    "base64 for addresses": lambda raw: base64.urlsafe_b64encode(raw).decode(),
    "base64 without padding": lambda raw: base64.b64encode(raw).decode().rstrip("="),
    "base64 in lines": lambda raw: base64.encodebytes(raw * 3).decode().rstrip("\n"),
    "hex": lambda raw: raw.hex(),
    "HEX": lambda raw: raw.hex().upper(),
    "gzip": lambda raw: base64.b64encode(gzip.compress(raw)).decode(),
    "zlib": lambda raw: base64.b64encode(zlib.compress(raw)).decode(),
    "deflate": lambda raw: base64.b64encode(deflated(raw)).decode(),
    "gzip in hex": lambda raw: gzip.compress(raw).hex(),
}


@pytest.mark.parametrize("wrap", WRAPPINGS.values(), ids=WRAPPINGS)
@given(text=TEXTS)
@example(text="x}0000000000")
def test_it_is_opened_and_closed_again(wrap: Callable[[bytes], str], text: str) -> None:
    wrapped = wrap(text.encode())
    assume(len(wrapped) >= SHORTEST)
    inside = [one for one in opened(f"before {wrapped}, after") if text in one.text]
    assert inside
    (one, *_) = inside
    other = one.text.upper() + "!"
    again = f"before {wrapped}, after"[: one.start] + one.close(other) + f"before {wrapped}, after"[one.end :]
    assert any(other == found.text for found in opened(again))


@given(TEXTS)
def test_percent_signs_are_opened_and_what_was_bare_stays_bare(text: str) -> None:
    wrapped = quote(text, safe="/")
    if "%" in wrapped:
        (one,) = opened(wrapped)
        assert one.text == text
        assert one.close(text).replace("/", "%2F") == quote(text, safe="")


def test_what_is_no_text_is_not_opened() -> None:
    for text in ("original_booked", "chatcmpl-a1a48a27c11009887cdbd1e5", "0123456789abcdef", "%zz%", "", "a%b"):
        assert [one.text for one in opened(text) if one.text != text] == []


def test_several_packed_things_in_a_row_are_one() -> None:
    packed = base64.b64encode(gzip.compress(b"the first part, ") + gzip.compress(b"and the second")).decode()
    (one,) = opened(packed)
    assert one.text == "the first part, and the second"


def test_what_is_cut_off_is_opened_as_far_as_it_goes() -> None:
    whole = gzip.compress(b"a secret at the beginning " + bytes(range(32, 127)) * 50)
    (one,) = opened(base64.b64encode(whole[:100]).decode())
    assert one.text.startswith("a secret at the beginning")


def test_what_expands_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encodings, "EXPANDED_BYTES_MAX", 100_000)
    for packed in (gzip.compress(b"x" * 100_001), gzip.compress(b"x" * 60_000) * 3):
        with pytest.raises(TooLarge):
            list(opened(base64.b64encode(packed).decode()))
