"""Where two outputs differ.

Equal parts are passed over by their bytes, so two large equal outputs cost two spellings and nothing else. Items of a
list are paired by the keys that are named for it, else by what is equal around them, never by their index: an item put
at the head is one difference, and a lost duplicate is one too. It says which differences are of side effects, and
leaves the verdict to others.
"""

import marshal
from collections import defaultdict, deque
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from itertools import zip_longest
from operator import itemgetter
from typing import Any, Literal

from harness.traces.canonical import canonical_json, digest
from harness.traces.rules import ANY_ITEM, Comparison

DIFFERENCES_MAX = 5_000
"""Past so many, only what touches side effects is still listed."""

_SHOWN_LENGTH_MAX = 300
_SHOWN_BEFORE = 40
_ALIGNED_MAX = 2_000
_ABSENT: Any = object()

Kind = Literal["changed", "gone", "new", "order", "type"]

Location = tuple[str | int, ...]
"""Where something stands in a document: names of fields and positions in lists, from the top."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One place in which two outputs differ.

    `path` names the place with the labels of its items (`stops[2].city`), `pattern` for any item (`stops[*].city`).
    Kind `type`: another JSON type stands there. `order`: the same items in another order; `before` and `after` are
    their labels. `effect`: a side effect is lost, repeated or new. `old_at`, `new_at`: the place in either output, of
    what is new that before which it belongs; `pairs`, for an order: the positions of items that belong together.
    """

    path: str
    pattern: str
    kind: Kind
    before: Any = None
    after: Any = None
    effect: bool = False
    old_at: Location = field(default=(), compare=False, repr=False)
    new_at: Location = field(default=(), compare=False, repr=False)
    pairs: tuple[tuple[int, int], ...] = field(default=(), compare=False, repr=False)

    def __str__(self) -> str:
        """The difference in one line."""
        match self.kind:
            case "gone":
                return f"{self.path}: gone, was {shown(self.before)}"
            case "new":
                return f"{self.path}: new, {shown(self.after)}"
            case "order":
                return f"{self.path}: the order was {_listed(self.before)}; now {_listed(self.after)}"
        before, after = _both_shown(self.before, self.after)
        return f"{self.path or 'output'}: was {before}, now {after}"

    def to_json(self) -> dict[str, Any]:
        """Its parts as JSON, with the values whole."""
        return {
            "path": self.path,
            "pattern": self.pattern,
            "kind": self.kind,
            "before": self.before,
            "after": self.after,
            "effect": self.effect,
        }


def same(before: Any, after: Any) -> bool:
    """Whether two JSON documents are equal in canonical spelling; keys may stand in any order, 1 is not 1.0."""
    try:
        if marshal.dumps(before, 2) == marshal.dumps(after, 2):  # types and order are in its bytes: no false yes
            return True
    except ValueError:  # nested too deep for it
        pass
    return canonical_json(before) == canonical_json(after)


def difference(before: Any, after: Any, comparison: Comparison | None = None) -> tuple[Difference, ...]:
    """Every difference of two JSON documents, in the order of the document; empty when they are equal but for masks."""
    if same(before, after):
        return ()
    rules = comparison or Comparison()
    found = _Walk(rules).part(_Where(), rules.masked(before), rules.masked(after))
    return tuple(one for number, one in enumerate(found) if number < DIFFERENCES_MAX or one.effect)


@dataclass(frozen=True, slots=True)
class _Where:
    path: str = ""
    pattern: str = ""
    name: str = ""
    old: Location = ()
    new: Location = ()

    def field(self, name: str) -> "_Where":
        dot = "." if self.path else ""
        path, pattern = f"{self.path}{dot}{name}", f"{self.pattern}{dot}{name}"
        return _Where(path, pattern, name, (*self.old, name), (*self.new, name))

    def item(self, label: str, old: int, new: int) -> "_Where":
        path, pattern = f"{self.path}[{label}]", f"{self.pattern}{ANY_ITEM}"
        return _Where(path, pattern, self.name, (*self.old, old), (*self.new, new))

    def differs(self, kind: Kind, before: Any = None, after: Any = None, *, effect: bool = False) -> Difference:
        return Difference(
            path=self.path,
            pattern=self.pattern,
            kind=kind,
            before=before,
            after=after,
            effect=effect,
            old_at=self.old,
            new_at=self.new,
        )


