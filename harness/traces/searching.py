"""Goes through a text to whatever in it must not be written down, however deep that is wrapped up.

JSON, also where it is cut off, forms, addresses with queries, and whatever `encodings` can open; messages of the
project's own format by its rules; the rest by form. What is done with a value is somebody else's: it is handed over,
and what comes back stands in its place. Nothing else of a text changes, to the last space.
"""

import json
import re
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from harness.traces.encodings import TooLarge, opened
from harness.traces.pseudonyms import Sort
from harness.traces.redaction_rules import ANY_ITEM, RedactionRules, Sensitive
from harness.traces.sensitive import by_form

DEPTH_MAX = 8
_EMBEDDED_MAX = 200

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)|[\[\]{},:]|[^\s\[\]{},:"][^\[\]{},:"]*', re.DOTALL)
_JSON = re.compile(r'\s*(?:\{\s*(?:"|\}|\Z)|\[\s*(?:["{\[]|\Z))')
_EMBEDDED = re.compile(r'\{\s*"|\[\s*[{"]')
_OPENERS = {"{": "", "[": ANY_ITEM}
_COLON = re.compile(r"\s*:")
_NUMBER = re.compile(r"-?\d[\d.eE+-]*\s*")
_FORM = re.compile(r"[^=&\s?/:{}\[\]\"<>]{1,200}=[^&\s]*(?:&[^=&\s]{1,200}=[^&\s]*)*")
_PADDED = re.compile(r"[^=]*={1,2}")
_URI = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?", re.DOTALL)
_URI_IN_TEXT = re.compile(r"(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s\"'<>\\]+")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_OPAQUE = re.compile(r"(?=.*\d)(?=.*[a-z])(?=.*[A-Z])[A-Za-z0-9_-]{20,}")
_DECODER = json.JSONDecoder(strict=False)


class Unredactable(ValueError):
    """It cannot be told whether something secret is in there, so it must not be written; says why."""


