"""Answers of the world's language model that were written beforehand, whole or as a way of reading wrong.

A whole answer is for one signal. A *misreading* is for any that comes: the model reads it right and then states some of
it otherwise, as a model does that makes things up. All of it is bounded, because it arrives over HTTP.
"""

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scenarios.world.answers import number_of
from scenarios.world.serving import BadRequest

SCRIPTS_MAX = 1_000
_FIELDS = frozenset({"shipment_id", "contains", "kinds", "content", "misread", "times", "name"})
_WAYS = frozenset({"set", "scale", "literal", "keep", "say", "refuse"})

Read = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scripted:
    """What to answer: a text, or a refusal; `name` is that of the script, if it has one."""

    content: str | None = None
    refusal: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Misreading:
    """How an answer differs from what the signal says.

    `set` replaces or adds values, `scale` multiplies numbers that are there, and `literal` writes a value as a text of
    its own, also one that JSON has not got (`Infinity`); then `keep` leaves only that part of the text (0 to 1), `say`
    puts another text in its place, and `refuse` refuses with one.
    """

    set: Mapping[str, Any] = field(default_factory=dict)
    scale: Mapping[str, float] = field(default_factory=dict)
    literal: Mapping[str, str] = field(default_factory=dict)
    keep: float = 1.0
    say: str | None = None
    refuse: str | None = None

    def of(self, read: Read, name: str | None) -> Scripted:
        """The wrong answer to a signal that was `read` right."""
        if self.refuse is not None:
            return Scripted(refusal=self.refuse, name=name)
        if self.say is not None:
            return Scripted(content=self.say, name=name)
        scaled = {key: read[key] * factor for key, factor in self.scale.items() if read.get(key) is not None}
        text = json.dumps({**read, **scaled, **self.set, **{key: f"literal {key}" for key in self.literal}})
        for key, literal in self.literal.items():
            text = text.replace(json.dumps(f"literal {key}"), literal)
        return Scripted(content=text[: int(len(text) * self.keep)], name=name)


@dataclass(slots=True, kw_only=True)
class _Script:
    shipment_id: str | None
    contains: str | None
    kinds: tuple[str, ...] | None
    content: str | None
    misreading: Misreading | None
    left: int | None
    name: str | None

    def fits(self, read: Read, signal: str) -> bool:
        if self.left == 0 or (self.kinds is not None and read.get("kind") not in self.kinds):
            return False
        return self.contains in signal if self.contains is not None else self.shipment_id == read.get("shipment_id")


class Scripts:
    """The scripts that were given; the newest that fits wins."""

    def __init__(self) -> None:
        self._scripts: deque[_Script] = deque(maxlen=SCRIPTS_MAX)

    def __len__(self) -> int:
        return len(self._scripts)

    def add(self, document: Mapping[str, Any]) -> None:
        """One script, for a `shipment_id` or for signals that hold a text (`contains`, which may be empty).

        It has a `content` or a `misread` (see Misreading), may be for some `kinds` of signals only, and for so many
        `times`. Raises BadRequest.
        """
        strange = set(document) - _FIELDS
        shipment_id, contains, content, name = (
            document.get(key) for key in ("shipment_id", "contains", "content", "name")
        )
        misread, kinds = document.get("misread"), document.get("kinds")
        if strange or isinstance(shipment_id, str) == isinstance(contains, str):
            raise BadRequest(f"expected either `shipment_id` or `contains`, and none of {sorted(strange)}")
        if isinstance(content, str) == isinstance(misread, dict):
            raise BadRequest("expected either `content` as text or `misread` as an object")
        if kinds is not None and not (isinstance(kinds, list) and all(isinstance(kind, str) for kind in kinds)):
            raise BadRequest(f"kinds: expected a list of texts, seen {kinds!r}")
        times = document.get("times")
        self._scripts.append(
            _Script(
                shipment_id=shipment_id,
                contains=contains,
                kinds=None if kinds is None else tuple(kinds),
                content=content,
                misreading=None if misread is None else _misreading(misread),
                left=None if times is None else int(number_of(document, "times", 1_000_000)),
                name=None if name is None else str(name)[:100],
            )
        )

    def forget(self) -> None:
        """Every script, used up or not."""
        self._scripts.clear()

    def answer_for(self, read: Read, signal: str) -> Scripted | None:
        """The scripted answer to a signal that was `read` right, counted as used; None when no script fits."""
        for script in reversed(self._scripts):
            if script.fits(read, signal):
                script.left = None if script.left is None else script.left - 1
                if script.misreading is not None:
                    return script.misreading.of(read, script.name)
                return Scripted(content=script.content, name=script.name)
        return None


def _misreading(document: Mapping[str, Any]) -> Misreading:
    if strange := set(document) - _WAYS:
        raise BadRequest(f"misread: expected some of {sorted(_WAYS)}, seen {sorted(strange)}")
    values, scale, literal = (document.get(way, {}) for way in ("set", "scale", "literal"))
    if not all(isinstance(way, dict) for way in (values, scale, literal)):
        raise BadRequest("misread: expected `set`, `scale` and `literal` as objects")
    if not all(isinstance(text, str) for text in literal.values()):
        raise BadRequest("misread: expected texts in `literal`")
    texts = {way: document[way] for way in ("say", "refuse") if way in document}
    if not all(isinstance(text, str) for text in texts.values()):
        raise BadRequest("misread: expected `say` and `refuse` as texts")
    factors = {str(key): number_of(scale, key, 1e9) for key in scale}
    keep = number_of(document, "keep", 1.0) if "keep" in document else 1.0
    return Misreading(set=values, scale=factors, literal=literal, keep=keep, **texts)