@dataclass(frozen=True, slots=True)
class _Walk:
    """Through both documents at once, under the rules of a project."""

    rules: Comparison

    def part(self, where: _Where, before: Any, after: Any) -> Iterator[Difference]:
        if same(before, after):
            return
        if isinstance(before, dict) and isinstance(after, dict):
            for key in sorted({*before, *after}):
                yield from self._field(where.field(key), before.get(key, _ABSENT), after.get(key, _ABSENT))
        elif isinstance(before, list) and isinstance(after, list):
            yield from self._lists(where, before, after)
        else:
            kind: Kind = "changed" if type(before) is type(after) else "type"
            yield where.differs(kind, before, after, effect=self._effects_in(where.name, before, after))

    def _field(self, where: _Where, before: Any, after: Any) -> Iterator[Difference]:
        effects = where.name in self.rules.effects
        if before is _ABSENT:
            # No list of side effects is a list without any: each of its items is new by itself, or gone.
            if effects and isinstance(after, list) and after:
                yield from self._lists(where, [], after)
            else:
                yield where.differs("new", after=after, effect=self._effects_in(where.name, after))
        elif after is _ABSENT:
            if effects and isinstance(before, list) and before:
                yield from self._lists(where, before, [])
            else:
                yield where.differs("gone", before=before, effect=self._effects_in(where.name, before))
        else:
            yield from self.part(where, before, after)

    def _lists(self, where: _Where, before: list[Any], after: list[Any]) -> Iterator[Difference]:
        fields = self.rules.keys.get(where.name, ())
        told_apart = fields and all(_key(item, fields) for item in (*before, *after))
        if told_apart or where.name in self.rules.effects:
            yield from self._by_keys(where, _labelled(before, fields), _labelled(after, fields))
        else:
            yield from self._by_neighbours(where, before, after)

    def _by_keys(self, where: _Where, old: "list[_Item]", new: "list[_Item]") -> Iterator[Difference]:
        pairs = _pairs(old, new)
        partner = dict(pairs)
        for number, one in enumerate(old):
            if number in partner:
                other = partner[number]
                yield from self.part(where.item(one.label, number, other), one.value, new[other].value)
            else:
                yield self._gone(where.item(one.label, number, number), one.value)
        there = {other: number for number, other in pairs}
        before = 0  # where in the old list a new item belongs: after what stands before it now
        for number, one in enumerate(new):
            if number in there:
                before = there[number] + 1
            else:
                yield self._new(where.item(one.label, before, number), one.value)
        was, now = sorted(partner), [number for number, _ in sorted(pairs, key=itemgetter(1))]
        if was != now:
            head, tail = _common_ends(was, now)
            moved = ([old[number].label for number in one[head : len(one) - tail]] for one in (was, now))
            yield replace(where.differs("order", *moved), pairs=tuple(pairs))

    def _by_neighbours(self, where: _Where, before: list[Any], after: list[Any]) -> Iterator[Difference]:
        old, new = [digest(item) for item in before], [digest(item) for item in after]
        head, tail = _common_ends(old, new)
        old, new = old[head : len(old) - tail], new[head : len(new) - tail]
        if max(len(old), len(new)) > _ALIGNED_MAX:
            was, now = before[head : head + len(old)], after[head : head + len(new)]
            yield where.differs("changed", was, now, effect=self._effects_in(where.name, was, now))
            return
        for step, *ends in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if step == "equal":
                continue
            old_from, old_to, new_from, new_to = (head + end for end in ends)
            for first, second in zip_longest(range(old_from, old_to), range(new_from, new_to)):
                if first is None:
                    yield self._new(where.item(str(second), old_to, second), after[second])
                elif second is None:
                    yield self._gone(where.item(str(first), first, first), before[first])
                else:
                    yield from self.part(where.item(str(first), first, second), before[first], after[second])

    def _gone(self, where: _Where, item: Any) -> Difference:
        return where.differs("gone", before=item, effect=self._effects_in(where.name, [item]))

    def _new(self, where: _Where, item: Any) -> Difference:
        return where.differs("new", after=item, effect=self._effects_in(where.name, [item]))

    def _effects_in(self, name: str, *values: Any) -> bool:
        """Whether any of the values, each standing under `name`, is or holds a side effect."""
        for value in values:
            if isinstance(value, dict):
                if any(self._effects_in(key, inner) for key, inner in value.items()):
                    return True
            elif isinstance(value, list) and value and (name in self.rules.effects or self._effects_in("", *value)):
                return True
        return False


