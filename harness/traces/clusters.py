"""One line a cause: the differences of many traces, gathered where they are the same.

Two traces have the same cause when they differ at the same places in the same way, whatever the items are called and
whatever numbers stand there. It is fed one trace at a time and holds no trace, so its memory goes by the number of
causes. What it lists does not hang on the order in which it was fed.
"""

import re
from bisect import insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.traces.canonical import digest
from harness.traces.diff import Difference
from harness.traces.likeness import likenesses

TRACES_LISTED_MAX = 20
EXAMPLE_LINES_MAX = 20
WAYS_MAX = 8
"""A place that differs in more ways than this differs in any way: free text and names say nothing about a cause."""

_PARTS_MAX = 100
_WORDS_MAX = 60
_READ_MAX = 500
_NUMBERED = re.compile(r"[0-9a-f]*[0-9][0-9a-f]*(?:[-.:T][0-9a-f]*[0-9][0-9a-f]*)*")
_ANY = "..."

Part = tuple[str, str, str]
"""Where (a pattern), the kind of difference, and in which way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """The traces that differ in one way.

    `number` counts from 1, most traces first. `lines` say where and how, for any trace of it; `example` is the trace
    with the fewest differences, `example_lines` are those, and what of them is most alike. `traces` are the first of
    its traces by name; `count` counts them all. `effect`: a side effect is lost, repeated or new.
    """

    number: int
    signature: str
    lines: tuple[str, ...]
    count: int
    example: str
    example_lines: tuple[str, ...]
    traces: tuple[str, ...]
    effect: bool

    def __str__(self) -> str:
        """The cause in one line."""
        traces = "1 trace" if self.count == 1 else f"{self.count} traces"
        effect = "side effects; " if self.effect else ""
        more = f" (and {len(self.lines) - 1} more)" if len(self.lines) > 1 else ""
        return f"{self.number}. {traces}: {effect}{self.lines[0]}{more}; for example {self.example}"

    def to_json(self) -> dict[str, Any]:
        """Its parts as JSON."""
        return {
            "number": self.number,
            "signature": self.signature,
            "lines": list(self.lines),
            "count": self.count,
            "example": {"trace": self.example, "lines": list(self.example_lines)},
            "traces": list(self.traces),
            "effect": self.effect,
        }


@dataclass(slots=True, kw_only=True)
class _Found:
    """What is known of one cause so far."""

    count: int = 0
    smallest: tuple[int, str] = (0, "")
    differences: tuple[Difference, ...] = ()
    traces: list[str] = field(default_factory=list)
    effect: bool = False

    def add(self, other: "_Found") -> None:
        if not self.count or other.smallest < self.smallest:
            self.smallest, self.differences = other.smallest, other.differences
        self.count += other.count
        self.effect = self.effect or other.effect
        for trace in other.traces:
            insort(self.traces, trace)
        del self.traces[TRACES_LISTED_MAX:]


class Clusters:
    """Gathers causes. Numbers are stable: the same differences give the same numbers, in whatever order they came."""

    def __init__(self) -> None:
        self._ways: dict[tuple[str, str], set[str]] = {}
        self._found: dict[frozenset[Part], _Found] = {}
        self._listed: tuple[Cluster, ...] | None = None
        self._numbers: dict[frozenset[Part], int] = {}

    def add(self, trace: str, differences: Sequence[Difference]) -> None:
        """Take in the differences of one trace; without any it has no cause, and is left out."""
        if not differences:
            return
        parts = frozenset(_parts(differences))
        self._notice(parts)
        one = _Found(
            count=1,
            smallest=(len(differences), trace),
            differences=tuple(differences[:EXAMPLE_LINES_MAX]),
            traces=[trace],
            effect=any(difference.effect for difference in differences),
        )
        self._found.setdefault(self._general(parts), _Found()).add(one)
        self._listed = None

    def listed(self) -> tuple[Cluster, ...]:
        """All causes, most traces first."""
        if self._listed is None:
            ranked = sorted(self._found.items(), key=lambda item: (-item[1].count, sorted(item[0])))
            self._numbers = {parts: number for number, (parts, _) in enumerate(ranked, start=1)}
            self._listed = tuple(
                Cluster(
                    number=number,
                    signature=digest(sorted(parts))[:12],
                    lines=tuple(_line(part) for part in sorted(parts)),
                    count=found.count,
                    example=found.smallest[1],
                    example_lines=(*map(str, found.differences), *likenesses(found.differences)),
                    traces=tuple(found.traces),
                    effect=found.effect,
                )
                for number, (parts, found) in enumerate(ranked, start=1)
            )
        return self._listed

    def find(self, differences: Sequence[Difference]) -> Cluster | None:
        """The cause of a trace that was taken in, by its differences; None when there is none."""
        listed = self.listed()
        number = self._numbers.get(self._general(frozenset(_parts(differences))))
        return None if number is None else listed[number - 1]

    def of_cause(self, number: int, differences: Sequence[Difference]) -> tuple[Difference, ...]:
        """Those differences of a trace that are the numbered cause; none where only some of the cause is among them."""
        self.listed()
        cause = next((parts for parts, other in self._numbers.items() if other == number), frozenset[Part]())
        mine = [(next(iter(self._general(frozenset(_parts([one]))))), one) for one in differences]
        if not cause or not cause <= {part for part, _ in mine}:
            return ()
        return tuple(one for part, one in mine if part in cause)

    def _notice(self, parts: Iterable[Part]) -> None:
        """Remembers in how many ways each place differs; past `WAYS_MAX` what was told apart there is put together."""
        too_many = False
        for where, kind, way in parts:
            ways = self._ways.setdefault((where, kind), set())
            if len(ways) <= WAYS_MAX:
                ways.add(way)
                too_many = too_many or len(ways) > WAYS_MAX
        if too_many:
            before, self._found = self._found, {}
            for known, found in before.items():
                self._found.setdefault(self._general(known), _Found()).add(found)

    def _general(self, parts: frozenset[Part]) -> frozenset[Part]:
        return frozenset(
            (where, kind, _ANY if len(self._ways.get((where, kind), ())) > WAYS_MAX else way)
            for where, kind, way in parts
        )


def _parts(differences: Sequence[Difference]) -> list[Part]:
    parts: list[Part] = sorted({(_without_numbers(one.pattern), one.kind, _way(one)) for one in differences})
    more = len(parts) - _PARTS_MAX
    return parts if more <= 0 else [*parts[:_PARTS_MAX], ("", "more", "")]


def _way(difference: Difference) -> str:
    match difference.kind:
        case "order":
            return ""
        case "gone":
            return _kind_of(difference.before)
        case "new":
            return _kind_of(difference.after)
    return f"{_kind_of(difference.before)} -> {_kind_of(difference.after)}"


def _kind_of(value: Any) -> str:
    """A value as far as it can tell causes apart: words stay, numbers do not."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int() | float():
            return "a number"
        case str():
            words = _without_numbers(value)
            return f'"{words if len(words) <= _WORDS_MAX else words[:_WORDS_MAX] + _ANY}"'
        case dict():
            return "an object"
    return "a list"


def _without_numbers(text: str) -> str:
    return _NUMBERED.sub("#", text[:_READ_MAX])


def _line(part: Part) -> str:
    where, kind, way = part
    match kind:
        case "more":
            return "... and more"
        case "order":
            return f"{where}: in another order"
        case "gone" | "new":
            return f"{where}: {kind}{'' if way in {'an object', 'a list'} else f', {way}'}"
    return f"{where or 'output'}: {way}"
