"""Finds in plain text what is a secret, an address or a phone number by its form, and what is known from elsewhere.

By form alone nobody's name is found: names are known from the places where they stand under a name of their own, and
then looked for everywhere. Each search goes through a text once, however long a run of letters is.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from harness.traces.pseudonyms import Sort
from harness.traces.redaction_rules import Sensitive

KNOWN_LENGTH_MIN, SECRET_LENGTH_MIN = 4, 8
"""What is shorter is replaced where it was found, and looked for nowhere else."""

_LOCAL_PART_MAX = 64
_WORD = re.compile(r"[^\W_]+")
_NAMES = (
    r"password|passwd|passphrase|pwd|secret|token|api[-_ ]?key|access[-_]?key|secret[-_]?key|private[-_]?key"
    r"|session[-_]?id|signature|credential"
)
_KEYS = (
    r"(?:sk|pk|rk)[-_][A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}"
    r"|xox[abeprs]-[A-Za-z0-9-]{10,}|(?:AKIA|ASIA)[0-9A-Z]{16}|AIza[\w-]{30,}"
)
_SECRETS = tuple(
    re.compile(pattern)
    for pattern in (
        r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----(?P<value>[\s\S]{1,20000}?)-----END [A-Z ]{0,40}PRIVATE KEY-----",
        r"(?i)\b(?:proxy-)?authorization\s{0,4}[:=]\s{0,4}(?P<value>[^\r\n]{1,4096})",
        r"(?i)\b(?:set-)?cookie\s{0,4}[:=]\s{0,4}(?P<value>[^\r\n]{1,4096})",
        r"\b(?i:bearer|basic)\s{1,4}(?=\S{0,200}(?:[0-9=]|[a-z][A-Z]))(?P<value>[A-Za-z0-9._~+/-]{8,}={0,2})",
        rf"(?i)(?:{_NAMES})[\"']?\s{{0,4}}[:=]\s{{0,4}}[\"']?(?P<value>[^\s\"'&,;]{{3,4096}})",
        r"(?P<value>\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?)",
        rf"(?<![A-Za-z0-9])(?P<value>{_KEYS})",
    )
)
_PERHAPS = re.compile(
    r"[@\d_]|(?i:pass|pwd|secret|token|key|auth|cookie|bearer|basic|session|signature|credential)|AKIA|ASIA|AIza|[sprk]k-|xox|eyJ"
)
"""Without any of these nothing below is found, which is soon told of most texts."""
_DOMAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9])")
_LOCAL_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._%+-]*\Z")
_PHONES = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?<![\w.:+-])\+\d{1,3}(?:[-. ()]{0,2}\d){6,12}(?!\d)",
        r"(?<![\w.:/-])(?:1[-. ])?\(\d{3}\)[-. ]?\d{3}[-. ]?\d{4}(?![\w-])",
        r"(?<![\w.:/-])(?:1[-. ])?\d{3}[-. ]\d{3}[-. ]\d{4}(?![\w-]|\.\d)",
        r"(?<![\w.:/-])\d{3}-\d{4}(?![\w-]|\.\d)",
    )
)
_DIGITS = re.compile(r"(?<![^\W_])\d+(?![^\W_])")
_BETWEEN_DIGITS = re.compile(r"[-. ()/]{1,3}")
_NATIONAL = 10
_GROUPS_MAX = 6


def by_form(text: str) -> Iterator[Sensitive]:
    """Secrets, e-mail addresses and phone numbers in `text`; they may overlap, the more certain come first."""
    if not _PERHAPS.search(text):
        return
    for secret in _SECRETS:
        yield from (Sensitive(*found.span("value"), "secret") for found in secret.finditer(text))
    yield from _emails(text)
    for phone in _PHONES:
        yield from (Sensitive(*found.span(), "phone") for found in phone.finditer(text))


def _emails(text: str) -> Iterator[Sensitive]:
    at = text.find("@")
    while at >= 0:
        local = _LOCAL_PART.search(text[max(0, at - _LOCAL_PART_MAX) : at])
        domain = _DOMAIN.match(text, at + 1)
        if local and domain:
            yield Sensitive(at - len(local[0]), domain.end(), "email")
        at = text.find("@", at + 1)


class Known:
    """Values that were found in places of their own, to be found again wherever they stand."""

    def __init__(self, values: Iterable[tuple[Sort, str]]) -> None:
        self._by_word: defaultdict[str, dict[tuple[str, Sort], int]] = defaultdict(dict)
        self._phones: set[str] = set()
        for sort, value in values:
            first = _WORD.search(value)
            if sort == "phone":
                self._phones.add(_number(value))
            elif first and len(value) >= (SECRET_LENGTH_MIN if sort == "secret" else KNOWN_LENGTH_MIN):
                self._by_word[first[0].lower()][value, sort] = first.start()

    def find(self, text: str) -> Iterator[Sensitive]:
        """Where they stand in `text`, whole words only; several words in capitals or small letters, one as it was."""
        if self._phones:
            yield from self._numbers(text)
        for word in _WORD.finditer(text):
            if candidates := self._by_word.get(word[0].lower()):
                yield from self._at(text, word.start(), candidates)

    def _numbers(self, text: str) -> Iterator[Sensitive]:
        """The known phone numbers, however their digits are put in groups."""
        groups = list(_DIGITS.finditer(text))
        for number, first in enumerate(groups):
            digits, end = "", first.start()
            for group in groups[number : number + _GROUPS_MAX]:
                if digits and not _BETWEEN_DIGITS.fullmatch(text, end, group.start()):
                    break
                digits, end = digits + group[0], group.end()
                if _number(digits) in self._phones:
                    yield Sensitive(first.start(), end, "phone")
                    break

    def _at(self, text: str, start: int, candidates: dict[tuple[str, Sort], int]) -> Iterator[Sensitive]:
        longest_first = sorted(candidates.items(), key=lambda item: -len(item[0][0]))
        for (value, sort), offset in longest_first:
            begin, end = start - offset, start - offset + len(value)
            there = text[begin:end] if begin >= 0 else ""
            equal = there.lower() == value.lower() if " " in value else there == value
            if equal and not _is_word(text, begin - 1, begin) and not _is_word(text, end, end - 1):
                yield Sensitive(begin, end, sort)
                return


def _is_word(text: str, beside: int, edge: int) -> bool:
    """Whether a word goes on over an edge of a value."""
    return 0 <= beside < len(text) and text[beside].isalnum() and text[edge].isalnum()


def _number(value: str) -> str:
    return "".join(letter for letter in value if letter.isdigit())[-_NATIONAL:]


def person_words(value: str) -> Iterator[str]:
    """The words of somebody's name that are long enough to be looked for alone."""
    return (word[0] for word in _WORD.finditer(value) if len(word[0]) >= KNOWN_LENGTH_MIN and word[0].isalpha())