class Search:
    """`replace` is given what was found, and gives what to put in its place; `known` finds what is known by value."""

    def __init__(
        self,
        rules: RedactionRules,
        replace: Callable[[Sort, str], str],
        known: Callable[[str], Iterable[Sensitive]] = lambda _: (),
    ) -> None:
        self._rules, self._replace, self._known = rules, replace, known
        self._done: dict[str, str] = {}  # the same instructions and forms stand in a trace many times

    def text(self, text: str, path: tuple[str, ...] = (), *, sort: Sort | None = None, depth: int = 0) -> str:
        """A text that stands in the field at `path`, or in none, or in one whose sort is told."""
        if depth > DEPTH_MAX:
            raise Unredactable(f"something is wrapped up more than {DEPTH_MAX} times over")
        if not text:
            return text
        if sort := sort or self._rules.sort_of(path):
            return self._replace(sort, text)
        if text not in self._done:
            self._done[text] = self._looked_through(text, depth)
        return self._done[text]

    def _looked_through(self, text: str, depth: int) -> str:
        if _JSON.match(text):
            return self._json(text, depth)
        if _FORM.fullmatch(text) and not _PADDED.fullmatch(text):
            return self._pairs(text, depth)
        return self._plain(text, depth)

    def document(self, document: Any, path: tuple[str, ...] = ()) -> Any:
        """Plain data, in the field at `path`."""
        match document:
            case str():
                return self.text(document, path)
            case dict():
                return {self.text(key): self.document(value, (*path, key)) for key, value in document.items()}
            case list() | tuple():
                return [self.document(item, (*path, ANY_ITEM)) for item in document]
            case bool() | None:
                return document
        sort = self._rules.sort_of(path)
        return document if sort is None else json.loads(self._number(sort, json.dumps(document)))

    def uri(self, uri: str, *, depth: int = 0) -> str:
        """An absolute address: who it is for, its path, query and fragment."""
        found = _URI.fullmatch(uri)
        if found is None:
            return self._plain(uri, depth)
        scheme, authority, path, query, fragment = found.groups(default="")
        user, at, host = authority.rpartition("@")
        names = ":".join(self._part(name, depth, sort="secret") for name in user.split(":"))
        segments = "/".join(self._part(segment, depth) for segment in path.split("/"))
        tail = f"#{self._query(fragment[1:], depth)}" if fragment else ""
        asked = f"?{self._query(query[1:], depth)}" if query else ""
        return f"{scheme}{names}{at}{self._plain(host, depth)}{segments}{asked}{tail}"

    def _part(
        self, part: str, depth: int, *, sort: Sort | None = None, path: tuple[str, ...] = (), plus: bool = False
    ) -> str:
        """One part of an address. Long mixtures of letters and digits are taken for keys, whatever they are called."""
        bare = unquote_plus(part) if plus else unquote(part)
        opaque = _OPAQUE.fullmatch(bare) and not _UUID.fullmatch(bare)
        if sort is None and (opaque or path == ("key",)):
            sort = "secret"
        changed = self.text(bare, path, sort=sort, depth=depth + 1)
        return part if changed == bare else quote(changed, safe="")

    def _query(self, query: str, depth: int) -> str:
        pairs: list[str] = []
        for one in query.split("&"):
            name, equals, value = one.partition("=")
            changed = self._part(value, depth, path=(unquote_plus(name),), plus=True)
            pairs.append(f"{self._part(name, depth, plus=True)}{equals}{changed}")
        return "&".join(pairs)

    def _pairs(self, form: str, depth: int) -> str:
        pairs: list[str] = []
        for one in form.split("&"):
            name, _, value = one.partition("=")
            bare = unquote_plus(name), unquote_plus(value)
            changed = self.text(bare[0], depth=depth + 1), self.text(bare[1], (bare[0],), depth=depth + 1)
            pairs.append(one if changed == bare else f"{quote_plus(changed[0])}={quote_plus(changed[1])}")
        return "&".join(pairs)

    def _json(self, text: str, depth: int) -> str:
        """Its strings, and its numbers where a name says that they are sensitive; the rest stays as it is spelled."""
        pieces: list[str] = []
        inside: list[str] = []  # of each object around the last name, of each list [*]
        upto, before = 0, ""
        for found in _TOKEN.finditer(text):
            token = found[0]
            pieces.append(text[upto : found.start()])
            upto = found.end()
            if token in _OPENERS:
                inside.append(_OPENERS[token])
            elif token in ("}", "]"):
                del inside[-1:]
            elif token[0] == '"':
                bare, close = _opened_string(token)
                if before in ("{", ",") and inside and inside[-1] != ANY_ITEM and _COLON.match(text, upto):
                    inside[-1] = bare
                    changed = self.text(bare, depth=depth + 1)
                else:
                    changed = self.text(bare, tuple(inside), depth=depth + 1)
                token = token if changed == bare else close(changed)
            elif token not in (",", ":"):
                token = self._bare(token, self._rules.sort_of(tuple(inside)), depth)
            before = found[0]
            pieces.append(token)
        return "".join([*pieces, text[upto:]])

    def _bare(self, token: str, sort: Sort | None, depth: int) -> str:
        if _NUMBER.fullmatch(token):
            return token if sort is None else self._number(sort, token)
        return token if token.strip() in ("true", "false", "null") else self._plain(token, depth)

    def _number(self, sort: Sort, literal: str) -> str:
        def other(found: re.Match[str]) -> str:
            changed = self._replace(sort, found[0])
            return f"1{changed[1:]}" if changed[:1] == "0" and len(changed) > 1 and found[0][0] != "0" else changed

        return re.sub(r"\d+", other, literal)

    def _plain(self, text: str, depth: int) -> str:
        pieces = _Pieces(text)
        if self._rules.spans is not None:
            self._hand_over(self._rules.spans(text), pieces)
        for uri in _URI_IN_TEXT.finditer(text) if "://" in text else ():
            if pieces.free(*uri.span()):
                pieces.put(*uri.span(), self.uri(uri[0], depth=depth + 1))
        for start, end in _embedded(text):
            if pieces.free(start, end):
                pieces.put(start, end, self._json(text[start:end], depth + 1))
        self._hand_over(by_form(text), pieces)
        self._hand_over(self._known(text), pieces)
        try:
            for one in opened(text):
                if pieces.free(one.start, one.end):
                    changed = self.text(one.text, depth=depth + 1)
                    if changed != one.text:
                        pieces.put(one.start, one.end, one.close(changed))
        except TooLarge as error:
            raise Unredactable(str(error)) from error
        return pieces.joined()

    def _hand_over(self, found: Iterable[Sensitive], pieces: "_Pieces") -> None:
        for one in found:
            if pieces.free(one.start, one.end):
                pieces.put(one.start, one.end, self._replace(one.sort, pieces.text[one.start : one.end]))


class _Pieces:
    """A text, and what is put in the place of some stretches of it, none over another."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._put: list[tuple[int, int, str]] = []

    def free(self, start: int, end: int) -> bool:
        """Whether nothing was put over any of it."""
        at = bisect_left(self._put, (start,))
        before = at == 0 or self._put[at - 1][1] <= start
        return start < end and before and (at == len(self._put) or self._put[at][0] >= end)

    def put(self, start: int, end: int, piece: str) -> None:
        """Put `piece` in the place of a stretch that is free."""
        insort(self._put, (start, end, piece))

    def joined(self) -> str:
        """The text with all pieces."""
        upto = 0
        parts: list[str] = []
        for start, end, piece in self._put:
            parts += [self.text[upto:start], piece]
            upto = end
        return "".join([*parts, self.text[upto:]])


def _opened_string(token: str) -> tuple[str, Callable[[str], str]]:
    """What a string of JSON says, and how another is written in its place; cut off or wrong, it is taken as it is."""
    if "\\" not in token and len(token) > 1 and token.endswith('"'):
        return token[1:-1], lambda text: json.dumps(text, ensure_ascii=token.isascii())
    try:
        return _DECODER.decode(token), lambda text: json.dumps(text, ensure_ascii=token.isascii())
    except ValueError:
        end = '"' if len(token) > 1 and token.endswith('"') else ""
        return token[1 : len(token) - len(end)], lambda text: f'"{text}{end}'


def _embedded(text: str) -> Iterable[tuple[int, int]]:
    """Where JSON stands in the middle of a text."""
    upto = 0
    for number, found in enumerate(_EMBEDDED.finditer(text)):
        if number == _EMBEDDED_MAX:
            return
        if found.start() < upto:
            continue
        try:
            _, upto = _DECODER.raw_decode(text, found.start())
        except (ValueError, RecursionError):
            continue
        yield found.start(), upto