@dataclass(frozen=True, slots=True)
class _Item:
    """One item of a list: what it is paired by, all that it holds as a digest, and a label of its own."""

    key: Hashable
    digest: str
    label: str
    value: Any


def _key(item: Any, fields: Sequence[str]) -> tuple[str, ...] | None:
    """What the named fields of an item hold, spelled out; None where it has not got them all."""
    if not fields or not isinstance(item, dict) or not all(name in item for name in fields):
        return None
    return tuple(value if isinstance(value := item[name], str) else shown(value) for name in fields)


def _labelled(items: list[Any], fields: Sequence[str]) -> list[_Item]:
    """Items with their keys, or without keys with all that they hold; a repeat is counted in its label."""
    seen: defaultdict[Hashable, int] = defaultdict(int)
    labelled: list[_Item] = []
    for value in items:
        told_apart, whole = _key(value, fields), digest(value)
        key: Hashable = whole if told_apart is None else told_apart
        label = shown(value) if told_apart is None else " ".join(told_apart)
        seen[key] += 1
        count = f" #{seen[key]}" if seen[key] > 1 else ""
        labelled.append(_Item(key, whole, f"{label}{count}", value))
    return labelled


def _pairs(old: list[_Item], new: list[_Item]) -> list[tuple[int, int]]:
    """The positions of items that belong together: of one key, equal ones first, then in order."""
    pairs: list[tuple[int, int]] = []
    left_old, left_new = list(range(len(old))), list(range(len(new)))
    for sort in (lambda one: (one.key, one.digest), lambda one: one.key):
        waiting: defaultdict[Hashable, deque[int]] = defaultdict(deque)
        for number in left_new:
            waiting[sort(new[number])].append(number)
        found = [(number, waiting[key].popleft()) for number in left_old if waiting[key := sort(old[number])]]
        pairs += found
        left_old = sorted({*left_old} - {number for number, _ in found})
        left_new = sorted({*left_new} - {number for _, number in found})
    return pairs


def _common_ends(one: Sequence[Any], two: Sequence[Any]) -> tuple[int, int]:
    """How many items at the head, and then at the tail, are the same in both."""
    shorter = min(len(one), len(two))
    head = next((number for number in range(shorter) if one[number] != two[number]), shorter)
    tail = 0
    while tail < shorter - head and one[-1 - tail] == two[-1 - tail]:
        tail += 1
    return head, tail


def shown(value: Any) -> str:
    """A value in canonical JSON, cut where it is long."""
    text = canonical_json(value)
    return text if len(text) <= _SHOWN_LENGTH_MAX else f"{text[:_SHOWN_LENGTH_MAX]}... ({len(text)} characters)"


def _both_shown(before: Any, after: Any) -> tuple[str, str]:
    """Two values, each cut around the first place in which they differ."""
    one, two = canonical_json(before), canonical_json(after)
    from_ = max(0, _common_ends(one, two)[0] - _SHOWN_BEFORE)
    if max(len(one), len(two)) <= _SHOWN_LENGTH_MAX or not from_:
        return shown(before), shown(after)
    cut = tuple(f"...{text[from_ : from_ + _SHOWN_LENGTH_MAX]}" for text in (one, two))
    return f"{cut[0]} ({len(one)} characters)", f"{cut[1]} ({len(two)} characters)"


def _listed(labels: list[str]) -> str:
    text = ", ".join(labels)
    return text if len(text) <= _SHOWN_LENGTH_MAX else f"{text[:_SHOWN_LENGTH_MAX]}... ({len(labels)} items)"
