"""Stands in for what must not be written down: the same value gets the same pseudonym, of the same shape, by a key.

Of the same length, letters where letters were and digits where digits were, with everything between kept: a phone stays
a phone, an element of a message keeps to its limits and gains no delimiter, and two places that held the same value
still do. The letters are consonants, so that no pseudonym is a word. Whoever has the key can tell whether a guess is
right, whoever has not cannot.
"""

import hmac
import re
from typing import Literal

Sort = Literal["secret", "email", "phone", "person", "name"]
"""What a value is: a credential, an address, a number that rings, somebody's name, or another name."""

KEY_BYTES_MIN = 16
_LETTERS = "bcdfghjklmnpqrstvwxz"
_WORD = re.compile(r"[^\W_]+")
_EMAIL = re.compile(r"[^@]+@[^@]+\.[^@.]{2,}", re.DOTALL)
_NATIONAL = 10
_LOCAL = 7
_ATTEMPTS = 16


class Pseudonyms:
    """Makes pseudonyms with one key, of `KEY_BYTES_MIN` bytes or more."""

    def __init__(self, key: bytes) -> None:
        if len(key) < KEY_BYTES_MIN:
            raise ValueError(f"expected a key of at least {KEY_BYTES_MIN} bytes, seen {len(key)}")
        self._key = key

    def of(self, sort: Sort, value: str) -> str:
        """The pseudonym of `value`; never `value` itself where it holds a letter or a digit."""
        match sort:
            case "email" if _EMAIL.fullmatch(value):
                return self._email(value)
            case "phone" if sum(letter.isdigit() for letter in value) >= _LOCAL:
                return self._phone(value)
            case "secret":
                return self._shaped(value, same_as=f"secret {value}")
        # Word by word, so that a name is known again where only half of it stands, or in another order.
        return _WORD.sub(lambda word: self._shaped(word[0], same_as=f"word {word[0].lower()}"), value)

    def _shaped(self, value: str, *, same_as: str) -> str:
        """`value` with other letters and digits; whatever is `same_as` it gets the same ones."""
        for attempt in range(_ATTEMPTS):
            chance = self._bytes(f"{attempt} {same_as}", len(value))
            shaped = "".join(_other(letter, byte) for letter, byte in zip(value, chance, strict=True))
            if shaped.lower() != value.lower():
                return shaped
        return shaped

    def _email(self, value: str) -> str:
        local, _, domain = value.rpartition("@")
        address = value.lower()
        # Reserved top-level domains: nobody is ever written to.
        end = ".test" if len(domain) >= len("x.test") else ".zz"
        name = self._shaped("x" * (len(domain) - len(end)), same_as=f"domain {address}")
        return f"{self._shaped(local, same_as=f'local {address}')}@{name}{end}"

    def _phone(self, value: str) -> str:
        digits = [letter for letter in value if letter.isdigit()]
        kept = max(0, len(digits) - _NATIONAL)
        own = "".join(digits[kept:])
        for attempt in range(_ATTEMPTS):
            chance = self._bytes(f"{attempt} phone {own}", len(own))
            drawn = [str(byte % 10) for byte in chance]
            for first in (0, len(own) - _LOCAL):
                drawn[first] = str(2 + chance[first] % 8)
            if len(own) == _NATIONAL:
                drawn[3:6] = "555"  # an exchange that rings nowhere
            if "".join(drawn) != own:
                break
        others = iter([*digits[:kept], *drawn])
        return "".join(next(others) if letter.isdigit() else letter for letter in value)

    def _bytes(self, label: str, count: int) -> bytes:
        found = b""
        while len(found) < count:
            text = f"{len(found)} {label}".encode("utf-8", "surrogatepass")
            found += hmac.digest(self._key, text, "sha256")
        return found[:count]


def _other(letter: str, byte: int) -> str:
    if letter.isdigit():
        return str(byte % 10)
    if not letter.isalpha():
        return letter
    drawn = _LETTERS[byte % len(_LETTERS)]
    return drawn.upper() if letter.isupper() else drawn
